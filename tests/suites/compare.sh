#!/bin/bash
# Sourced with the arguments LIBRARY and NAME by a script that then defines
#
#   run_suite NAME PRELOADED
#
# which runs the suite with that as LD_PRELOAD and prints for each test "passed TEST", "failed TEST"
# or "skipped TEST", and in the end calls compare.
set -euo pipefail

# Debian's programs, not what a machine may have in front of them.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

rounds=3
library=$1
suite=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work TMPDIR=$work

skip() {
	echo "skipped: $1"
	exit 77
}

results() {
	cd "$(mktemp -d)"
	run_suite "$suite" "$1" | sort
}

count() {
	awk -v suite="$suite" '{ counts[$1]++ }
		END {
			printf "%s: %d tests, with and without the library", suite, NR
			for (outcome in counts)
				printf ", %d %s", counts[outcome], outcome
			print ", identical"
		}' "$1"
}

# Tests that fail now and then fail with and without the library, so a difference has to last.
compare() {
	LD_PRELOAD=$library grep -qF "$library" /proc/self/maps || {
		echo "$library is not loaded"
		exit 1
	}
	for ((round = 1; round <= rounds; round++)); do
		results '' >"$work/without"
		results "$library" >"$work/with"
		if ! grep -q '^passed ' "$work/without"; then
			echo "$suite: no test has passed without the library"
			exit 1
		fi
		if diff "$work/without" "$work/with"; then
			count "$work/with"
			return
		fi
		echo "$suite: the above differs without (<) and with (>) the library in run $round of $rounds"
	done
	exit 1
}
