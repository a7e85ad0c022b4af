#!/bin/bash
# A user starts a set-uid program with harmful values of NOSELFCONN_*. The program ignores them. Its
# child obeys only those that are harmless, and neither writes to a file of the user's choice.
#
#   setuid.sh ROOT
set -euo pipefail

root=$1
# shellcheck source=chroot.sh
. "$(dirname "$0")/chroot.sh"

if [ "${2-}" != inside ]; then
	exec unshare --mount --net --pid --fork "$0" "$root" inside
fi

[[ $(findmnt -no OPTIONS -T "$root") != *nosuid* ]] || skip "$root is on a file system mounted nosuid"

ip link set lo up
echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
mount -t proc proc "$root/proc"
mkdir -p "$root/forbidden"
chmod 700 "$root/forbidden"

as_user() {
	chroot "$root" setpriv --reuid 65534 --regid 65534 --clear-groups \
		env "$@" setuid_client 2>"$root/tmp/stderr"
}

expect() {
	[ "$1" = "$2" ] || fail "expected:" $'\n'"$2" $'\n'"found:" $'\n'"$1"
}

outcomes() {
	printf 'uid 0, AT_SECURE 1: %s\nuid 0, AT_SECURE 0: %s' "$1" "$2"
}

preload_file without
expect "$(as_user A=b)" "$(outcomes "connected to itself" "connected to itself")"

preload_file with
touch "$root/before"
refused=$(outcomes "Connection refused" "Connection refused")
for log in /forbidden/log file:/forbidden/log ../../forbidden/log stderr:/forbidden/log '%n%s' \
	$'\e]0;title\a' "$(printf 'x%.0s' {1..100000})"; do
	expect "$(as_user NOSELFCONN_LOG="$log" NOSELFCONN_RETRIES="$log")" "$refused"
	# The child writes a line about each invalid value to the user's own stderr, in plain text.
	expect "$(grep -c '^setuid_client\[[0-9]*\]: libnoselfconn: NOSELFCONN_[A-Z]* is "' \
		"$root/tmp/stderr")" 2
	! LC_ALL=C grep -q '[^ -~]' "$root/tmp/stderr" || fail "control bytes on stderr"
	[ "$(wc -c <"$root/tmp/stderr")" -lt 512 ] || fail "more than two lines on stderr"
done

# Only the child writes to stderr, which is the user's. A closed stderr is not replaced.
expect "$(as_user NOSELFCONN_LOG=stderr)" "$refused"
expect "$(sed 's/\[[0-9]*\]//' "$root/tmp/stderr")" \
	"setuid_client: libnoselfconn: destination=127.0.0.1:40000 self-connects=4 undone=yes result=ECONNREFUSED"
# shellcheck disable=SC2016 # for the inner shell
expect "$(as_user NOSELFCONN_LOG=stderr sh -c 'exec "$0" "$@" 2>&-')" "$refused"
expect "$(as_user NOSELFCONN_RETRIES=0 NOSELFCONN_LOG=syslog)" "$refused"

# The user may switch off the child's protection, as for every other program.
expect "$(as_user NOSELFCONN_DISABLE=1)" \
	"$(outcomes "Connection refused" "connected to itself")"

new=$(find "$root" -xdev -newer "$root/before" -type f ! -path "$root/tmp/stderr")
[ -z "$new" ] || fail "written: $new"
