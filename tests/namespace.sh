#!/bin/bash
# Runs a command in its own namespaces, with lo up. No process outlives the command.
#
#   namespace.sh COMMAND [ARGUMENT...]
set -euo pipefail
. "$(dirname "$0")/outcome.sh"

namespaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
((EUID == 0)) || namespaces+=(--user --map-root-user)
if ! why=$("${namespaces[@]}" true 2>&1); then
	skip "no namespaces: $why"
fi
# shellcheck disable=SC2016  # for the inner shell
exec "${namespaces[@]}" bash -c 'ip link set lo up && exec "$@"' bash "$@"
