#!/bin/bash
# shards.sh DIFFERENTIAL WORKER LIBRARY COUNT: runs COUNT sequences in eight shards at once, because
# a sequence waits more than it computes.
set -euo pipefail
shards=8 each=$((($4 + 7) / 8)) status=0 running=()
said=$(mktemp -d)
trap 'rm -r "$said"' EXIT
for ((shard = 0; shard < shards; shard++)); do
	"$1" "$2" "$3" "$each" $((shard * each)) >"$said/$shard" &
	running+=($!)
done
for ((shard = 0; shard < shards; shard++)); do
	wait "${running[shard]}" || status=$?
	cat "$said/$shard"
done
exit "$status"
