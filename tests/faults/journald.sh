#!/bin/bash
# The log line arrives complete in the journal, with the right program, process and priority. The
# systemd-journald here has its own /run and /dev. Control: without the library there is no line.
#
#   journald.sh LIBRARY
set -euo pipefail
. "$(dirname "$0")/../outcome.sh"

library=$1

if [ "${2-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip "systemd-journald needs root"
	exec unshare --mount --net "$0" "$library" inside
fi

scratch=$(mktemp -d)
ip link set lo up
echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
mount --make-rprivate /
mount -t tmpfs tmpfs "$scratch"
touch "$scratch/null"
mount --bind /dev/null "$scratch/null"
ln -s /run/systemd/journal/dev-log "$scratch/log"
mount --move "$scratch" /dev
rmdir "$scratch"
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal

/lib/systemd/systemd-journald 2>/run/journald &
journald=$!
trap 'kill "$journald"; cat /run/journald' EXIT
for _ in {1..100}; do
	[ -S /run/systemd/journal/dev-log ] && break
	sleep 0.1
done

# The client is bash, which connects through /dev/tcp. It prints its process id.
meet_itself() {
	# shellcheck disable=SC2016 # for the inner shell
	"$@" NOSELFCONN_LOG=syslog bash -c 'echo $$; 2>/dev/null exec 3<>/dev/tcp/127.0.0.1/40000' ||
		true
}

field() {
	journalctl --directory /run/log/journal --output cat --output-fields "$1" _PID="$2"
}

# An ordinary close() of a self-connect blocks the port, so the control comes last.
pid=$(meet_itself env LD_PRELOAD="$library")
control=$(meet_itself env)
journalctl --sync

expect() {
	if [ "$1" != "$2" ]; then
		echo "expected \"$2\", found \"$1\""
		exit 1
	fi
}
expect "$(field MESSAGE "$pid")" \
	"libnoselfconn: destination=127.0.0.1:40000 self-connects=4 undone=yes result=ECONNREFUSED"
expect "$(field SYSLOG_IDENTIFIER "$pid")" bash
expect "$(field SYSLOG_PID "$pid")" "$pid"
expect "$(field PRIORITY "$pid")" 4
expect "$(field MESSAGE "$control")" ""
# The control was connected to itself.
ss -Htan state time-wait | grep -q '127.0.0.1:40000 *127.0.0.1:40000'
