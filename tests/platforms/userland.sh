#!/bin/bash
# userland.sh SUITE: runs the scenarios with the library built here and the libc and programs of
# another Debian.
. "$(dirname "$0")/common.sh"
need bwrap mmdebstrap flock

debian "$1" amd64 "$to_build,$to_run"
glibc=$(in_tree "$tree" "$WORK/oldest" /lib/x86_64-linux-gnu/libc.so.6 |
	sed -nE '1s/.* ([0-9.]+[0-9]).*/\1/p')
test_in_tree "$1 (glibc $glibc)" "$tree" "$WORK/oldest"
grep -q "^| x86-64 | glibc $glibc ($1) | " "$source/shim/package/README.md" ||
	fail "shim/package/README.md has another glibc for $1"
