#!/bin/bash
# Shows what a self-connect is and what the library does about it, in less than a minute. Installs
# what is missing, builds in build/demo, and does all the rest in network namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

export LC_ALL=C
unset LD_PRELOAD "${!NOSELFCONN_@}"
readonly library=build/demo/shim/libnoselfconn.so
readonly fast_client=build/demo/examples/fast_client
readonly server=(nc.openbsd -nvl 127.0.0.1 44444)
readonly port_range=/proc/sys/net/ipv4/ip_local_port_range few_ports='44430 44461'

# What is seen

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

# Shows what a command has said only when it fails.
quietly() {
	local said
	said=$("$@" 2>&1) || die "failed: $*"$'\n'"$said"
}

# What is needed

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
		die "a network namespace is needed, and neither you nor a user namespace of yours" \
			"may have one here: try sudo examples/demo.sh"
}

# The loop, the trace and the server, in the background

background=()
trap '((!${#background[@]})) || kill "${background[@]}" 2>/dev/null || true' EXIT

start_loop() {
	coproc loop { exec env "$@" examples/self_connect.sh 2>&1; }
	background+=("$loop_PID")
	exec {from_loop}<&"${loop[0]}"- {to_loop}>&"${loop[1]}"-
}

# Shows the lines of the loop up to one that matches, but not every refusal.
follow_loop() {
	local line refusals=0
	while ((refusals < 1000)) && IFS= read -r -t 20 line <&"$from_loop"; do
		# shellcheck disable=SC2053 # a pattern
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
	die "telnet was to say \"$1\", and said \"${line-}\" after $refusals refusals"
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

# The last tries up to the first SYN-ACK, of each packet what matters.
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

# The acts. Each has a namespace of its own, since the first one leaves the port blocked.

tell_of_ports() {
	say "Nobody listens on port 44444. Clients get ports from ${few_ports/ / to } (ip_local_port_range)."
}

without_the_library() {
	local tracing=false tries
	echo "$few_ports" >"$port_range"
	! command -v tcpdump >/dev/null || ! start_trace || tracing=true
	start_loop
	tries=$(follow_loop 'Connected to *')
	# When the first try meets itself there is no loop to be seen. The port is blocked now.
	if [[ $tries != *refused*refused* ]]; then
		kill "${background[@]}"
		exec unshare --net "$0" without_the_library
	fi

	heading "1. Without the library"
	tell_of_ports
	command_line examples/self_connect.sh
	echo "$tries"
	say "telnet is connected, to itself:"
	show ss -tnp
	say "\"Is anybody there?\", typed into telnet, comes back:" ""
	echo 'Is anybody there?' >&"$to_loop"
	follow_loop 'Is anybody there*'
	if $tracing; then
		say "The kernel had chosen the destination port as source port. The SYN came back to the" \
			"socket that had sent it, and was taken for a peer that connects at the same time:"
		show_trace
	fi

	say "The server that the port belongs to cannot start while telnet lives:"
	show "${server[@]}"
	end_loop
	say "Nor can it for a minute after telnet has gone, SO_REUSEADDR or not:"
	show ss -tan
	show "${server[@]}"
}

with_the_library() {
	echo "$few_ports" >"$port_range"
	heading "2. With the library"
	tell_of_ports
	start_loop LD_PRELOAD="$library" NOSELFCONN_LOG=stderr
	command_line LD_PRELOAD="$library" NOSELFCONN_LOG=stderr examples/self_connect.sh
	follow_loop 'telnet*libnoselfconn:*'
	follow_loop '*refused'
	kill "$loop_PID"
	end_loop

	say "telnet met itself. The library undid that and tried again, and telnet heard the truth." \
		"Nothing is left of it, and the server starts at once:"
	show ss -tan
	start_server
}

how_often() {
	local tries=500000
	heading "3. How often, with the ports that Linux uses by default"
	say "Nobody listens on port 44444. Clients get ports from $(sed 's/\t/ to /' "$port_range")."
	show "$fast_client" 44444 $tries
	command_line LD_PRELOAD="$library" NOSELFCONN_LOG=stderr "$fast_client" 44444 $tries
	LD_PRELOAD="$library" NOSELFCONN_LOG=stderr "$fast_client" 44444 $tries 2>&1 |
		awk '/libnoselfconn:/ { stepped_in++; next } { print }
		     END { print "the library stepped in " stepped_in + 0 " times, by its log" }' | output
	say "To use it: LD_PRELOAD=$PWD/$library PROGRAM"
}

case ${1-} in
'')
	install_missing
	choose_namespace
	build
	echo "Running in network namespaces of its own, on $(uname -srm)"
	for act in without_the_library with_the_library how_often; do
		"${in_namespace[@]}" "$0" "$act"
	done
	;;
without_the_library | with_the_library | how_often)
	ip link set lo up
	"$1"
	;;
*) die "\"$*\" given, expected nothing" ;;
esac
