#!/bin/bash
# tcpdump compiles each filter in the script to the bytecode below the filter.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# Prints the filter, then the program.
of() { # FAMILY
	awk -v family="[$1]=" '
		/^\t# / { filter = filter substr($0, 3) }
		index($0, family) { inside = 1; print filter; sub(/.*="/, "") }
		inside { line = $0; sub(/\\$/, "", line); sub(/"$/, "", line); program = program line }
		inside && /"$/ { print program; exit }
		/\)$/ || /"$/ { filter = "" }' "$host"
}
for family in iptables ip6tables; do
	mapfile -t found < <(of "$family")
	[ "$(tcpdump -y RAW -ddd "${found[0]}" 2>/dev/null | paste -sd,)" = "${found[1]}" ] ||
		fail "not the program of${found[0]}: ${found[1]}"
done
grep -q '#.*ip6\[40:2\] = ip6\[42:2\]' "$host" || fail "no filter"
