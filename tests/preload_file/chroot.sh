# Functions for the tests of /etc/ld.so.preload. Sourced with the root directory in $root.
# shellcheck shell=bash

: "${root:?}"
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"
readonly installed=/usr/lib/libnoselfconn.so

[ "$(id -u)" = 0 ] || skip "a chroot, mounts and set-uid programs need root"

preload_file() {
	if [ "$1" = with ]; then
		echo "$installed" >"$root/etc/ld.so.preload"
	else
		rm -f "$root/etc/ld.so.preload"
	fi
}
