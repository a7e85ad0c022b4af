#!/bin/bash
# --uid and --cgroup narrow the rule to a user and to a cgroup.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule
[ "$(id -u)" = 0 ] || skip "not root"

here=$(dirname "$(realpath "$0")")

# connect_as USER PORT
connect_as() {
	only_port "$2"
	# shellcheck disable=SC2016 # for the inner shell
	setpriv --reuid="$1" --clear-groups bash -c '(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && echo connected ||
		echo refused' bash "$2"
}
must_be() { # EXPECTED COMMAND...
	local said
	said=$("${@:2}")
	[ "$said" = "$1" ] || fail "${*:2}: $said, expected $1"
}

before=$(saved)
expect 0 'IPv4, uid 1: in place and effective, packets refused: 0 *' "$host" add --uid daemon
with_one=$(saved)
expect 0 'IPv4, uid 2: in place and effective, *' "$host" add --uid=0002
must_be refused connect_as 1 40000
must_be refused connect_as 2 40000
must_be connected connect_as 3 40000
expect 0 'IPv4, uid 1: in place and effective, packets refused: 1 *' "$host" status --uid 1
expect 0 'IPv4, uid 2: in place and effective, packets refused: 1 *' "$host" add --uid 2
expect 1 'IPv4: not in place, while other rules are: -p tcp -m owner --uid-owner *' "$host" status
expect 1 'IPv4, uid 3: not in place, while *' "$host" status --uid 3
expect 0 'IPv4, uid 2: not in place, while *' "$host" remove --uid 2
[ "$(saved)" = "$with_one" ] || fail "$(saved)"
must_be connected connect_as 2 40001
expect 0 'IPv4, uid 3: not in place, while *' "$host" remove --uid 3
expect 0 'IPv4, uid 1: not in place (*' "$host" remove --uid daemon
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"
"$host" add >/dev/null
"$host" add --uid 1 >/dev/null
"$host" remove >/dev/null
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# The example of noselfconn-host(8), for a user named app.
{
	cat /etc/passwd
	echo 'app:x:7:7::/:/bin/false'
} >passwd
mount --bind passwd /etc/passwd
mkdir bin
ln -s "$host" bin/noselfconn-host
example=$(sed -n 's/^\.Dl \(noselfconn-host .*\)/\1/p' "$here/../../shim/host/noselfconn-host.8")
expect 0 'IPv4, uid 7: in place and effective, *' env PATH="$directory/bin:$PATH" bash -c "$example"
must_be refused connect_as 7 40001
"$host" remove >/dev/null
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# A cgroup for this test, whose name contains all characters that are allowed.
root=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) ||
	skip "no cgroup2 file system is mounted: only --uid was tested"
service="noselfconn-test-$$.slice/app@a\\x2db 'c' \"d\" \$e.service"
mkdir -p "$root/$service" 2>/dev/null || skip "no cgroup can be made: only --uid was tested"
named=${service//\\/\\\\} # in a pattern
cleanup() {
	rmdir "$root/$service" "$root/${service%/*}" 2>/dev/null || true
	rm -rf "$directory"
}
trap cleanup EXIT

# connect_in CGROUP PORT
connect_in() {
	only_port "$2"
	# shellcheck disable=SC2016 # for the inner shell
	bash -c 'echo $$ >"$1/cgroup.procs" && (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null &&
		echo connected || echo refused' bash "$root/$1" "$2"
}
expect 0 "IPv4, cgroup /$named: in place and effective, packets refused: 0 *" "$host" add --cgroup "$service"
must_be refused connect_in "$service" 40002
must_be connected connect_as 0 40002
expect 0 '*packets refused: 1 *' "$host" status --cgroup "/$service"

# After a restart of the service its cgroup has the same name, but is another one.
rmdir "$root/$service"
expect 3 "IPv4, cgroup /$named: not effective: there is no cgroup /$named any more *" \
	"$host" status --cgroup "$service"
mkdir "$root/$service"
must_be connected connect_in "$service" 40003
expect 0 '*packets refused: 1 *' "$host" add --cgroup "$service"
must_be refused connect_in "$service" 40004
expect 0 '*packets refused: 2 *' "$host" status --cgroup "$service"
expect 0 '*not in place*' "$host" remove --cgroup "$service"
[ "$(saved)" = "$before" ] || fail "something is left: $(saved)"

# With cgroups v1 only, --cgroup is refused, except by "remove", which need not look for the cgroup.
# shellcheck disable=SC2016 # for the inner shell
without_cgroup2() {
	unshare --mount bash -euc 'umount "$1"; "${@:2}"' bash "$root" "$host" "$@"
}
expect 5 'noselfconn-host: --cgroup needs cgroups v2, but no cgroup2 file system is mounted' \
	without_cgroup2 add --cgroup "$service"
expect 5 'noselfconn-host: --cgroup needs cgroups v2, but no cgroup2 file system is mounted' \
	without_cgroup2 status --cgroup "$service"
expect 0 '*not in place*' without_cgroup2 remove --cgroup "$service"
