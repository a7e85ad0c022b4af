#!/bin/bash
# userland.sh SUITE: the library built here under the programs and the libc of another Debian.
. "$(dirname "$0")/common.sh"
need bwrap mmdebstrap flock

debian "$1" amd64 "$to_build,$to_run"
glibc=$(in_tree "$tree" "$WORK/oldest" /lib/x86_64-linux-gnu/libc.so.6 |
	sed -nE '1s/.* ([0-9.]+[0-9]).*/\1/p')
test_in_tree "$1 (glibc $glibc)" "$tree" "$WORK/oldest"
grep -q "^| x86-64 | glibc $glibc ($1) | " "$source/shim/package/README.md" ||
	fail "shim/package/README.md has another glibc for $1"
