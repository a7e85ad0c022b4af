#!/bin/bash
# A second build, at another place and another time, gives the same packages bit for bit.
source=$1
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
mkdir "$again/a longer path to the source"
find "$source" -mindepth 1 -maxdepth 1 ! -name 'build*' ! -name .git \
	-exec cp -r -t "$again/a longer path to the source" {} +
export SOURCE_DATE_EPOCH=1700000000 TZ=Asia/Kathmandu LC_ALL=C
(
	distribution_flags hardening=+all
	build "$again/a longer path to the source" "$again/b"
)
for file in libnoselfconn.so noselfconn; do
	cmp "$again/b/shim/$file" "$directory/amd64/shim/$file"
done
pack "$again/b" -G DEB
for package in "$again"/b/*.deb; do
	cmp "$package" "$directory/$(basename "$package")"
done
