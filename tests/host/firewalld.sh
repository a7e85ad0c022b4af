#!/bin/bash
# With firewalld the rule is in place before, during and after a reload and after a restart, and not
# after remove, with either back end of firewalld.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule

# Its settings, and the bus on which it listens, are this test's own.
use_everywhere
own /etc/firewalld
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir /run/dbus
dbus-daemon --system --fork

start() {
	firewalld --nofork --nopid >firewalld.log 2>&1 &
	daemon=$!
	for _ in {1..300}; do
		[ "$(firewall-cmd --state 2>&1)" != running ] || return 0
		sleep 0.1
	done
	fail "firewalld does not start: $(cat firewalld.log)"
}
stop() {
	kill "$daemon"
	wait "$daemon" || true
}
in_place() {
	expect 0 'IPv4: in place and effective, *IPv6: in place and effective, *' "$host" status
}
watch() {
	while :; do
		(exec 3<>/dev/tcp/127.0.0.1/40000) 2>/dev/null && echo connected >>self
	done
}

port=40000
back_ends=(nftables iptables)
[[ $(iptables --version) = *nf_tables* ]] || back_ends=(iptables)
for back_end in "${back_ends[@]}"; do
	sed -i "s/^FirewallBackend=.*/FirewallBackend=$back_end/" /etc/firewalld/firewalld.conf
	start
	before=$(saved)
	port=$((port + 1))
	[ "$(connect 127.0.0.1 $port)" = connected ] || fail "no self-connect behind firewalld"

	"$host" add >/dev/null
	in_place
	with_rule=$(saved)
	only_port 40000
	watch &
	watcher=$!
	firewall-cmd --quiet --reload
	in_place
	firewall-cmd --quiet --complete-reload
	in_place
	kill "$watcher"
	[ ! -e self ] || fail "a self-connect while firewalld reloaded"
	expect 0 'IPv4: in place and effective, *' "$host" add
	[ "$(saved)" = "$with_rule" ] || fail "a second add: $(saved)"

	stop
	start
	in_place
	firewall-cmd --quiet --runtime-to-permanent
	firewall-cmd --quiet --reload
	in_place

	# Somebody flushes the tables behind firewalld's back.
	iptables -D OUTPUT 1
	expect 3 'IPv4: not effective: *' "$host" status
	expect 0 'IPv4: in place and effective, *' "$host" add

	# --uid adds another rule.
	"$host" add --uid 1 >/dev/null
	firewall-cmd --quiet --reload
	in_place
	expect 0 'IPv4, uid 1: in place and effective, *' "$host" status --uid 1
	"$host" remove --uid 1 >/dev/null
	firewall-cmd --quiet --reload
	in_place
	expect 1 'IPv4, uid 1: not in place, *' "$host" status --uid 1

	# Nor does it keep remove from its work when somebody has been faster.
	iptables -D OUTPUT 1
	iptables -F NOSELFCONN
	iptables -X NOSELFCONN
	expect 0 'IPv4: not in place *' "$host" remove
	[ "$(saved)" = "$before" ] || fail "something else is left: $(diff <(echo "$before") <(saved))"
	firewall-cmd --quiet --reload
	[ "$(saved)" = "$before" ] || fail "a reload brings it back: $(diff <(echo "$before") <(saved))"

	# The rule stays removed when firewalld did not run at the time.
	"$host" add >/dev/null
	stop
	"$host" remove >/dev/null
	start
	[ "$(saved)" = "$before" ] || fail "a start brings it back: $(diff <(echo "$before") <(saved))"
	stop

	# Added before firewalld starts, it is added again.
	"$host" add >/dev/null
	start
	expect 0 'IPv4: in place and effective, *' "$host" add
	firewall-cmd --quiet --reload
	in_place
	"$host" remove >/dev/null
	stop
done
