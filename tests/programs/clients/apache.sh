#!/bin/bash
# Apache's mod_proxy reports the result of its connection to its own client, which uses another port.
modules=/usr/lib/apache2/modules
cat >apache.conf <<END
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
ServerRoot $PWD
ServerName localhost
PidFile apache.pid
ErrorLog apache.log
Listen 127.0.0.1:41000
ProxyTimeout 1
ProxyPass / http://$1:$2/
User nobody
Group nogroup
END
trap 'kill %1; wait' EXIT
trap exit TERM
apache2 -f "$PWD/apache.conf" -DFOREGROUND 2>>apache.log &
until ss -Htln 'sport = :41000' | grep -q .; do sleep 0.02; done
curl -sS --local-port 42000-42999 -o got -w '%{http_code}\n' http://127.0.0.1:41000/
cat got
grep -a libnoselfconn: apache.log
rm -f apache.log
