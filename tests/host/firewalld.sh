#!/bin/bash
# The rule survives reloads and restarts of firewalld, with each of its back ends, and is gone after
# "remove".
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule

# firewalld gets its own settings and its own D-Bus.
use_everywhere
own /etc/firewalld
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir /run/dbus
dbus-daemon --system --fork

# A firewalld that cannot do IPv6.
mkdir bin
cat >bin/firewall-cmd <<END
#!/bin/sh
case " \$*" in
*" --add"*" ipv6 "*) echo "no IPv6" >&2; exit 1 ;;
esac
exec $(command -v firewall-cmd) "\$@"
END
chmod +x bin/firewall-cmd

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

# A cgroup for this test, if this host can have one.
mkdir cgroups
if mount -t cgroup2 cgroup2 cgroups && mkdir "cgroups/noselfconn-test-$$" &&
	rmdir "cgroups/noselfconn-test-$$"; then
	group=noselfconn-test-$$
fi
cleanup() {
	[ -z "${group-}" ] || rmdir "cgroups/$group" 2>/dev/null || true
	umount cgroups 2>/dev/null || true
	rm -rf "$directory"
}
trap cleanup EXIT

port=40000
back_ends=(nftables iptables)
[[ $(iptables --version) = *nf_tables* ]] || back_ends=(iptables)
for back_end in "${back_ends[@]}"; do
	sed -i "s/^FirewallBackend=.*/FirewallBackend=$back_end/" /etc/firewalld/firewalld.conf
	start
	before=$(saved)
	port=$((port + 1))
	[ "$(connect 127.0.0.1 $port)" = connected ] || fail "no self-connect behind firewalld"

	# If firewalld cannot add the rule in IPv6, it does not keep the one in IPv4 either.
	expect 5 '*: no IPv6' \
		env PATH="$directory/bin:$PATH" "$host" add
	[ "$(saved)" = "$before" ] || fail "IPv4 alone has it: $(diff <(echo "$before") <(saved))"
	firewall-cmd --quiet --reload
	[ "$(saved)" = "$before" ] || fail "a reload gives it to IPv4: $(diff <(echo "$before") <(saved))"

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
	# In another network namespace firewalld is not asked.
	unshare --net "$host" remove >/dev/null
	start
	in_place
	firewall-cmd --quiet --runtime-to-permanent
	firewall-cmd --quiet --reload
	in_place

	# Another program removes the jump; firewalld does not notice.
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

	# "remove" also works if another program has already removed the rule.
	iptables -D OUTPUT 1
	iptables -F NOSELFCONN
	iptables -X NOSELFCONN
	expect 0 'IPv4: not in place *' "$host" remove
	[ "$(saved)" = "$before" ] || fail "something else is left: $(diff <(echo "$before") <(saved))"
	firewall-cmd --quiet --reload
	[ "$(saved)" = "$before" ] || fail "a reload brings it back: $(diff <(echo "$before") <(saved))"

	# If the rule is removed while firewalld is stopped, starting firewalld does not bring it
	# back.
	"$host" add >/dev/null
	stop
	"$host" remove >/dev/null
	start
	[ "$(saved)" = "$before" ] || fail "a start brings it back: $(diff <(echo "$before") <(saved))"
	stop

	# firewalld does not start with a rule for a cgroup that does not exist, so "remove" also
	# removes one that was made permanent.
	if [ -n "${group-}" ]; then
		start
		"$host" add >/dev/null
		mkdir "cgroups/$group"
		expect 0 'IPv4, cgroup /*: in place and effective, *' "$host" add --cgroup "$group"
		firewall-cmd --quiet --runtime-to-permanent
		"$host" remove --cgroup "$group" >/dev/null
		rmdir "cgroups/$group"
		stop
		start
		in_place
		"$host" remove >/dev/null
		[ "$(saved)" = "$before" ] || fail "something else is left: $(diff <(echo "$before") <(saved))"
		stop
	fi

	# If the rule was added before firewalld started, it can be added again.
	"$host" add >/dev/null
	start
	expect 0 'IPv4: in place and effective, *' "$host" add
	firewall-cmd --quiet --reload
	in_place
	"$host" remove >/dev/null
	stop
done
