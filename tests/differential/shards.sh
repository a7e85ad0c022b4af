#!/bin/bash
# shards.sh DIFFERENTIAL WORKER LIBRARY COUNT: runs COUNT sequences in shards at the same time, since
# a sequence waits more than it computes.
set -euo pipefail
shards=8 each=$((($4 + 7) / 8)) status=0 running=()
for ((shard = 0; shard < shards; shard++)); do
	"$1" "$2" "$3" "$each" $((shard * each)) &
	running+=($!)
done
for shard in "${running[@]}"; do
	wait "$shard" || status=$?
done
exit "$status"
