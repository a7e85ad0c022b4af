# shellcheck shell=bash
# Functions that end a test script. All of them source this file.

# skip WHY...: prints the line that run.sh collects from the log.
skip() {
	echo "skipped: $*"
	exit 77
}

# fail WHAT...: prints the line of the script and the message, then the files that match the
# patterns in $evidence.
fail() {
	echo "line ${BASH_LINENO[-2]}: $*" >&2
	# shellcheck disable=SC2086 # several patterns
	[ -z "${evidence-}" ] || tail -n +1 -- $evidence >&2
	exit 1
}

# within_seconds COMMAND...: repeats the command until it succeeds, for half a minute.
within_seconds() {
	for _ in {1..600}; do
		! "$@" || return 0
		sleep 0.05
	done
	fail "not reached: $*"
}

# expect STATUS PATTERN COMMAND...: fails unless the command has this exit status and its whole
# output, standard error included, matches the pattern.
expect() {
	local expected=$1 pattern=$2 output status=0
	shift 2
	output=$("$@" 2>&1 </dev/null) || status=$?
	# shellcheck disable=SC2053 # $pattern is a pattern
	[[ $status = "$expected" && $output = $pattern ]] ||
		fail "$* gave $status and \"$output\", expected $expected and \"$pattern\""
}
