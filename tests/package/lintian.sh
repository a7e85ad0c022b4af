#!/bin/bash
# lintian has nothing against the packages, and their architecture and dependencies are right.
source=$1
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

cd "$directory" || exit
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
	expect_field "$library" Architecture "$architecture"
	expect_field "$launcher" Architecture "$architecture"
done
for package in *.deb; do
	files=$(dpkg-deb -c "$package")
	! grep -q '^[^ ]*s' <<<"$files" || fail "set-uid: $files"
	! grep -q -v ' root/root ' <<<"$files" || fail "not of root: $files"
done
