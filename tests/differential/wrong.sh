#!/bin/bash
# wrong.sh DRIVER WORKER LIBRARY: the driver has to find the fault of the library, print the seed, and
# cut the sequence down to a few calls, one of them connect().
set -euo pipefail
readonly SEQUENCES=5000 MOST_CALLS=4

status=0
found=$("$1" "$2" "$3" "$SEQUENCES") || status=$?
echo "$found"
[ "$status" != 77 ] || exit 77
[ "$status" = 1 ]
grep -q '^Sequence [0-9]* of seed [0-9]* differs' <<<"$found"

# The calls are the numbered lines above the difference.
calls=$(sed '/^The difference is/,$d' <<<"$found" | grep -E '^ +[0-9]+ ')
grep -q ' connect(' <<<"$calls"
(($(wc -l <<<"$calls") <= MOST_CALLS))
