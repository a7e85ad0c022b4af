#!/bin/bash
# noselfconn-host(8) documents every option, and its recipe for hosts without iptables works
# unchanged.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
page=$2/noselfconn-host.8

for option in $("$host" --help | grep -o -E -- '--[a-z]+' | sort -u); do
	grep -Eq "^\.(It|Op)? ?Fl Fl ${option#--}\>" "$page" || fail "noselfconn-host(8) does not document $option"
done

[ "$(connect 127.0.0.1 40000)" = connected ] || fail "no self-connect over IPv4"
[ "$(connect ::1 40000)" = connected ] || fail "no self-connect over IPv6"

# The page has one literal block with nft in it.
awk '/^\.Bd -literal/ { inside = 1; text = ""; next }
	/^\.Ed/ { if (text ~ /nft/) print text; inside = 0 }
	inside { text = text $0 "\n" }' "$page" | sed 's/\\e/\\/g; s/\\&//g' >recipe
grep -q nft recipe || fail "there is no recipe"
bash -eu recipe || fail "the recipe fails"

[ "$(connect 127.0.0.1 40001)" = refused ] || fail "a self-connect over IPv4"
[ "$(connect ::1 40001)" = refused ] || fail "a self-connect over IPv6"
for port in 1 32768 65535; do
	nft get element inet noselfconn equal "{ $port . $port }" >/dev/null || fail "port $port is missing"
done

# Connections between two addresses with equal ports pass.
only_port 40002
nc.openbsd -nl 127.0.0.2 40002 </dev/null &
until ss -Htln 'sport = :40002' | grep -q .; do :; done
nc.openbsd -nz -s 127.0.0.1 127.0.0.2 40002 || fail "a connection between two addresses is refused"
wait
