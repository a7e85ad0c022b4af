#!/bin/bash
# The packages are as Debian wants them.
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

cd "$directory" || exit
as_root=()
[ "$(id -u)" != 0 ] || as_root=(--allow-root)
# No error, no warning, nothing less hardened than it was asked for, and each override is needed.
found=$(lintian "${as_root[@]}" --display-info --tag-display-limit 0 ./*.deb) || fail "$found"
! grep -q -e '^[EW]:' -e hardening -e 'unused-override' -e 'mismatched-override' <<<"$found" || fail "$found"

field() {
	dpkg-deb -f "$1" "$2"
}
[ "$(field libnoselfconn_*_amd64.deb Multi-Arch)" = same ] || fail "Multi-Arch of the library"
[ "$(field libnoselfconn_*_i386.deb Multi-Arch)" = same ] || fail "Multi-Arch of the library"
[ "$(field noselfconn_*.deb Multi-Arch)" = foreign ] || fail "Multi-Arch of the launcher"
[ -z "$(field libnoselfconn_*_amd64.deb Depends)" ] || fail "the library depends on something"
for package in *.deb; do
	files=$(dpkg-deb -c "$package")
	! grep -q '^[^ ]*s' <<<"$files" || fail "set-uid: $files"
	! grep -q -v ' root/root ' <<<"$files" || fail "not of root: $files"
done
