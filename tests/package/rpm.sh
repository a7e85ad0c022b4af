#!/bin/bash
# The release's RPM packages can be installed into a directory and removed.
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cd "$directory/for_release/release" || exit
grep -q '^libnoselfconn = ' <<<"$(rpm -qp --requires noselfconn-*.x86_64.rpm)" ||
	fail "the launcher does not require the library"
found=$(rpm -qp --recommends noselfconn-*.x86_64.rpm | paste -sd,)
[ "$found" = iproute,iptables,procps-ng ] || fail "the launcher recommends \"$found\""
needed=$(rpm -qp --requires libnoselfconn-*.x86_64.rpm |
	grep -v -e '^rpmlib(' -e '^rtld(' -e '^/bin/sh$' || :)
[ -z "$needed" ] || fail "the library requires $needed"

# The directory holds no RPM system, so rpm does not check dependencies; busybox is the shell for
# the packages' scripts.
[ "$(id -u)" = 0 ] || skip "only root can install with rpm"
in_root=(rpm --root "$root" --dbpath /var/lib/rpm)
mkdir -p "$root"/{bin,dev,etc,var/lib/rpm}
mknod -m 666 "$root/dev/null" c 1 3
cp "$(command -v busybox)" "$root/bin"
ln -s busybox "$root/bin/sh"
ln -s busybox "$root/bin/sed"
"${in_root[@]}" --initdb
"${in_root[@]}" -i --nodeps ./*.x86_64.rpm
"${in_root[@]}" -V --nodeps libnoselfconn noselfconn
found=$("$root"/usr/bin/noselfconn printenv LD_PRELOAD)
[ "$found" = "$root/usr/lib64/libnoselfconn.so" ] || fail "found $found"
test -s "$root"/usr/share/man/man1/noselfconn.1*
test -s "$root"/usr/share/man/man7/libnoselfconn.7*
grep -q '^libnoselfconn (1.0.0)' "$root"/usr/share/doc/{libnoselfconn,noselfconn}/changelog ||
	fail "no changelog"
# shellcheck disable=SC2016 # $LIB is for the loader
echo '/usr/$LIB/libnoselfconn.so' >"$root"/etc/ld.so.preload
"${in_root[@]}" -e noselfconn
! "${in_root[@]}" -e libnoselfconn 2>/dev/null || fail "removed while ld.so.preload names it"
rm "$root"/etc/ld.so.preload
"${in_root[@]}" -e libnoselfconn
left=$(find "$root" -name '*noselfconn*')
[ -z "$left" ] || fail "left behind: $left"
