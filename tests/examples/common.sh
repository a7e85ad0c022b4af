# shellcheck shell=bash
# What these tests share. From ctest they have LIBRARY and FAST_CLIENT, both built here, and WORK, a
# directory in the build directory.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$source/tests/outcome.sh"

must_fail() {
	! "$@" || fail "should have failed: $*"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "not root"
}

# As somebody has it who has just got it.
copy_source_to() {
	mkdir -p "$1"
	tar -C "$source" --exclude=./build* --exclude=./.git -c . | tar -C "$1" --no-same-owner -x
}

# Runs a command in namespaces where the port that the examples use is the only one.
in_one_port() {
	local namespaces=(unshare --net --mount)
	[ "$(id -u)" = 0 ] || namespaces+=(--user --map-root-user)
	"${namespaces[@]}" true || skip "no namespaces"
	"${namespaces[@]}" bash -c 'ip link set lo up &&
		echo 44444 44444 >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"' bash "$@"
}
