#!/bin/bash
# The example of noselfconn-host(8) adds the rule to a container from outside. The container has its
# own network, PID and mount namespaces and no iptables. The host and its firewalld stay unchanged.
#
#   container.sh HOST PAGE
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule
example=$(sed -n 's/^\.Dl \(nsenter .*\)/\1/p' "$2")
[ -n "$example" ] || fail "no example with nsenter in noselfconn-host(8)"

# shellcheck disable=SC2016 # for the inner shell
unshare --net --pid --mount --mount-proc --fork --kill-child bash -euc '
	mount -t tmpfs tmpfs /usr/sbin
	ip link set lo up
	echo ready >"$1"
	exec sleep infinity' bash "$directory/ready" &
within_seconds test -s ready
container=$(pgrep --parent $!)
inside() {
	nsenter --net --pid --mount --target "$container" bash -c "$(declare -f only_port connect); $1"
}
! inside 'command -v iptables' || fail "the container has iptables"
[ "$(inside 'connect 127.0.0.1 40000')" = connected ] || fail "no self-connect in the container"

# A firewalld outside the container, which must not be asked.
mkdir bin
ln -s "$host" bin/noselfconn-host
printf '%s\n' '#!/bin/sh' 'echo called >>called; exit 1' >bin/firewall-cmd
chmod +x bin/firewall-cmd
cp "$(command -v sleep)" firewalld
./firewalld infinity &

export PATH=$directory/bin:$PATH
before=$(saved)
expect 0 'IPv4: in place and effective*IPv6: in place and effective*' bash -c "${example/4711/$container}"
[ "$(inside 'connect 127.0.0.1 40001')" = refused ] || fail "a self-connect in the container over IPv4"
[ "$(inside 'connect ::1 40001')" = refused ] || fail "a self-connect in the container over IPv6"
[ "$(saved)" = "$before" ] || fail "the host's tables have changed: $(saved)"
[ "$(connect 127.0.0.1 40001)" = connected ] || fail "the host is refused, too"
expect 0 '*not in place*not in place*' nsenter -n -t "$container" noselfconn-host remove
[ "$(inside 'connect 127.0.0.1 40002')" = connected ] || fail "removed, and still refused"
[ ! -e called ] || fail "the firewalld of the host was asked"
