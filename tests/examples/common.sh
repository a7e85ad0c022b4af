# shellcheck shell=bash
# Functions for these tests. ctest sets LIBRARY, FAST_CLIENT, and WORK, a directory in the build
# directory.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$source/tests/outcome.sh"

must_fail() {
	! "$@" || fail "should have failed: $*"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

# Copies the source tree without build directories and history, as a user has it after unpacking.
copy_source_to() {
	mkdir -p "$1"
	tar -C "$source" --exclude=./build* --exclude=./.git -c . | tar -C "$1" --no-same-owner -x
}

# Runs a command in namespaces whose port range is only the port that the examples use.
in_one_port() {
	local namespaces=(unshare --net --mount)
	[ "$(id -u)" = 0 ] || namespaces+=(--user --map-root-user)
	"${namespaces[@]}" true || skip "no namespaces"
	"${namespaces[@]}" bash -c 'ip link set lo up &&
		echo 44444 44444 >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"' bash "$@"
}
