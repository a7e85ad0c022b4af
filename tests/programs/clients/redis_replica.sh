# A replica logs the result of its connection to the master. Debian's redis-tools have the server under
# another name.
: >replica.log
bash -c "exec -a redis-server redis-check-rdb --port 0 --unixsocket $PWD/replica.sock --save '' \
	--replicaof $1 $2" >>replica.log 2>&1 &
tail -f -n +1 --pid=$! replica.log | grep -m 1 -o -E \
	'Error condition on socket for SYNC: .*|Error reply to PING from master|Master replied to PING.*|.*Master did not reply.*'
grep -a libnoselfconn: replica.log
kill %1
wait
