#!/bin/bash
# For a CI job with tests that expect a refused connection and sometimes get connected: builds the
# library and runs the tests under it.
#
#   examples/ci_job.sh make check
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
build=$source/build/ci
cmake -S "$source" -B "$build" -DBUILD_TESTING=OFF >/dev/null
cmake --build "$build" --target noselfconn >/dev/null

# With AddressSanitizer its runtime has to come first:
# LD_PRELOAD=$(gcc -print-file-name=libasan.so):$build/shim/libnoselfconn.so
export LD_PRELOAD=$build/shim/libnoselfconn.so${LD_PRELOAD:+:$LD_PRELOAD}
exec "$@"
