#!/bin/bash
# userland.sh SUITE: the library built here under the programs and the libc of another Debian.
. "$(dirname "$0")/common.sh"
need bwrap mmdebstrap flock

alone oldest build_oldest "$WORK/oldest"
debian "$1" amd64 "$to_build,$to_run"
test_in_tree "$1" "$tree" "$WORK/oldest"
