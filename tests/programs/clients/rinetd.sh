#!/bin/bash
# rinetd forwards connections that arrive at port 41000. Its client connects from another port.
echo "127.0.0.1 41000 $1 $2" >rinetd.conf
rinetd -f -c rinetd.conf &
until ss -Htln 'sport = :41000' | grep -q .; do sleep 0.02; done
curl -sS --max-time 3 --local-port 42000-42999 http://127.0.0.1:41000/
kill %1
wait
