#!/bin/bash
# A system boots with the unit enabled. The rule is added after ufw has started and before all
# services that wait for the network. It goes when the unit is stopped, and for good when the
# package is removed.
#
#   boot.sh HOST UNIT ROOT PRERM
set -euo pipefail
host=$1 unit=$2 root=$3 prerm=$4
. "$(dirname "$0")/../outcome.sh"
[ "$(id -u)" = 0 ] || skip "not root"
[ -x "$root/usr/sbin/ufw" ] || fail "no ufw in $root"

units=$root/etc/systemd/system
installed=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
own=("$root/$installed" "$units"/{noselfconn-host.service,host-probe.service,host-probe.target}
	"$root"/{host-booted,host-console,prerm})
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
