# What the tests of /etc/ld.so.preload share; to be sourced, with the root directory in $root.
# shellcheck shell=bash

: "${root:?}"
readonly installed=/usr/lib/libnoselfconn.so

if [ "$(id -u)" != 0 ]; then
	echo "skipped: a chroot, mounts and set-uid programs need root"
	exit 77
fi

preload_file() {
	if [ "$1" = with ]; then
		echo "$installed" >"$root/etc/ld.so.preload"
	else
		rm -f "$root/etc/ld.so.preload"
	fi
}

fail() {
	echo "$*"
	exit 1
}
