#!/bin/bash
# A client behind proxychains4, which preloads its library in front and connects to a proxy instead.
#
#   proxychains.sh HOST PORT
printf '%s\n' strict_chain '[ProxyList]' "http $1 $2" >proxychains.conf
exec proxychains4 -q -f proxychains.conf nc -N -w 2 203.0.113.1 80 </dev/null
