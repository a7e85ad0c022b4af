#!/bin/bash
# The scenarios as the oldest userland has them, with the library built here: what other platform
# tests run, below oldest/.
. "$(dirname "$0")/common.sh"
need mmdebstrap flock x86_64-linux-gnu-gcc
directory=$WORK/oldest
debian bullseye amd64 "$to_build,$to_run"
build_for x86_64-linux-gnu "$directory"
cmp -s "$LIBRARY" "$directory/shim/libnoselfconn.so" || cp "$LIBRARY" "$directory/shim/libnoselfconn.so"
mkdir -p "$directory/Testing"
say "oldest: built"
