# shellcheck shell=bash disable=SC2034
# Read by scripts whose last argument is then "alone": they run in namespaces of their own, where
# the kernel has one port to choose from. $launcher is the launcher.
[ "${*: -1}" = alone ] || exec "$(dirname "$0")/../namespace.sh" bash "$0" "$@" alone
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

launcher=$1
port=40000
readonly other_network=(unshare --net bash -c "ip link set lo up
	echo $port $port >/proc/sys/net/ipv4/ip_local_port_range
	exec \"\$@\"" bash)
# As containers have it.
readonly container=(unshare --user --map-root-user --pid --mount --fork --kill-child --mount-proc
	"${other_network[@]}")

choose_from() {
	echo "$1" >/proc/sys/net/ipv4/ip_local_port_range
}

# started COMMAND...: in $pid, once it has said its first line. What it says is at $output.
started() {
	exec {output}< <(exec "$@" </dev/null 2>/dev/null)
	pid=$!
	read -r -u "$output" _ || fail "$* did not start"
}
has_ended() {
	[[ ! -e /proc/$1/stat || $(<"/proc/$1/stat") = *') Z '* ]]
} 2>/dev/null
# bash itself waits for the last process substitution only.
stopped() {
	kill -KILL "$1"
	wait "$1" 2>/dev/null || :
	within_seconds has_ended "$1"
}
# says TEXT: the next line of what has been started last.
says() {
	local line
	read -r -u "$output" line || :
	# shellcheck disable=SC2053 # a pattern it is
	[[ $line = $1 ]] || fail "it says \"$line\", expected \"$1\""
}

# Everybody can run the launcher wherever it was built.
cp "$launcher" noselfconn
chmod a+rx noselfconn
gcc -D_GNU_SOURCE -o client "$here/client.c"
PATH=$PWD:$PATH
choose_from "$port $port"

client 127.0.0.1 leaving >/dev/null
[[ $(noselfconn --free "$port") = freed:* ]] ||
	skip "this kernel does not end sockets in TIME_WAIT (INET_DIAG_DESTROY, Linux 6.0)"
