#!/bin/bash
# counts.sh PROGRAM EMPTY LIBRARY [LIMITS]: counts the instructions (in user space) and system calls
# that LIBRARY adds to a call and to the start of a process, compared with the library EMPTY. The
# counts are the same in every run.
#
# Prints lines of a name and a number. LIMITS is a file of such lines: a greater number is a
# failure.
set -euo pipefail
shopt -s inherit_errexit

program=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Both paths have the same length, because the number of instructions in the loader depends on it.
cp "$2" "$scratch/without.so"
cp "$3" "$scratch/library.so"
# If the loader cannot use a file it only warns, and the counts would be those without a library.
complaint=$(LD_PRELOAD=$scratch/library.so /bin/true 2>&1)
if [ -n "$complaint" ]; then
	echo "counts.sh: $complaint" >&2
	exit 1
fi

instructions() { # PRELOAD COMMAND [ARGUMENT...]: in bench those of its calls, else those of the program
	local preload=$1 counted=(--tool=callgrind --callgrind-out-file=/dev/null)
	shift
	[ "$1" != "$program" ] || counted+=('--toggle-collect=make_calls*')
	env -i LD_PRELOAD="$preload" valgrind "${counted[@]}" "$@" 2>"$scratch/valgrind" \
		>/dev/null || {
		cat "$scratch/valgrind" >&2
		return 1
	}
	awk '/Collected/ { print $NF; counted = 1 } END { exit !counted }' "$scratch/valgrind"
}

system_calls() { # PRELOAD COMMAND [ARGUMENT...]
	local preload=$1
	shift
	env -i strace -f -c -U calls -o "$scratch/strace" -E LD_PRELOAD="$preload" "$@" >/dev/null
	awk 'END { print $1 }' "$scratch/strace"
}

more() { # MEASURE COMMAND [ARGUMENT...]: how much more with the library than without it
	local measure=$1 with without
	shift
	with=$("$measure" "$scratch/library.so" "$@")
	without=$("$measure" "$scratch/without.so" "$@")
	echo $((with - without))
}

# The cost of one call is a tenth of the difference between twenty calls and ten. So work that is
# done only in the first call does not count.
more_per_call() { # MEASURE CALL
	local preload count numbers=()
	for preload in library without; do
		for count in 10 20; do
			numbers+=("$("$1" "$scratch/$preload.so" "$program" "$2" "$count")")
		done
	done
	[ "${numbers[3]}" -gt "${numbers[2]}" ] || {
		echo "counts.sh: $1 of $2 are ${numbers[2]} in ten calls and ${numbers[3]} in twenty," \
			"expected more in twenty" >&2
		return 1
	}
	echo $(((numbers[1] - numbers[0] - numbers[3] + numbers[2]) / 10))
}

relocations() { readelf -rW "$1" | awk '/R_/ { count++ } END { print count + 0 }'; }

figure() { # NAME COMMAND [ARGUMENT...]
	local name=$1 number
	shift
	number=$("$@")
	echo "$name $number" | tee -a "$scratch/figures"
}

for call in connect-unix sendto-udp sendmsg-tcp sendmmsg-tcp connect-v4 connect-v6 \
	connect-v4-nonblocking connect-v6-nonblocking refused; do
	figure "$call.instructions" more_per_call instructions "$call"
	figure "$call.system_calls" more_per_call system_calls "$call"
done
figure start.instructions more instructions /bin/true
figure start.system_calls more system_calls /bin/true
figure start.relocations relocations "$3"
[ $# = 4 ] || exit 0

# A figure without a limit is an error, and so is a limit without a figure.
awk '$0 == "" || /^#/ { next }
	FILENAME == ARGV[1] { limit[$1] = $2; next }
	!($1 in limit) { print "no limit for " $1; failed = 1; next }
	$2 > limit[$1] { print $1 " is " $2 ", expected at most " limit[$1]; failed = 1 }
	{ delete limit[$1] }
	END { for (name in limit) { print "no figure for " name; failed = 1 } exit failed }' \
	"$4" "$scratch/figures" >&2
