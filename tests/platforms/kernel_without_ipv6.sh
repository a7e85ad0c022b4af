#!/bin/bash
# noselfconn-host works on a kernel without IPv6, where it needs neither a rule for IPv6 nor
# ip6tables.
#
#   kernel_without_ipv6.sh HOST
. "$(dirname "$0")/common.sh"
host=$1 stage=$WORK/kernel_without_ipv6
need mmdebstrap flock bwrap cpio qemu-system-x86_64

kernel bookworm
rm -rf "$stage" "$stage".*
install -D "$host" "$stage/noselfconn-host"
cat >"$stage/init" <<'END'
#!/bin/bash
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
ip link set lo up
rm /usr/sbin/ip6tables*
dmesg --console-off
port=40000
for verb in none status add remove; do
	[ $verb = none ] || /noselfconn-host $verb
	echo "$verb: $?"
	echo "$port $port" >/proc/sys/net/ipv4/ip_local_port_range
	(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && echo connected || echo refused
	port=$((port + 1))
done
echo end
echo b >/proc/sysrq-trigger
END
chmod +x "$stage/init"
boot ipv6.disable=1

said=$(sed -n '/^none: /,/^end/p' "$stage.log")
# shellcheck disable=SC2053 # a pattern it is
[[ $said = 'none: 0
connected
IPv4: not in place (iptables v'*')
IPv6: this kernel has none
status: 1
connected
IPv4: in place and effective, packets refused: 0 (iptables v'*')
IPv6: this kernel has none
add: 0
refused
IPv4: not in place (iptables v'*')
IPv6: this kernel has none
remove: 0
connected
end' ]] || fail "$(cat "$stage.log")"
say "kernel without IPv6: the host rule is in place and effective"
