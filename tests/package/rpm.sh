#!/bin/bash
# The RPM packages can be made, installed into a directory and removed.
source=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit
export HOME=$directory

build "$source" b -DCMAKE_INSTALL_LIBDIR=lib64
pack b -G RPM
grep -q '^libnoselfconn = ' <<<"$(rpm -qp --requires b/noselfconn-*.rpm)" ||
	fail "the launcher does not require the library"
needed=$(rpm -qp --requires b/libnoselfconn-*.rpm | grep -v -e '^rpmlib(' -e '^rtld(' -e '^/bin/sh$' || :)
[ -z "$needed" ] || fail "the library requires $needed"

# The directory holds no RPM system, so rpm does not check dependencies; busybox is the shell for
# the packages' scripts.
[ "$(id -u)" = 0 ] || skip "only root can install with rpm"
in_root=(rpm --root "$directory/root" --dbpath /var/lib/rpm)
mkdir -p root/{bin,etc,var/lib/rpm}
busybox=$(command -v busybox)
cp "$busybox" root/bin
for command in sh sed tr; do
	ln -s busybox "root/bin/$command"
done
"${in_root[@]}" --initdb
"${in_root[@]}" -i --nodeps b/*.rpm
"${in_root[@]}" -V --nodeps libnoselfconn noselfconn
found=$(root/usr/bin/noselfconn printenv LD_PRELOAD)
[ "$found" = "$directory/root/usr/lib64/libnoselfconn.so" ] || fail "found $found"
test -s root/usr/share/man/man1/noselfconn.1*
test -s root/usr/share/man/man7/libnoselfconn.7*
grep -q '^libnoselfconn (1.0.0)' root/usr/share/doc/{libnoselfconn,noselfconn}/changelog ||
	fail "no changelog"
# shellcheck disable=SC2016 # $LIB is for the loader
echo '/usr/$LIB/libnoselfconn.so' >root/etc/ld.so.preload
"${in_root[@]}" -e noselfconn
! "${in_root[@]}" -e libnoselfconn 2>/dev/null || fail "removed while ld.so.preload names it"
rm root/etc/ld.so.preload
"${in_root[@]}" -e libnoselfconn
left=$(find root -name '*noselfconn*')
[ -z "$left" ] || fail "left behind: $left"
