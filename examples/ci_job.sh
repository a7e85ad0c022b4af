#!/bin/bash
# For a CI job whose tests expect a refused connection and now and then do not get one: builds the library
# and runs the tests under it.
#
#   examples/ci_job.sh make check
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
build=$source/build/ci
cmake -S "$source" -B "$build" -DBUILD_TESTING=OFF >/dev/null
cmake --build "$build" --target noselfconn >/dev/null

# Tests under AddressSanitizer want its runtime to be the first: LD_PRELOAD=$(gcc
# -print-file-name=libasan.so):$build/shim/libnoselfconn.so
export LD_PRELOAD=$build/shim/libnoselfconn.so${LD_PRELOAD:+:$LD_PRELOAD}
exec "$@"
