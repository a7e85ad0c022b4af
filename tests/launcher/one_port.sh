# shellcheck shell=bash
# Sourced by scripts that run single commands in a network namespace of their own:
# "${in_namespace[@]}" COMMAND...
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

in_namespace=(unshare --net)
[ "$(id -u)" = 0 ] || in_namespace=(unshare --map-root-user --net)
"${in_namespace[@]}" true || skip "no network namespace: neither root nor allowed a user namespace"

# The kernel can pick only the port that the client connects to.
in_namespace+=(bash -c 'ip link set lo up
	echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
	exec "$@"' bash)
