#!/bin/bash
# The packages are as Debian wants them.
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

cd "$directory" || exit
as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(--allow-root)
lintian "${as_nobody[@]}" --fail-on error,warning --tag-display-limit 0 ./*.deb
# Each override is needed.
unused=$(lintian "${as_nobody[@]}" -I --tags unused-override,mismatched-override ./*.deb)
[ -z "$unused" ] || fail "$unused"

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
