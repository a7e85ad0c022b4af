#!/bin/bash
# haproxy reports the result of its connection to the server, to its client and its log. It waits a
# second between two attempts.
cat >haproxy.cfg <<END
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	retries 2
frontend front
	bind unix@$PWD/front.sock
	log stdout format raw local0
	log-format "state %ts, status %ST, retries %rc"
	default_backend back
backend back
	server only $1:$2
END
: >haproxy.log
haproxy -db -f haproxy.cfg >>haproxy.log &
until [ -S front.sock ]; do :; done
started=$SECONDS
status=$(curl -sS -o got -w '%{http_code}\n' --unix-socket front.sock http://localhost/)
if [ "$status" = 503 ]; then
	echo "waited a second or more: $((SECONDS > started))"
fi
# It answers first and logs afterwards.
until grep '^state ' haproxy.log; do :; done
kill %1
wait
cat got
