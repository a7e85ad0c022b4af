#!/bin/bash
# Shows what a self-connect is and what the library does about it, in less than a minute. Installs
# missing packages, builds in build/demo, and runs everything else in network namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

export LC_ALL=C
unset LD_PRELOAD "${!NOSELFCONN_@}"
readonly library=build/demo/shim/libnoselfconn.so
readonly launcher=build/demo/shim/noselfconn
readonly fast_client=build/demo/examples/fast_client
readonly server=(nc.openbsd -nvl 127.0.0.1 44444)
readonly port_range=/proc/sys/net/ipv4/ip_local_port_range few_ports='44430 44461'

# Output

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi

heading() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

say() {
	echo
	printf '%s\n' "$@"
}

command_line() {
	printf '\n  %s$ %s%s\n' "$bold" "$*" "$plain"
}

output() {
	sed 's/^/    /; s/ *$//'
}

show() {
	command_line "$@"
	{ "$@" 2>&1 || true; } | output
}

die() {
	printf 'demo.sh: %s\n' "$*" >&2
	exit 1
}

# Shows the output of a command only if the command fails.
quietly() {
	local output
	output=$("$@" 2>&1) || die "failed: $*"$'\n'"$output"
}

# Preparation

missing_packages() {
	local command
	local -A package_of=([cc]=build-essential [cmake]=cmake [ip]=iproute2 [make]=build-essential
		[nc.openbsd]=netcat-openbsd [ss]=iproute2 [tcpdump]=tcpdump [telnet]=telnet)
	for command in "${!package_of[@]}"; do
		command -v "$command" >/dev/null || echo "${package_of[$command]}"
	done | sort -u
}

