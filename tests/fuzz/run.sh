#!/bin/bash
# Fuzzes one target for FUZZ_SECONDS, a minute unless told otherwise, starting from its corpus. The
# inputs that it finds stay in the build directory.
#
#   run.sh TARGET BUILD_DIRECTORY SOURCE...
set -euo pipefail

target=$1
directory=$2/$target
shift 2
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$directory/found"
clang -std=c11 -D_GNU_SOURCE -DNOSELFCONN_BINDIR='"/bin"' -DNOSELFCONN_LIBDIR='"/lib"' -I "$here/../../shim/core" -I "$here/../../shim/library" \
	-I "$here/../../shim/launcher" -O1 -g \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	"$here/$target.c" "$@" -o "$directory/fuzz"
cd "$directory"
./fuzz -max_total_time="${FUZZ_SECONDS:-60}" -max_len=4096 -timeout=10 -print_final_stats=1 \
	found "$here/corpus/$target"
