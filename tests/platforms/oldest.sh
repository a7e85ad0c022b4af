#!/bin/bash
# Builds the scenarios against the oldest userland, in oldest/. Other platform tests run them with
# the library built here.
. "$(dirname "$0")/common.sh"
need mmdebstrap flock x86_64-linux-gnu-gcc
directory=$WORK/oldest
debian bullseye amd64 "$to_build,$to_run"
build_for x86_64-linux-gnu "$directory"
cmp -s "$LIBRARY" "$directory/shim/libnoselfconn.so" || cp "$LIBRARY" "$directory/shim/libnoselfconn.so"
mkdir -p "$directory/Testing"
say "oldest: built"
