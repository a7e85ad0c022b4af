#!/bin/bash
# pgbouncer reports the result of its connection to its own client, which uses a UNIX socket.
cat >pgbouncer.ini <<END
[databases]
only = host=$1 port=$2 user=nobody
[pgbouncer]
listen_addr =
unix_socket_dir = $PWD
auth_type = any
query_wait_timeout = 1
END
chmod 777 .
pgbouncer -u nobody pgbouncer.ini 2>pgbouncer.log &
until [ -S .s.PGSQL.6432 ]; do sleep 0.02; done
psql -h "$PWD" -p 6432 -U nobody -w -c 'select 1' only
kill %1
wait
grep -a -o -E '.*libnoselfconn:.*|connect failed|server login failed.*|closing because: [^(]*' pgbouncer.log | sort -u
