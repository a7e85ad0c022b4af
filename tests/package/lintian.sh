#!/bin/bash
# lintian has nothing against Debian packages that a user makes, and their architecture, which the
# compiler tells, and dependencies are right.
source=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(uname -m)" = x86_64 ] || skip "an x86-64 system, to which i386 is the second architecture"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit
export SOURCE_DATE_EPOCH=1700000000
distribution_flags hardening=+all
build "$source" amd64
build "$source" i386 -DCMAKE_C_COMPILER=i686-linux-gnu-gcc
! grep -A 5 warning: ./*.log || fail "warnings"
for architecture in amd64 i386; do
	said=$(cd $architecture && cpack -G DEB 2>&1) || fail "$said"
done
mv ./*/*.deb .

as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-root)
# No error, no warning, no missing hardening, and no override that is not needed.
found=$(lintian "${as_root[@]}" --display-info --tag-display-limit 0 ./*.deb) || fail "$found"
! grep -q -e '^[EW]:' -e hardening -e 'unused-override' -e 'mismatched-override' <<<"$found" || fail "$found"

expect_field() {
	local found
	found=$(dpkg-deb -f "$1" "$2")
	[ "$found" = "$3" ] || fail "$1: $2 is \"$found\", expected \"$3\""
}
version=$(sed -nE 's/^project\(.* VERSION ([0-9.]+) .*/\1/p' "$source/CMakeLists.txt")
glibc=$(getconf GNU_LIBC_VERSION)
for architecture in amd64 i386; do
	library=libnoselfconn_${version}_$architecture.deb
	launcher=noselfconn_${version}_$architecture.deb
	expect_field "$library" Multi-Arch same
	expect_field "$library" Depends ""
	expect_field "$launcher" Multi-Arch foreign
	expect_field "$launcher" Depends "libnoselfconn (= $version), libc6 (>= ${glibc#glibc })"
	# For noselfconn-host.
	expect_field "$launcher" Recommends "iproute2, iptables, procps"
	expect_field "$library" Architecture "$architecture"
	expect_field "$launcher" Architecture "$architecture"
done
for package in *.deb; do
	files=$(dpkg-deb -c "$package")
	! grep -q '^[^ ]*s' <<<"$files" || fail "set-uid: $files"
	! grep -q -v ' root/root ' <<<"$files" || fail "not of root: $files"
done
