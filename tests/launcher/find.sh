#!/bin/bash
# noselfconn --find [PORT] shows self-connected sockets, and no others.
# shellcheck disable=SC2016,SC2154 # single-quoted code is for another shell; variables from alone.sh

# On the real host, among kernel threads and the processes of others, no socket has port 1.
if [ "${*: -1}" != alone ]; then
	said=$("$1" --find 1 2>&1) || (($? == 3))
	[[ $said = *'no socket of port 1 is connected to itself in '* ]] || {
		echo "on the host: $said" >&2
		exit 1
	}
	[[ $EUID != 0 || $said = 'no socket'* ]] || {
		echo "root cannot see everything: $said" >&2
		exit 1
	}
fi

# shellcheck source=/dev/null
. "$(dirname "$0")/alone.sh"

none='no socket is connected to itself in *'
# found COLUMN PATTERN: --find prints one line below its heading, and this is the value in that
# column. Also sets $value to it.
found() {
	value=$({ noselfconn --find || :; } | awk -v column="$1" 'NR == 2 { print $column } END { exit NR != 2 }') ||
		fail "expected one line: $(noselfconn --find)"
	# shellcheck disable=SC2053 # $2 is a pattern
	[[ $value = $2 ]] || fail "column $1 is \"$value\", expected \"$2\""
}
# The network namespace of a process, quoted as a pattern.
network_of() {
	readlink "/proc/$1/ns/net" | sed 's/[][]/\\&/g'
}
unit_of() {
	awk -F / 'length > longest { longest = length; unit = $NF } END { print unit == "" ? "-" : unit }' \
		<(sed 's/^[^/]*//' "/proc/$1/cgroup")
}
found_live() {
	found 1 "$1:$port"
	found 2 ESTABLISHED
	found 3 'runs:[0-9]*s'
	found 4 "$2"
	found 5 '[0-9]*'
	[[ $(readlink "/proc/$2/fd/$value") = socket:* ]] || fail "descriptor $value is no socket"
	found 6 client
	found 7 "$3"
	found 8 "$(unit_of "$2")"
	expect 2 '*' noselfconn --find
}

expect 0 'no socket is connected to itself in the 1 network namespace that processes live in' \
	noselfconn --find
expect 0 "no socket of port $port is connected to itself in *" noselfconn --find "$port"
for garbage in '' 0 65536 -1 1x x ' 1' +1 99999999999999999999 44444.; do
	expect 125 "noselfconn: --find $garbage: expected a port from 1 to 65535" \
		noselfconn --find="$garbage"
done