install_missing() {
	local missing as_root=()
	mapfile -t missing < <(missing_packages)
	((${#missing[@]})) || return 0
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	echo "Installing: ${missing[*]}"
	if ! "${as_root[@]}" apt-get --version >/dev/null; then
		[ "${missing[*]}" = tcpdump ] || die "cannot install ${missing[*]}"
		echo "Going on without tcpdump"
		return
	fi
	quietly "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 update
	quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y \
		-o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"
}

build() {
	echo "Building in build/demo"
	quietly cmake -S . -B build/demo -DBUILD_TESTING=OFF
	quietly cmake --build build/demo
}

works() {
	"$@" sh -c "ip link set lo up && echo $few_ports >$port_range" 2>/dev/null
}

choose_namespace() {
	in_namespace=(unshare --net)
	works "${in_namespace[@]}" && return
	in_namespace=(unshare --user --map-current-user --keep-caps --net)
	works "${in_namespace[@]}" ||
		die "a network namespace is needed, and you may not create one here:" \
			"try sudo examples/demo.sh"
}

# Background processes: the loop, the trace and the server

background=()
trap '((!${#background[@]})) || kill "${background[@]}" 2>/dev/null || true' EXIT

start_loop() {
	coproc loop { exec env "$@" examples/self_connect.sh 2>&1; }
	background+=("$loop_PID")
	exec {from_loop}<&"${loop[0]}"- {to_loop}>&"${loop[1]}"-
}

# Shows the loop's output up to the line that matches, with most of the refusals left out.
follow_loop() {
	local line refusals=0
	while ((refusals < 1000)) && IFS= read -r -t 20 line <&"$from_loop"; do
		# shellcheck disable=SC2053 # $1 is a pattern
		if [[ $line == $1 ]]; then
			((refusals <= 3)) || echo "    ($((refusals - 3)) more)"
			echo "    $line"
			return
		elif [[ $line == *refused ]] && ((++refusals <= 3)); then
			echo "    $line"
		elif [[ $line == Connected* ]]; then
			break
		fi
	done
	die "expected \"$1\" from telnet, got \"${line-}\" after $refusals refusals"
}

end_loop() {
	exec {to_loop}>&-
	cat <&"$from_loop" >/dev/null
}

start_trace() {
	local line
	exec {trace}< <(exec timeout 30 tcpdump -i lo -lnt --immediate-mode tcp port 44444 2>&1)
	background+=($!)
	while IFS= read -r line <&"$trace"; do
		[[ $line != listening* ]] || return 0
	done
	return 1
}

# Shows the last tries before the first SYN-ACK, with addresses and flags only.
show_trace() {
	command_line tcpdump -i lo tcp port 44444
	sed -E 's/, .*//; /Flags \[S\.\]/q' <&"$trace" | tail -n 8 |
		sed -e 's/Flags \[S\]/SYN/; s/Flags \[S\.\]/SYN-ACK/; s/Flags \[R\.\]/RST/; s/^IP //' |
		output
}

start_server() {
	local line
	command_line "${server[@]}"
	exec {listening}< <(exec "${server[@]}" 2>&1)
	background+=($!)
	IFS= read -r line <&"$listening" || true
	echo "    $line"
	[[ $line == Listening* ]] || die "the server could not start"
}

# The three parts. Each runs in a fresh namespace, because the first one leaves the port in TIME_WAIT.

explain_ports() {
	say "Nobody listens on port 44444. The kernel gives clients a source port" \
		"from $(sed 's/\t/ to /' "$port_range") (net.ipv4.ip_local_port_range)."
}

without_the_library() {
	local tracing=false tries
	echo "$few_ports" >"$port_range"
	! command -v tcpdump >/dev/null || ! start_trace || tracing=true
	start_loop
	tries=$(follow_loop 'Connected to *')
	# A self-connect on one of the first tries would not show the loop. The port is in TIME_WAIT
	# now, so this part starts again in another namespace.
	if [[ $tries != *refused*refused* ]]; then
		kill "${background[@]}"
		exec unshare --net "$0" without_the_library
	fi

	heading "1. Without the library"
	explain_ports
	command_line examples/self_connect.sh
	echo "$tries"
	say "telnet is connected, to itself:"
	show ss -tnp
	say "What is typed into telnet comes back:" ""
	echo 'Is anybody there?' >&"$to_loop"
	follow_loop 'Is anybody there*'
	if $tracing; then
		say "The kernel chose the destination port as the source port. The SYN came" \
			"back to the socket that had sent it, and that socket took it for a peer" \
			"that connects at the same moment (a simultaneous open):"
		show_trace
	fi

	say "The real server cannot start while telnet runs:"
	show "${server[@]}"
	end_loop
	say "Nor can it start for a minute after telnet has ended, even with SO_REUSEADDR:"
	show ss -tan
	show "${server[@]}"
}

with_the_library() {
	echo "$few_ports" >"$port_range"
	heading "2. With the library"
	explain_ports
	start_loop LD_PRELOAD="$library" NOSELFCONN_LOG=stderr
	command_line LD_PRELOAD="$library" NOSELFCONN_LOG=stderr examples/self_connect.sh
	follow_loop 'telnet*libnoselfconn:*'
	follow_loop '*refused'
	kill "$loop_PID"
	end_loop

	say "telnet connected to itself. The library undid the connection and" \
		"tried again, and telnet got the true answer. Nothing holds the port, and" \
		"the server starts at once:"
	show ss -tan
	start_server
}

how_often() {
	local tries=500000
	heading "3. How often it happens in Linux's default port range"
	explain_ports
	show "$fast_client" 44444 $tries
	command_line LD_PRELOAD="$library" NOSELFCONN_LOG=stderr "$fast_client" 44444 $tries
	LD_PRELOAD="$library" NOSELFCONN_LOG=stderr "$fast_client" 44444 $tries 2>&1 |
		awk '/libnoselfconn:/ { stepped_in++; next } { print }
		     END { print stepped_in + 0 " self-connects undone, according to the log" }' | output
}

what_next() {
	local as_root=(sudo)
	[ "$(id -u)" != 0 ] || as_root=()
	heading "What next"
	say "Is this host at risk, and from which servers?"
	command_line "$launcher" --risk
	say "Run a program under the library:"
	command_line "$launcher" PROGRAM
	say "Install the library and its tools:"
	command_line "${as_root[@]}" cmake --install build/demo
	say "Then protect a whole host, static programs, Go and PHP included:"
	command_line "${as_root[@]}" noselfconn-host add
	say "README.md has the rest."
}

case ${1-} in
'')
	install_missing
	choose_namespace
	build
	echo "Running in its own network namespaces, on $(uname -srm)"
	for act in without_the_library with_the_library how_often; do
		"${in_namespace[@]}" "$0" "$act"
	done
	what_next
	;;
without_the_library | with_the_library | how_often)
	ip link set lo up
	"$1"
	;;
*) die "\"$*\" given, expected nothing" ;;
esac
