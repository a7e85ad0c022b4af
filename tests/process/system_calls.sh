#!/bin/bash
# The system calls of a program, with and without the library:
#
#   system_calls.sh LIBRARY PROGRAM
set -euo pipefail
. "$(dirname "$0")/../outcome.sh"
library=$1
program=$2

# The program gets its own network namespace.
if [ "${IN_NAMESPACE-}" != yes ]; then
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(--map-root-user)
	IN_NAMESPACE=yes exec unshare --net "${as_root[@]}" "$0" "$@"
fi
command -v strace >/dev/null || skip "no strace"
ip link set lo up
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT

trace() {
	strace -o "$directory/$1" "${@:2}" "$program" </dev/null
}

# The call and its result.
results() {
	sed -E 's/^(\w+)\(.*\) += (.*)$/\1 = \2/'
}

# Adds the one call that the library makes for a connection that is established or under way.
with_getsockname() {
	awk '{ print }
		/^connect\(.*sa_family=AF_INET6?,.* = (0$|-1 EINPROGRESS |\? ERESTARTSYS )/ {
			print "getsockname() = 0" }'
}

# The parts of the trace before and after the start of main(), which begins with the first socket().
# How often the timer fires varies.
before_main() { sed '/^socket(/,$d' "$1"; }
after_main() { sed -n '/^socket(/,$p' "$1" | grep -vE '^(---|rt_sigreturn)'; }

# The names of the calls; which of the two stat calls depends on the architecture.
names() {
	sed -E 's/^(\w+)\(.*/\1/; s/^newfstatat$/fstat/' | sort
}

trace without
trace with -E LD_PRELOAD="$library"

echo "Loading maps the file and does nothing else:"
comm -13 <(before_main "$directory/without" | names) <(before_main "$directory/with" | names) |
	uniq -c | tee "$directory/loading"
diff <(awk '{ print $2 }' "$directory/loading") <(printf '%s\n' close fstat mmap mprotect openat read)
[ "$(grep -c "^openat(.*\"$library\"" "$directory/with")" = 1 ]

echo "A connection costs one getsockname(), and nothing else costs anything:"
after_main "$directory/without" | grep -c '^connect('
diff -U0 <(after_main "$directory/without" | with_getsockname | results) \
	<(after_main "$directory/with" | results)
