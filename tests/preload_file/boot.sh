#!/bin/bash
# The userland boots, and systemd and all its units run the same under the library. The test is
# skipped on hosts where systemd-nspawn cannot boot the userland even without the library. What
# systemd-run starts there does not get LD_PRELOAD, unless it is named.
#
#   boot.sh ROOT
set -euo pipefail

root=$1
# shellcheck source=chroot.sh
. "$(dirname "$0")/chroot.sh"

cat >"$root/etc/systemd/system/probe.target" <<'UNIT'
[Unit]
Requires=multi-user.target
After=multi-user.target
Wants=probe.service
AllowIsolate=yes
UNIT
cat >"$root/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
# Some units exist only while they run.
After=multi-user.target systemd-update-utmp-runlevel.service
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'systemctl list-units --failed --plain --no-legend >/probe'
ExecStart=/bin/sh -c 'systemctl list-units --plain --no-legend --type service,socket,target | sed "s/ .*//" | sort >/units'
Environment=LD_PRELOAD=libc.so.6
ExecStart=systemd-run --quiet -p Type=oneshot -p StandardOutput=truncate:/handed-on env
ExecStart=systemd-run --quiet -p Type=oneshot -p StandardOutput=truncate:/handed-on-by-name -E LD_PRELOAD env
ExecStart=/bin/sh -c 'grep -l libnoselfconn /proc/[0-9]*/maps | wc -l >/loaded'
UNIT

# Prints failures, and writes to the root which units exist and how many have loaded the library.
boot() {
	preload_file "$1"
	rm -f "$root"/{probe,units,loaded}
	timeout 120 systemd-nspawn --quiet --directory "$root" --boot --register=no --keep-unit \
		--private-network -- systemd.unit=probe.target </dev/null >"$root/console" 2>&1 || true
	[ -e "$root/loaded" ] || return 1
	cat "$root/probe"
}

failed_without=$(boot without) ||
	skip "systemd-nspawn boots nothing here: $(tail -n 3 "$root/console")"
units_without=$(cat "$root/units")
[ "$(cat "$root/loaded")" = 0 ] || fail "the library is loaded without the file"

grep -q ^LD_PRELOAD= "$root/handed-on-by-name" || fail "systemd-run -E LD_PRELOAD hands nothing on"
! grep ^LD_PRELOAD= "$root/handed-on" || fail "systemd-run hands LD_PRELOAD on"

failed_with=$(boot with) || fail "does not boot: $(cat "$root/console")"
[ "$(cat "$root/loaded")" -gt 3 ] || fail "the library is not loaded"
[ "$failed_with" = "$failed_without" ] || fail "units that fail: $failed_with"
[ "$(cat "$root/units")" = "$units_without" ] || fail "other units: $(cat "$root/units")"
