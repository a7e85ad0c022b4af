#!/bin/bash
# wrong.sh DRIVER WORKER LIBRARY: the driver has to find what is wrong with the library, name the
# seed and cut the sequence down to a few calls, one of which is connect().
set -euo pipefail
readonly SEQUENCES=5000 MOST_CALLS=4

status=0
found=$("$1" "$2" "$3" "$SEQUENCES") || status=$?
echo "$found"
[ "$status" != 77 ] || exit 77
[ "$status" = 1 ]
grep -q '^Sequence [0-9]* of seed [0-9]* differs' <<<"$found"

# Numbered lines above the difference are the calls.
calls=$(sed '/^The difference is/,$d' <<<"$found" | grep -E '^ +[0-9]+ ')
grep -q ' connect(' <<<"$calls"
(($(wc -l <<<"$calls") <= MOST_CALLS))
