#!/bin/bash
# run.sh [BUILD [TREE]]: measures what libnoselfconn and the host rule cost, in about eight minutes,
# and writes the result into README.md, tests/bench/README.md and tests/bench/chart.svg of TREE
# (default: the tree of this file). The raw figures are in BUILD/bench.csv (default: build/ of that
# tree).
#
# Any machine is noisy, so the contestants take turns in many short rounds. Each ratio compares two
# times of the same round; the tables show the median of these ratios and its quartiles.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source_tree=$(cd "$here/../.." && pwd)
build=${1:-$source_tree/build}
tree=${2:-$source_tree}
rounds=${BENCH_ROUNDS:-20}
tries=${BENCH_TRIES:-1000000}

if [ -z "${BENCH_IN_NAMESPACE-}" ]; then
	missing=()
	for command in cmake iperf3 ip iptables readelf ss strace valgrind; do
		PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || missing+=("$command")
	done
	/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || missing+=(matplotlib)
	if ((${#missing[@]})); then
		echo "run.sh: ${missing[*]} not found: install what tests/bench/apt-packages lists" >&2
		exit 1
	fi
	[ -f "$build/CMakeCache.txt" ] || cmake -S "$source_tree" -B "$build"
	cmake --build "$build" --target noselfconn bench_program bench_empty bench_smallest
	BENCH_IN_NAMESPACE=1 exec "$here/../namespace.sh" "$0" "$build" "$tree"
fi

program=$build/tests/bench/bench_program
library=$build/shim/libnoselfconn.so
csv=$build/bench.csv
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo what,under,round,value >"$csv"

record() { # WHAT UNDER ROUND VALUE
	echo "$1,$2,$3,$4" >>"$csv"
}

# The contestants: a preloaded library, a network namespace with the host rule, both or neither.
declare -A preloads=([none]='' [empty]=$build/tests/bench/libbench_empty.so
	[smallest]=$build/tests/bench/libbench_smallest.so [noselfconn]=$library
	[host]='' [both]=$library)
ours=(none empty smallest noselfconn host both)
all=("${ours[@]}")

add_peer() { # NAME FILE
	local file
	file=$(find /usr/lib -path "*/$2" -print -quit 2>/dev/null) || true # some is root's alone
	if [ -z "$file" ]; then
		echo "skipped: $1 is not installed"
		return
	fi
	preloads[$1]=$file
	all+=("$1")
}
add_peer libkeepalive 'libkeepalive.so*'
add_peer torsocks 'torsocks/libtorsocks.so'
add_peer proxychains4 'libproxychains.so.4'

# torsocks and proxychains4 have to be configured to let loopback connections pass.
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

# fresh CONTESTANT RANGE COMMAND [ARGUMENT...]: in a network namespace of its own
fresh() {
	local rule=true
	[ "$1" != host ] || rule="$build/shim/noselfconn-host add"
	# shellcheck disable=SC2016  # for the inner shell
	unshare --net bash -c 'ip link set lo up
		echo "$2" >/proc/sys/net/ipv4/ip_local_port_range
		$1 >&2 && shift 2 && exec "$@"' bash "$rule" "${@:2}"
}
default_range='32768 60999'

wait_for() { # COMMAND [ARGUMENT...]: until it succeeds, ten seconds at most
	for ((i = 0; i < 100; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "run.sh: waited in vain for: $*" >&2
	return 1
}

# shellcheck disable=SC2016  # for the inner shell
fresh host "$default_range" bash -c 'echo $$ >"$1" && exec sleep infinity' bash "$scratch/ruled" &
wait_for [ -s "$scratch/ruled" ]
with_rule=(nsenter --net="/proc/$(cat "$scratch/ruled")/ns/net")

listens() { # [COMMAND...]
	[ -n "$("$@" ss -Hltn 'sport = :5201')" ]
}
serve() { # [COMMAND...]: an iperf3 server where the command puts it
	"$@" iperf3 -s >/dev/null &
	wait_for listens "$@"
}
serve
serve "${with_rule[@]}"

under() { # CONTESTANT VARIABLE COMMAND [ARGUMENT...]: the variable has the preload
	local preload=$2=${preloads[$1]} place=()
	[[ $1 != host && $1 != both ]] || place=("${with_rule[@]}")
	shift 2
	"${place[@]}" env "$preload" "$@"
}

# Each of these prints nanoseconds.
call() { # CONTESTANT CALL COUNT
	under "$1" LD_PRELOAD "$program" "$2" "$3"
}
start() { # CONTESTANT PROGRAM COUNT
	BENCH_PROGRAM=$2 under "$1" BENCH_PRELOAD "$program" start "$3"
}
# The time for a megabyte. For UDP at the sender, so lost packets count as well.
throughput() { # CONTESTANT receiver|sender OPTION...
	local contestant=$1 end=$2
	shift 2
	under "$contestant" LD_PRELOAD iperf3 -c 127.0.0.1 -f m "$@" | awk -v end="$end" '
		$NF == end { for (i = 2; i <= NF; i++) if ($i == "Mbits/sec") print 8e9 / $(i - 1) }'
}
# Without a cure the program leaves ports in TIME_WAIT. A namespace of its own takes them along.
answer() { # CONTESTANT CALL COUNT
	case $1 in
	none) fresh none "$default_range" "$program" "$2" "$3" ;;
	*) call "$@" ;;
	esac
}

# Each round begins with the next contestant.
take_turns() { # WHAT CONTESTANTS MEASURE [ARGUMENT...]
	local what=$1 round value contestant
	local -n contestants=$2
	local number=${#contestants[@]}
	shift 2
	echo "$SECONDS s: $what"
	for ((round = 0; round < rounds; round++)); do
		for contestant in "${contestants[@]:round % number}" "${contestants[@]:0:round % number}"; do
			value=$("$1" "$contestant" "${@:2}" 2>"$scratch/complaint") || value=
			if [ -z "$value" ]; then
				[[ " ${ours[*]} " != *" $contestant "* ]] || {
					echo "run.sh: $what fails under $contestant:" >&2
					cat "$scratch/complaint" >&2
					return 1
				}
				value=fails
			fi
			record "$what" "$contestant" "$round" "$value"
		done
	done
}

# A program that needs two hundred libraries.
many=$scratch/many
compiler=${CC:-cc}
"$compiler" -D_GNU_SOURCE -fPIC -c -o "$scratch/dependency.o" "$here/dependency.c"
dependencies=()
for ((i = 0; i < 200; i++)); do
	"$compiler" -shared -Wl,-z,now -o "$scratch/libdependency$i.so" "$scratch/dependency.o"
	dependencies+=("-ldependency$i")
done
echo 'int main(void) { return 0; }' | "$compiler" -x c -o "$many" - -L"$scratch" \
	-Wl,--no-as-needed,-rpath,"$scratch" "${dependencies[@]}"

# Waits for the end of TIME_WAIT, a minute, in the background; it takes hardly any processor time.
fresh none "$default_range" "$program" wait-for-bind 1 >"$scratch/wait" &
waiting=$!

for contestant in smallest noselfconn; do
	echo "$SECONDS s: counting under $contestant"
	"$here/counts.sh" "$program" "${preloads[empty]}" "${preloads[$contestant]}" >"$scratch/counts"
	while read -r figure number; do
		record "$figure" "$contestant" 0 "$number"
	done <"$scratch/counts"
done

# The dirty pages of a process. Clean pages belong to the page cache. The number of stack pages
# varies.
private_pages() { # CONTESTANT
	# shellcheck disable=SC2016  # for awk
	under "$1" LD_PRELOAD awk '/^Private_Dirty/ { print $2 / 4 }' /proc/self/smaps_rollup
}
for contestant in empty noselfconn; do
	strip -o "$scratch/stripped" "${preloads[$contestant]}"
	record size "$contestant" 0 "$(stat -c %s "$scratch/stripped")"
	record relocations "$contestant" 0 "$(readelf -rW "${preloads[$contestant]}" | grep -c R_)"
done
# shellcheck disable=SC2034  # take_turns uses it through a name reference
libraries=(empty noselfconn)
take_turns private-pages libraries private_pages

for what in connect-v4 connect-v6 connect-v4-nonblocking connect-v6-nonblocking refused; do
	take_turns "$what" all call "$what" 5000
done
take_turns connect-2-threads all call connect-2-threads 10000
take_turns connect-8-threads all call connect-8-threads 10000
take_turns connect-unix all call connect-unix 20000
take_turns sendto-udp all call sendto-udp 50000
take_turns sendmsg-tcp all call sendmsg-tcp 20000
take_turns start all start /bin/true 50
take_turns start-200 all start "$many" 3
take_turns throughput-tcp ours throughput receiver -n 500M
take_turns throughput-udp ours throughput sender -u -b 0 -n 200M

# shellcheck disable=SC2034
cures=(none noselfconn host)
for what in refusal self-connect self-connect-explicit; do
	take_turns "$what" cures answer "$what" 100
	take_turns "$what-nonblocking" cures answer "$what-nonblocking" 100
done
# shellcheck disable=SC2034
grown=(none noselfconn host both)
for taken in 10 1000 28000; do
	take_turns "connect-$taken-taken" grown call "connect-$taken-taken" 2000
done

for contestant in none noselfconn host; do
	preload=LD_PRELOAD=${preloads[$contestant]}
	for range in "$default_range" '44444 44444'; do
		echo "$SECONDS s: binds under $contestant, range $range"
		read -r failures _ < <(fresh "$contestant" "$range" \
			env "$preload" "$program" binds $((tries / 4)))
		record "binds $range" "$contestant" 0 "$failures"
	done
	echo "$SECONDS s: tries under $contestant"
	read -r reached _ < <(fresh "$contestant" "$default_range" env NOSELFCONN_LOG=stderr \
		"$preload" "$program" tries "$tries" 2>"$scratch/log")
	record tries "$contestant" 0 "$reached"
	record undone "$contestant" 0 "$(grep -c self-connects= "$scratch/log" || true)"
done
wait "$waiting"
record wait-for-bind none 0 "$(cat "$scratch/wait")"
for contestant in noselfconn host; do
	record wait-for-bind "$contestant" 0 "$(call "$contestant" wait-for-bind 1)"
done
record tried all 0 "$tries"
record bound all 0 $((tries / 4))
record rounds all 0 "$rounds"

"$here/report.py" "$csv" "$tree"
