#!/bin/bash
# A release made from the released source archive, in another directory, umask, time zone and
# locale, is the same bit for bit.
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"
shopt -s extglob

again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
mkdir "$again/a longer path"
tar -C "$again/a longer path" --strip-components=1 \
	-xzf "$directory"/for_release/release/libnoselfconn-+([0-9.]).tar.gz
umask 077
export TZ=Asia/Kathmandu LC_ALL=C
# Also when it is built in the middle of the source.
build "$again/a longer path"{,/b}
rm "$again/a longer path/b.log"
cmake --build "$again/a longer path/b" --target release
diff -r "$directory/for_release/release" "$again/a longer path/b/release"
