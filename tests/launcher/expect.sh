# shellcheck shell=bash
# Read by the scripts here. They work in a directory of their own, which all users can enter.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
cd "$directory"
umask 022
unset LD_PRELOAD NOSELFCONN_RETRIES NOSELFCONN_LOG NOSELFCONN_DISABLE

# expect STATUS PATTERN COMMAND...: the exit status, and what all of the output has to match.
expect() {
	local expected=$1 pattern=$2 output status=0
	shift 2
	output=$("$@" 2>&1 </dev/null) || status=$?
	# shellcheck disable=SC2053 # a pattern it is
	[[ $status = "$expected" && $output = $pattern ]] ||
		fail "$* gave $status and \"$output\", expected $expected and \"$pattern\""
}
