#!/bin/bash
# Sourced with the arguments LIBRARY and NAME by a script that then defines
#
#   run_suite NAME PRELOADED
#
# which runs the suite with that as LD_PRELOAD and prints for each test "passed TEST", "failed TEST"
# or "skipped TEST", and then calls compare.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"

# Debian's programs, not others that a machine may have first in PATH.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8

rounds=3
library=$1
suite=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work TMPDIR=$work

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

# Some tests fail sometimes, with and without the library. So a difference counts only if it comes
# in every run.
compare() {
	local lasting round
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
		if diff "$work/without" "$work/with" >"$work/differs"; then
			count "$work/with"
			return
		fi
		cat "$work/differs"
		echo "$suite: these tests differ without (<) and with (>) the library in run $round of $rounds"
		sed -n 's/^[<>] [a-z]* //p' "$work/differs" | sort -u >"$work/names"
		comm -12 "${lasting:-$work/names}" "$work/names" >"$work/lasting.$round"
		lasting=$work/lasting.$round
		if [ ! -s "$lasting" ]; then
			echo "$suite: no test differs in every run"
			return
		fi
	done
	exit 1
}
