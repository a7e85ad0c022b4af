# shellcheck shell=bash
# Sourced by the scripts here. Each works in a temporary directory, which all users can enter.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
cd "$directory"
umask 022
unset LD_PRELOAD NOSELFCONN_RETRIES NOSELFCONN_LOG NOSELFCONN_DISABLE
