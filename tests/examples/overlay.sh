#!/bin/bash
# Runs one of these tests on an overlay of this machine's root, with the library installed and with
# fast_client as /usr/local/bin/legacy. The test cannot change the machine.
#
#   overlay.sh TEST
. "$(dirname "$0")/common.sh"
need_root
if [ -z "${IN_ONE_PORT-}" ]; then
	IN_ONE_PORT=yes in_one_port "$0" "$1"
	exit
fi

copy=$WORK/overlay.$1
mkdir -p "$copy"
mount -t tmpfs tmpfs "$copy"
mkdir "$copy"/{written,work,root}
mount -t overlay overlay "$copy/root" \
	-o "lowerdir=/,upperdir=$copy/written,workdir=$copy/work" || skip "no overlayfs"
cd "$copy/root" || exit
mount --rbind /dev dev
mount -t proc proc proc
multiarch=$(gcc -print-multiarch)
install -D -t "opt/noselfconn/lib/$multiarch" "$LIBRARY"
install -t "usr/lib/$multiarch" "$LIBRARY"
install -D "$FAST_CLIENT" usr/local/bin/legacy
rm -rf examples checks tests
cp -r "$source/examples" examples
cp -r "$source/tests/examples" checks
install -D -t tests "$source/tests/outcome.sh"
chroot . "/checks/$1"
