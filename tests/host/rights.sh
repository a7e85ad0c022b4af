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
	[ "$(id -u)" != 0 ] || expect 4 'noselfconn-host: needs root, or CAP_NET_ADMIN in this network namespace: *' \
		"${nobody[@]}" ./host "$verb"
	# Root of a user namespace is not root of the network namespace outside.
	expect 4 'noselfconn-host: needs root, or CAP_NET_ADMIN in this network namespace: *' \
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

# If no namespace can be made, the rule is added without the trial.
mkdir bin
printf '%s\n' '#!/bin/sh' 'echo unshare: Operation not permitted >&2; exit 1' >bin/unshare
chmod +x bin/unshare
expect 0 'noselfconn-host: not tried beforehand: unshare: Operation not permitted
IPv4: in place and effective*IPv6: in place and effective*' env PATH="$directory/bin:$PATH" "$host" add
"$host" remove >/dev/null
before=$(saved)

# An iptables without -m bpf.
mkdir extensions
cp "$(dirname "$(find /usr/lib -name libxt_bpf.so | head -1)")"/* extensions
rm extensions/libxt_bpf.so
said="noselfconn-host: iptables cannot do it here: no -m bpf (the kernel's xt_bpf); *"
expect 5 "$said" env XTABLES_LIBDIR="$directory/extensions" "$host" add
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"
expect 1 'IPv4: not in place*' "$host" status
# The same without the trial.
expect 5 "noselfconn-host: *: iptables-restore *bpf*" \
	env XTABLES_LIBDIR="$directory/extensions" PATH="$directory/bin:$PATH" "$host" add
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# A rule that is accepted and has no effect.
printf '%s\n' '#!/bin/sh' 'cat >/dev/null' >bin/iptables-restore
chmod +x bin/iptables-restore
cp bin/iptables-restore bin/ip6tables-restore
rm bin/unshare
expect 5 'noselfconn-host: the kernel takes the rule, but does not refuse by it' \
	env PATH="$directory/bin:$PATH" "$host" add

# No iptables at all.
mkdir others
for command in bash cat flock findmnt grep id ip paste pgrep unshare; do
	ln -s "$(command -v "$command")" others
done
# shellcheck disable=SC2016 # for the inner shell
expect 5 'noselfconn-host: iptables is missing, which the package iptables has' \
	unshare --mount bash -euc 'mount -t tmpfs tmpfs /usr/sbin; PATH=$1 exec "$1/bash" "$2" status' \
	bash "$directory/others" "$host"
