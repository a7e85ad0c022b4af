# shellcheck shell=bash disable=SC2034
# Sourced by scripts that need namespaces of their own, where the kernel has only one port to choose
# from. It runs the script again inside them, with "alone" as its last argument, and sets $launcher.
[ "${*: -1}" = alone ] || exec "$(dirname "$0")/../namespace.sh" bash "$0" "$@" alone
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

launcher=$1
port=40000
readonly other_network=(unshare --net bash -c "ip link set lo up
	echo $port $port >/proc/sys/net/ipv4/ip_local_port_range
	exec \"\$@\"" bash)
# Namespaces like those of a container.
readonly container=(unshare --user --map-root-user --pid --mount --fork --kill-child --mount-proc
	"${other_network[@]}")

choose_from() {
	echo "$1" >/proc/sys/net/ipv4/ip_local_port_range
}

# started COMMAND...: starts it and waits for its first line. Its process is $pid, and the rest of
# its output comes from descriptor $output.
started() {
	exec {output}< <(exec "$@" </dev/null 2>/dev/null)
	pid=$!
	read -r -u "$output" _ || fail "$* did not start"
}
has_ended() {
	[[ ! -e /proc/$1/stat || $(<"/proc/$1/stat") = *') Z '* ]]
} 2>/dev/null
# "wait" knows only the last process substitution, so this also waits for others.
stopped() {
	kill -KILL "$1"
	wait "$1" 2>/dev/null || :
	within_seconds has_ended "$1"
}
# says PATTERN: the next line of the command that was started last.
says() {
	local line
	read -r -u "$output" line || :
	# shellcheck disable=SC2053 # $1 is a pattern
	[[ $line = $1 ]] || fail "the command says \"$line\", expected \"$1\""
}

# A copy that every user can run, also when the build directory is private.
cp "$launcher" noselfconn
chmod a+rx noselfconn
gcc -D_GNU_SOURCE -o client "$here/client.c"
PATH=$PWD:$PATH
choose_from "$port $port"
ip address add fe80::7/64 dev lo nodad

client 127.0.0.1 leaving >/dev/null
[[ $(noselfconn --free "$port") = freed:* ]] ||
	skip "this kernel does not end sockets in TIME_WAIT (INET_DIAG_DESTROY, Linux 6.0)"
