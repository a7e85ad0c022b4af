#!/bin/bash
# Runs a test in the userland of tests/preload_file, which contains ufw and firewalld, so that the
# host need not install them.
#
#   in_userland.sh ROOT nft|legacy SCRIPT HOST
set -euo pipefail
root=$1 back_end=$2 script=$3 host=$4
here=$(dirname "$(realpath "$0")")
. "$here/../outcome.sh"
[ "$(id -u)" = 0 ] || skip "not root"
# The tests of /etc/ld.so.preload may have left this file behind.
rm -f "$root/etc/ld.so.preload"

# shellcheck disable=SC2016 # for the inner shell
exec unshare --net --mount --pid --fork --kill-child bash -euc '
	root=$1 back_end=$2 script=$3
	ip link set lo up
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/mnt"
	cp "$4" "$root/mnt"
	install -t "$root/mnt/host" -D "${@:5}"
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 \
		/mnt/host/back_end.sh "$back_end" "/mnt/host/$script" /mnt/host/noselfconn-host' \
	bash "$root" "$back_end" "$script" "$here/../outcome.sh" "$host" \
	"$here"/{back_end,common,"${script%.sh}"}.sh
