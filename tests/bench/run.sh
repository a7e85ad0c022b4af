#!/bin/bash
# run.sh PROGRAM LIBRARY SMALLEST EMPTY CSV: measures, prints tables and writes them as CSV too.
#
# The machine is noisy, so the contestants take turns in many short rounds. A ratio is that of two
# neighbours in one round; the tables show the median of the ratios and the quartiles around it.
set -euo pipefail

program=$1 library=$2 smallest=$3 empty=$4 csv=$5
rounds=${BENCH_ROUNDS:-40}
tries=${BENCH_TRIES:-10000000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The peers pass loopback on: torsocks and proxychains4 are told to.
cat >"$scratch/torsocks.conf" <<-end
	AllowOutboundLocalhost 1
	IsolatePID 0
end
cat >"$scratch/proxychains.conf" <<-end
	quiet_mode
	localnet 127.0.0.0/255.0.0.0
	localnet ::1/128
	[ProxyList]
	socks5 127.0.0.1 1
end
export TORSOCKS_CONF_FILE=$scratch/torsocks.conf TORSOCKS_LOG_LEVEL=1
export PROXYCHAINS_CONF_FILE=$scratch/proxychains.conf

declare -A preloads=([none]='' [empty]=$empty [smallest]=$smallest [noselfconn]=$library)
add_peer() { # NAME FILE
	local file
	file=$(find /usr/lib -path "*/$2" 2>/dev/null | head -n 1)
	[ -z "$file" ] || preloads[$1]=$file
}
add_peer libkeepalive 'libkeepalive.so*'
add_peer torsocks 'torsocks/libtorsocks.so'
add_peer proxychains4 'libproxychains.so.4'

once() { # CONTESTANT CALL COUNT
	if [ "$2" = start ]; then
		BENCH_PRELOAD=${preloads[$1]} "$program" "$2" "$3"
	else
		LD_PRELOAD=${preloads[$1]} "$program" "$2" "$3"
	fi
}

# Leaves a file of nanoseconds, one line a round, for each contestant that can make the call.
take_turns() { # CALL COUNT CONTESTANT...
	local call=$1 count=$2 round contestant
	shift 2
	rm -f "$scratch"/*.ns
	for ((round = 0; round < rounds; round++)); do
		for contestant; do
			once "$contestant" "$call" "$count" >>"$scratch/$contestant.ns" 2>/dev/null ||
				echo fails >>"$scratch/$contestant.ns"
		done
	done
}

quartiles() { sort -n | awk '{ a[NR] = $1 } END {
	print a[int((NR + 3) / 4)], a[int((NR + 1) / 2)], a[int((3 * NR + 3) / 4)] }'; }

ratio() { # CONTESTANT BASE
	paste "$scratch/$1.ns" "$scratch/$2.ns" | awk '{ printf "%.4f\n", $1 / $2 }' | quartiles |
		awk '{ printf "%.3f (%.3f-%.3f)", $2, $1, $3 }'
}

table_head() { # TITLE COLUMN...
	local title=$1
	shift
	printf '\n%s\n\n' "$title" | tee -a "$csv"
	row "$@"
	printf '|%s\n' "$(printf ' --- |%.0s' "$@")"
}

row() { # CELL...
	printf '|%s\n' "$(printf ' %s |' "$@")"
	printf '%s\n' "$(printf ',"%s"' "$@")" | cut -c 2- >>"$csv"
}

compare() { # CALL COUNT CONTESTANT...
	local call=$1 count=$2 contestant nanoseconds
	shift 2
	take_turns "$call" "$count" "$@"
	for contestant; do
		if grep -q fails "$scratch/$contestant.ns"; then
			row "$call" "$contestant" 'does not pass it' '' '' ''
			continue
		fi
		nanoseconds=$(quartiles <"$scratch/$contestant.ns" | cut -d' ' -f2)
		row "$call" "$contestant" "$nanoseconds" "$(ratio "$contestant" none)" \
			"$(ratio "$contestant" smallest)" "$(ratio "$contestant" empty)"
	done
}

# Clean pages are the page cache's, whether or not another process maps them just now. How many the
# stack takes is chance.
private_pages() { # CONTESTANT
	local round
	for ((round = 0; round < rounds; round++)); do
		LD_PRELOAD=${preloads[$1]} awk '/^Private_Dirty/ { print $2 / 4 }' /proc/self/smaps_rollup
	done | quartiles | cut -d' ' -f2
}

calls_of() { # CONTESTANT CALL COUNT
	strace -f -E LD_PRELOAD="${preloads[$1]}" -c -U name,calls "$program" "$2" "$3" 2>&1 >/dev/null |
		awk '$2 ~ /^[0-9]+$/ { print $1, $2 }' | sort
}

more_calls() { # CALL COUNT: the system calls under the library that are not there under EMPTY
	join -a 1 -a 2 -e 0 -o 0,1.2,2.2 <(calls_of noselfconn "$1" "$2") \
		<(calls_of empty "$1" "$2") | awk '$2 != $3 && $1 != "total" {
		out = out sep $2 - $3 " " $1; sep = "; " } END { print out ? out : "none" }'
}

: >"$csv"
echo "Machine: $(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)," \
	"Linux $(uname -r), $(date -u +%F), $rounds rounds" | tee -a "$csv"

all=(none empty smallest noselfconn)
for peer in libkeepalive torsocks proxychains4; do
	[ -z "${preloads[$peer]-}" ] || all+=("$peer")
done

table_head 'Time per call' call under ns 'of none' 'of smallest' 'of empty'
for call in connect-v4 connect-v6 connect-v4-nonblocking connect-v6-nonblocking; do
	compare "$call" 5000 "${all[@]}"
done
compare connect-two-threads 40000 "${all[@]}"
compare connect-unix 100000 "${all[@]}"
compare sendto-udp 100000 "${all[@]}"
compare sendmsg-tcp 50000 "${all[@]}"
compare start 50 "${all[@]}"

table_head 'Size' what noselfconn empty
cp "$library" "$scratch/stripped" && strip "$scratch/stripped"
cp "$empty" "$scratch/empty" && strip "$scratch/empty"
row 'file, stripped, bytes' "$(stat -c %s "$scratch/stripped")" "$(stat -c %s "$scratch/empty")"
row 'text, data, bss' "$(size "$library" | awk 'NR == 2 { print $1, $2, $3 }')" \
	"$(size "$empty" | awk 'NR == 2 { print $1, $2, $3 }')"
row relocations "$(readelf -rW "$library" | grep -c R_)" "$(readelf -rW "$empty" | grep -c R_)"
row 'private pages of a process' "$(private_pages noselfconn)" "$(private_pages empty)"

table_head 'System calls more than under the empty library' program calls
row '1000 connects' "$(more_calls connect-v4 1000)"
row '1000 sendto, UDP' "$(more_calls sendto-udp 1000)"
row '1 start' "$(more_calls sendto-udp 1)"

table_head 'A self-connect' what 'by the library' 'by closing and connecting again'
in_namespace() { unshare -rn bash -c 'ip link set lo up && exec "$@"' - "$@"; }
export -f in_namespace
take_turns_in_namespace() {
	local round
	rm -f "$scratch"/*.ns
	for ((round = 0; round < rounds; round++)); do
		in_namespace env LD_PRELOAD="$library" "$program" self-connect 100 \
			>>"$scratch/noselfconn.ns"
		in_namespace "$program" self-connect 100 >>"$scratch/none.ns"
	done
}
take_turns_in_namespace
row 'ns until the true answer' "$(quartiles <"$scratch/noselfconn.ns" | cut -d' ' -f2)" \
	"$(quartiles <"$scratch/none.ns" | cut -d' ' -f2)"
row 'ratio' "$(ratio noselfconn none)" 1
row 'ms until a server can bind the port' \
	"$(($(in_namespace env LD_PRELOAD="$library" "$program" until-bound 1) / 1000000))" \
	"$(($(in_namespace "$program" until-bound 1) / 1000000))"

table_head "$tries tries against a dead port in the default range" under 'told the program' undone
row noselfconn "$(in_namespace env NOSELFCONN_LOG=stderr LD_PRELOAD="$library" "$program" tries \
	"$tries" 2>"$scratch/log")" "$(grep -c self-connects= "$scratch/log" || true)"