# Each kind of address, first with a live client, then in TIME_WAIT.
for how in 127.0.0.1 '127.0.0.1 device' ::1 fe80::7%lo ::ffff:127.0.0.1 '127.0.0.1 mptcp' '::1 mptcp'; do
	address=${how%% *}
	[[ $how != *mptcp || -e /proc/sys/net/mptcp/enabled ]] || continue
	shown=$address
	[[ $address != *:* ]] || shown="\[${address%\%*}\]"
	# shellcheck disable=SC2086 # words
	started client $how
	found_live "$shown" "$pid" own
	stopped "$pid"
	found 1 "$shown:$port"
	found 2 TIME_WAIT
	found 3 'left:[0-9]*s'
	left=$({ noselfconn --find || :; } | awk 'NR == 2 { print $3 }')
	left=${left//[!0-9]/}
	((left > 0 && left <= 60)) || fail "$left s of TIME_WAIT are left"
	found 4 -
	found 6 -
	noselfconn --free "$port" >/dev/null
done
expect 0 "$none" noselfconn --find

# With a port, only sockets of that port are shown.
started client 127.0.0.1
expect 2 'ADDRESS *STATE *TIME *PID *FD *PROGRAM *NETWORK *UNIT*' noselfconn --find "$port"
expect 2 '*' noselfconn --find="$port"
expect 0 'no socket of port 40001 is *' noselfconn --find 40001

# A user who may not look into the process sees its socket, and a note that the program is not
# shown.
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if "${as_nobody[@]}" true 2>/dev/null; then
	expect 2 "*127.0.0.1:$port *ESTABLISHED * - * - - *own*the sockets without PID are open in no process that you may examine: ask root" \
		"${as_nobody[@]}" noselfconn --find
	for hidepid in 1 2; do
		hidden=(unshare --mount bash -c "mount -t proc -o hidepid=$hidepid proc /proc
			exec \"\$@\"" bash)
		expect 3 'noselfconn: /proc hides *others could not be looked at' \
			"${hidden[@]}" "${as_nobody[@]}" noselfconn --find 40001
		expect 2 'noselfconn: /proc hides *' "${hidden[@]}" "${as_nobody[@]}" noselfconn --find
		expect 0 '*' "${hidden[@]}" noselfconn --find 40001
		# Process 1 is the user's own, as it can be in a container.
		expect 3 'noselfconn: /proc hides *others could not be looked at' \
			unshare --pid --fork "${hidden[@]}" "${as_nobody[@]}" noselfconn --find 40001
	done
fi
stopped "$pid"
noselfconn --free "$port" >/dev/null

# Two processes share the socket; the program's name has a space and a tab in it.
started client 127.0.0.1 forked renamed
child=$(pgrep -P "$pid")
found 4 "$pid"
found 6 'a?b?c+1'
stopped "$pid"
found 4 "$child"
found 6 'a?b?c'
kill "$child"
until [[ $(noselfconn --find) = *TIME_WAIT* ]]; do :; done
noselfconn --free "$port" >/dev/null

# Names that are empty, or contain blanks and control bytes.
started client 127.0.0.1 nameless
found 6 -
found 7 own
printf '0::/a.slice/b c\033[2J\n' >group
[[ $(unshare --mount bash -c "mount --bind group /proc/$pid/cgroup; noselfconn --find" |
	awk 'NR == 2 { print NF, $8 }') = '8 b?c?[2J' ]] || fail "the unit: $(noselfconn --find)"
stopped "$pid"
noselfconn --free "$port" >/dev/null

# No process has the socket open while its descriptor is being passed on.
started python3 -c 'import array, signal, socket
client = socket.create_connection(("127.0.0.1", 40000))
ends = socket.socketpair()
descriptors = array.array("i", [client.fileno()])
ends[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
client.close()
print("sent", flush=True)
signal.pause()'
expect 2 "*127.0.0.1:$port *ESTABLISHED * - *the sockets without PID are open in no process that you may examine" \
	noselfconn --find
expect 0 "freed: 127.0.0.1:$port ESTABLISHED" noselfconn --free "$port"
stopped "$pid"

# The client has closed its sending half with shutdown().
started python3 -c 'import socket, signal
client = socket.create_connection(("127.0.0.1", 40000))
client.shutdown(socket.SHUT_WR)
print("shut", flush=True)
signal.pause()'
found 2 TIME_WAIT
stopped "$pid"
noselfconn --free "$port" >/dev/null

# In another network namespace, and in a container.
started "${other_network[@]}" client 127.0.0.1
found_live 127.0.0.1 "$pid" "$(network_of "$pid")"
expect 0 'no socket of port 1 is connected to itself in the 2 network namespaces *' noselfconn --find 1
stopped "$pid"
started "${container[@]}" client 127.0.0.1
inside=$(pgrep -P "$pid")
found_live 127.0.0.1 "$inside" "$(network_of "$inside")"
stopped "$pid"
expect 0 "$none" noselfconn --find

# An ordinary client. telnet does not write "Connected" to a pipe at once, so this asks --find
# instead.
mkfifo keyboard
# shellcheck disable=SC2034 # it keeps the pipe open
exec {keyboard}<>keyboard
"${other_network[@]}" telnet 127.0.0.1 "$port" <keyboard >/dev/null &
pid=$!
until noselfconn --find >/dev/null; (($? == 2)); do :; done
found 6 telnet
found 4 "$pid"
stopped "$pid"

# Look-alikes are not shown: two addresses with the same port, one address with two ports, servers,
# UDP.
started python3 -c 'import socket, signal
def server(address, port):
    server = socket.socket()
    server.bind((address, port))
    server.listen()
    return server
def client(address, port, peer):
    client = socket.socket()
    client.bind((address, port))
    client.connect(peer.getsockname())
    return client
servers = [server("127.0.0.9", 40001), server("127.0.0.1", 40002)]
clients = [client("127.0.0.8", 40001, servers[0]), client("127.0.0.1", 40003, servers[1])]
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 40000))
udp.connect(("127.0.0.1", 40000))
print("ready", flush=True)
signal.pause()'
expect 0 "$none" noselfconn --find
stopped "$pid"

# A network namespace without processes cannot be seen. The message says that it covers only those
# with processes.
started "${other_network[@]}" client 127.0.0.1 closed
exec {kept}<"/proc/$pid/ns/net"
expect 2 '*' noselfconn --find
stopped "$pid"
expect 0 '*that processes live in' noselfconn --find
started nsenter --net="/proc/self/fd/$kept" sh -c 'echo started; exec sleep 60'
found 2 TIME_WAIT
stopped "$pid"
exec {kept}<&-

# Processes that end while --find looks at them do no harm.
(while :; do (:) & (:); done) &
storm=$!
for _ in {1..50}; do
	expect 0 "$none" noselfconn --find
done
kill $storm
wait $storm 2>/dev/null || :

# A forged /proc/PID/net: valid tables, damaged ones, missing ones.
with_tables() {
	unshare --mount bash -c 'mount -t tmpfs none /proc/$$/net
		cp "$1"/* /proc/$$/net
		shift
		exec "$@"' bash "$@"
}
line='   0: 0100007F:9C40 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1 1'
[ "$(printf '\1\0' | od -An -tu2)" -eq 1 ] || line=${line//0100007F/7F000001}
mkdir tables
printf 'names of columns\n%s\n' "$line" >tables/tcp
expect 2 "*127.0.0.1:$port *ESTABLISHED*" with_tables tables noselfconn --find
printf 'names of columns\n' >tables/tcp
expect 0 "$none" with_tables tables noselfconn --find
printf 'names of columns\nnonsense\n' >tables/tcp6
expect 3 'noselfconn: cannot read *: Bad message' with_tables tables noselfconn --find
rm tables/tcp
expect 3 'noselfconn: cannot read *: No such file *' with_tables tables noselfconn --find
# AddressSanitizer does not start without /proc.
[ -n "${ASAN_OPTIONS-}" ] ||
	expect 3 'noselfconn: cannot read *: No such file *' \
		unshare --mount bash -c 'mount -t tmpfs none /proc; exec noselfconn --find'
