#!/bin/bash
# Without the privilege, the kernel modules or the programs that it needs, noselfconn-host fails
# with the right exit status and one sentence.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule

# A copy that every user can run.
cp "$host" ./host
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
[ "$(id -u)" = 0 ] || nobody=()
for verb in add remove status; do
	[ "$(id -u)" != 0 ] || expect 4 'noselfconn-host: needs CAP_NET_ADMIN here, and with iptables-legacy CAP_NET_RAW: *' \
		"${nobody[@]}" ./host "$verb"
	# Root of a user namespace is not root of the network namespace outside.
	expect 4 'noselfconn-host: needs CAP_NET_ADMIN here, and with iptables-legacy CAP_NET_RAW: *' \
		unshare --user --map-root-user ./host "$verb"
done

# Root of a user namespace may add the rule in a network namespace that belongs to it.
in_user_namespace() {
	unshare --user --map-root-user --net bash -euc '
		ip link set lo up
		./host add
		echo "40000 40000" >/proc/sys/net/ipv4/ip_local_port_range
		! (exec 3<>/dev/tcp/127.0.0.1/40000)
		./host status | grep -q "refused: 1 "'
}
expect 0 'IPv4: in place and effective*Connection refused*' "${nobody[@]}" \
	bash -c "$(declare -f in_user_namespace); in_user_namespace"

# An init container has only these capabilities, so it can make no namespace for the trial.
with_only() { # CAPABILITIES COMMAND...
	setpriv --bounding-set="-all,$1" "${@:2}"
}
before=$(saved)
enough=+net_admin
if [[ $(iptables --version) = *legacy* ]]; then
	expect 4 'noselfconn-host: needs CAP_NET_ADMIN here, and with iptables-legacy CAP_NET_RAW: *' \
		with_only +net_admin "$host" add
	enough=+net_admin,+net_raw
fi
without_trial='noselfconn-host: not tried beforehand: unshare: unshare failed: Operation not permitted
'
expect 0 "${without_trial}IPv4: in place and effective*IPv6: in place and effective*" \
	with_only $enough "$host" add
expect 0 '*not in place*' with_only $enough "$host" remove
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# An iptables without -m bpf.
mkdir extensions
cp "$(dirname "$(find /usr/lib -name libxt_bpf.so | head -1)")"/* extensions
rm extensions/libxt_bpf.so
said="noselfconn-host: this host does not support the rule: iptables has no -m bpf (the kernel's xt_bpf): *"
expect 5 "$said" env XTABLES_LIBDIR="$directory/extensions" "$host" add
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"
expect 1 'IPv4: not in place*' "$host" status
# The same without the trial.
expect 5 "${without_trial}noselfconn-host: this host does not support the rule: iptables: iptables-restore *bpf*" \
	env XTABLES_LIBDIR="$directory/extensions" setpriv --bounding-set=-sys_admin "$host" add
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# If iptables-legacy cannot open its lock in /run, the message must not blame a missing -m bpf.
if [[ $(iptables --version) = *legacy* ]]; then
	expect 5 "noselfconn-host: this host does not support the rule: iptables: *lock*: No such file or directory" \
		env XTABLES_LOCKFILE="$directory/nowhere/lock" "$host" add
fi

# A rule that is accepted and has no effect.
mkdir bin
printf '%s\n' '#!/bin/sh' 'cat >/dev/null' >bin/iptables-restore
chmod +x bin/iptables-restore
cp bin/iptables-restore bin/ip6tables-restore
expect 5 'noselfconn-host: the kernel accepts the rule, but the rule has no effect' \
	env PATH="$directory/bin:$PATH" "$host" add

# Missing commands. pgrep is needed only with firewalld.
mkdir commands
for command in bash cat flock id ip paste pgrep sed unshare {iptables,ip6tables}{,-save,-restore}; do
	cp -L "$(command -v "$command")" commands
done
cp "$(type -P true)" commands/firewall-cmd
# shellcheck disable=SC2016 # for the inner shell
alone='mount -t tmpfs tmpfs /usr/sbin; PATH=$1 exec "$1/bash" "$2" status'
for command in iptables ip6tables flock pgrep; do
	mv "commands/$command" .
	expect 5 "noselfconn-host: the command $command is missing" \
		unshare --mount bash -euc "$alone" bash "$directory/commands" "$host"
	mv "$command" commands
done
rm commands/{firewall-cmd,pgrep}
expect 1 '*not in place*' unshare --mount bash -euc "$alone" bash "$directory/commands" "$host"
