#!/bin/bash
# A system boots with the unit enabled. The rule is added after ufw has started and before all
# services that wait for the network. It goes when the unit is stopped, and for good when the
# package is removed.
#
#   boot.sh HOST UNIT ROOT PRERM PAGE
set -euo pipefail
host=$1 unit=$2 root=$3 prerm=$4 page=$5
. "$(dirname "$0")/../outcome.sh"
[ "$(id -u)" = 0 ] || skip "not root"
[ -x "$root/usr/sbin/ufw" ] || fail "no ufw in $root"

units=$root/etc/systemd/system
installed=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
own=("$root/$installed" "$units"/{noselfconn-host.service,host-probe.service,host-probe.target}
	"$units"/app.service{,.d/host.conf}
	"$root"/{host-booted,host-console,prerm,connect})
cleanup() {
	rm -f "${own[@]}"
	sed -i 's/^ENABLED=.*/ENABLED=no/' "$root/etc/ufw/ufw.conf"
}
trap cleanup EXIT
cleanup
rm -f "$root/etc/ld.so.preload"
sed -i 's/^ENABLED=.*/ENABLED=yes/' "$root/etc/ufw/ufw.conf"
install -D "$host" "$root/$installed"
install -m 644 "$unit" "$units"
cp "$prerm" "$root/prerm"

# The drop-in of noselfconn-host(8), for a service that connects to itself unless the rule refuses.
# A second service shows whether programs outside that cgroup still can.
mkdir -p "$units/app.service.d"
awk '/^\.Bd -literal/ { text = ""; next }
	/^\.Ed/ { if (text ~ /ExecStartPre/) printf "%s", text }
	{ text = text $0 "\n" }' "$page" >"$units/app.service.d/host.conf"
cat >"$units/app.service" <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
StandardOutput=append:/host-booted
StandardError=append:/host-booted
ExecStart=sh /connect app 40001
END
cat >"$root/connect" <<'END'
echo "$2 $2" >/proc/sys/net/ipv4/ip_local_port_range
bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null && echo "$1: connected" || echo "$1: refused"
END

cat >"$units/host-probe.target" <<'END'
[Unit]
Requires=multi-user.target
Wants=noselfconn-host.service host-probe.service
After=multi-user.target
AllowIsolate=yes
END
cat >"$units/host-probe.service" <<END
[Unit]
After=multi-user.target noselfconn-host.service
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
StandardOutput=append:/host-booted
StandardError=append:/host-booted
ExecStart=$installed status
ExecStart=systemctl show --property=After network-pre.target
ExecStart=sh -c 'iptables -S OUTPUT | grep ufw-before-output'
ExecStart=systemctl stop noselfconn-host
ExecStart=-$installed status
ExecStart=systemctl enable --now noselfconn-host
ExecStart=sh /prerm upgrade
ExecStart=sh -c 'sed s,^tool=,tool=/other, /prerm | sh -s remove'
ExecStart=$installed status
ExecStart=sh /prerm remove
ExecStart=-$installed status
ExecStart=-systemctl is-enabled noselfconn-host
ExecStart=sh /connect nobody 40000
ExecStart=systemctl start app
ExecStart=sh /connect others 40002
ExecStart=systemctl restart app
ExecStart=systemctl stop app
ExecStart=sh -c 'iptables-save | grep -c NOSELFCONN || true'
ExecStart=sh -c 'journalctl -b | grep -i "ordering cycle" || echo "no cycle"'
END
timeout 120 systemd-nspawn --quiet --directory "$root" --boot --register=no --keep-unit \
	--private-network --capability=CAP_NET_ADMIN -- systemd.unit=host-probe.target \
	</dev/null >"$root/host-console" 2>&1 || true
[ -e "$root/host-booted" ] ||
	skip "systemd-nspawn boots nothing here: $(tail -n 3 "$root/host-console")"

said=$(cat "$root/host-booted")
[[ $said = 'IPv4: in place and effective, '*'IPv6: in place and effective, '* ]] || fail "$said"
[[ $said = *After=*noselfconn-host.service* ]] || fail "not ahead of the network: $said"
[[ $said = *'-A OUTPUT -j ufw-before-output'* ]] || fail "ufw was not at work: $said"
[[ $said = *'IPv4: not in place '*'no cycle' ]] || fail "$said"
# An upgrade of the package keeps the rule; removing the package takes it away.
[[ $said = *'IPv4: not in place '*'IPv4: in place and effective, '*'IPv4: not in place '*disabled* ]] ||
	fail "the package does not take it away: $said"
# Only the service's cgroup is refused, from its start on and after a restart too.
[[ $said != *'no cgroup2 file system is mounted'* ]] || skip "no cgroup2 file system in the system that boots"
[[ $said = *'nobody: connected
'*'
app: refused
others: connected
'*'
app: refused
'*'
0
no cycle' ]] || fail "not what noselfconn-host(8) says of a service: $said"
