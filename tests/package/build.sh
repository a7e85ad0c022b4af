#!/bin/bash
# Builds the Debian packages for amd64 and i386. The packages take their architecture from the
# compiler.
source=$1
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(uname -m)" = x86_64 ] || skip "an x86-64 system, to which i386 is the second architecture"
rm -rf "$directory"/{amd64,i386,*.deb}
mkdir -p "$directory"
export SOURCE_DATE_EPOCH=1700000000

distribution_flags hardening=+all
build "$source" "$directory/amd64"
pack "$directory/amd64" -G DEB

build "$source" "$directory/i386" -DCMAKE_C_COMPILER=i686-linux-gnu-gcc
! grep -A 5 warning: "$directory"/*.log || fail "warnings"
pack "$directory/i386" -G DEB
mv "$directory"/*/*.deb "$directory"
ls "$directory"/{libnoselfconn,noselfconn}_*_{amd64,i386}.deb
