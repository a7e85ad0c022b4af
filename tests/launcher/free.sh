#!/bin/bash
# noselfconn --free PORT [PID] ends self-connected sockets, and touches nothing else.
# shellcheck disable=SC2016,SC2154 # single-quoted code is for another shell; variables from alone.sh
# shellcheck source=/dev/null
. "$(dirname "$0")/alone.sh"

none="no socket of port $port is connected to itself in this network namespace"

# Simulates a kernel without INET_DIAG_DESTROY: the preload asks to destroy a UNIX socket instead,
# for which every kernel answers that it cannot (unix_diag_handler has no destroy function).
cat >no_destroy.c <<'CODE'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
ssize_t send(int fd, const void *data, size_t size, int flags)
{
	struct nlmsghdr *header = (void *)data;
	ssize_t (*next)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
	if (header->nlmsg_type == SOCK_DESTROY)
		((struct inet_diag_req_v2 *)NLMSG_DATA(header))->sdiag_family = AF_UNIX;
	return next(fd, data, size, flags);
}
CODE
gcc -shared -fPIC -o no_destroy.so no_destroy.c
no_destroy=(env LD_PRELOAD="$PWD/no_destroy.so")
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
"${as_nobody[@]}" true 2>/dev/null || as_nobody=()

for garbage in '' 0 65536 -1 x 1x; do
	expect 125 "noselfconn: --free $garbage: expected a port from 1 to 65535" \
		noselfconn --free="$garbage"
done
for garbage in '' x ../1 self -1 99999999999999999999; do
	expect 125 "noselfconn: --free $port $garbage: expected the number of a process" \
		noselfconn --free "$port" "$garbage"
done
expect 125 "noselfconn: --free $port 999999: there is no such process, or it is hidden" \
	noselfconn --free "$port" 999999
expect 0 "$none" noselfconn --free "$port"

# If an ordinary server has the port, here or in another network namespace, --free says so.
server=(python3 -c 'import signal, socket, sys
server = socket.create_server((sys.argv[1], 40000), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("started", flush=True)
signal.pause()')
for address in 127.0.0.1 ::; do
	started "${server[@]}" $address
	expect 0 "$none
another socket has the port; to see it: ss -tanp 'sport = :$port'" noselfconn --free "0$port"
	expect 0 '*:40000 *python3*' ss -tanp "sport = :$port"
	expect 0 'no socket of port 40001 is connected to itself in this network namespace' \
		noselfconn --free 40001
	stopped "$pid"
done
started "${other_network[@]}" "${server[@]}" 127.0.0.1
expect 0 "$none" noselfconn --free "$port"
expect 0 "no socket of port $port *
another socket has the port; to see it: nsenter -n -t $pid ss -tanp 'sport = :$port'" \
	noselfconn --free "$port" "$pid"
stopped "$pid"

# freed READINGS CLIENT [COMMAND...]: a server cannot bind before --free, and can after it. The
# client goes on, and its recv() calls end in these ways. --free runs under the command.
freed() {
	local readings=$1 how=$2 reading
	shift 2
	# shellcheck disable=SC2086 # words
	started client $how
	expect 1 '*Address already in use*' client "${how%% *}" server
	expect 0 "freed: *:$port ESTABLISHED*" "$@" noselfconn --free "$port"
	for reading in $readings; do
		says "$reading"
	done
	[[ $how = *bound* ]] || expect 0 '' client "${how%% *}" server
	[ -e "/proc/$pid/exe" ] || fail "the client has ended"
	expect 0 '*' noselfconn --find
	expect 0 "$none" noselfconn --free "$port"
	stopped "$pid"
}
for how in 127.0.0.1 '127.0.0.1 device' ::1 fe80::7%lo ::ffff:127.0.0.1 '127.0.0.1 forked'; do
	freed 'ECONNABORTED end' "$how"
	# A client that is blocked in recv() gets EPIPE since Linux 6.5.
	freed '@(EPIPE|ECONNRESET|ENOTCONN)' "$how" "${no_destroy[@]}"
	freed ECONNRESET "$how polling" "${no_destroy[@]}"
done
if [ -e /proc/sys/net/mptcp/enabled ]; then
	freed ECONNABORTED '127.0.0.1 mptcp'
	freed "@(E*|end)" '127.0.0.1 mptcp' "${no_destroy[@]}"
fi

# Without the privilege nothing is freed, and the message says why.
if [ -n "${as_nobody[*]}" ]; then
	started client 127.0.0.1
	expect 2 "not freed: 127.0.0.1:$port ESTABLISHED; through sock_diag: Operation not permitted; ask root" \
		"${as_nobody[@]}" noselfconn --free "$port"
	found=$(noselfconn --find) || [[ $found = *" $pid "* ]] || fail "$found"
	stopped "$pid"
	noselfconn --free "$port" >/dev/null

	# A user's own program is reset through its descriptor, if Yama lets a user trace it.
	started "${as_nobody[@]}" client 127.0.0.1
	yama=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null) || yama=0
	if [ "$yama" = 0 ]; then
		expect 0 "freed: 127.0.0.1:$port ESTABLISHED of client, process $pid, *" \
			"${as_nobody[@]}" noselfconn --free "$port"
	else
		expect 2 "not freed: *; through its descriptor: Operation not permitted; *" \
			"${as_nobody[@]}" noselfconn --free "$port"
	fi
	stopped "$pid"
	noselfconn --free "$port" >/dev/null
fi

# --free of another port leaves the socket alone.
started client 127.0.0.1
expect 0 'no socket of port 40001 is connected to itself in this network namespace' \
	noselfconn --free 40001
expect 2 "*127.0.0.1:$port ESTABLISHED *" noselfconn --find
stopped "$pid"

# The killed client has left the port in TIME_WAIT, which is freed too.
expect 1 '*Address already in use*' client 127.0.0.1 server
expect 0 "freed: 127.0.0.1:$port TIME_WAIT" noselfconn --free "$port"
expect 0 '' client 127.0.0.1 server

# If the client bound the port itself, it keeps the port until it closes the socket.
for address in 127.0.0.1 fe80::7%lo; do
	started client "$address" bound
	expect 2 "freed: *still taken: *:$port*" noselfconn --free "$port"
	expect 1 '*Address already in use*' client "$address" server
	stopped "$pid"
done

started client 127.0.0.1 closed
expect 2 "not freed: 127.0.0.1:$port TIME_WAIT; through sock_diag: this kernel cannot do it*; it will end in * s" \
	"${no_destroy[@]}" noselfconn --free "$port"
noselfconn --free "$port" >/dev/null
stopped "$pid"

# A socket in another network namespace is freed only if a process there is named: in a plain
# network namespace and in a container, live and in TIME_WAIT.
for tree in other_network container; do
	declare -n tree
	for how in '' closed; do
		# shellcheck disable=SC2086 # words
		started "${tree[@]}" client 127.0.0.1 $how
		inside=$(pgrep -P "$pid") || inside=$pid
		expect 0 "$none
left alone: 1 in another network namespace; to free them: noselfconn --free $port *" \
			noselfconn --free "$port"
		expect 2 '*' noselfconn --find "$port"
		expect 1 '*Address already in use*' nsenter --net --target "$inside" \
			client 127.0.0.1 server
		hint=$(noselfconn --free "$port" | sed -n 's/.*: noselfconn --free //p')
		# shellcheck disable=SC2086 # words
		expect 0 "freed: *" noselfconn --free $hint
		[ -n "$how" ] || says ECONNABORTED
		expect 0 '' nsenter --net --target "$inside" client 127.0.0.1 server
		stopped "$pid"
	done
done
# Without the capability to enter the namespace, --free resets the socket through its program.
outside=(setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin)
if "${outside[@]}" true 2>/dev/null; then
	started "${other_network[@]}" client 127.0.0.1 polling
	expect 0 'freed: *' "${outside[@]}" noselfconn --free "$port" "$pid"
	says ECONNRESET
	stopped "$pid"
	started "${other_network[@]}" client 127.0.0.1 closed
	expect 2 'not freed: *; through sock_diag: Operation not permitted; ask root; it will end *' \
		"${outside[@]}" noselfconn --free "$port" "$pid"
	stopped "$pid"
fi
started "${other_network[@]}" client 127.0.0.1
expect 0 "$none*" noselfconn --free "$port"
expect 0 "freed: *ESTABLISHED*" nsenter --net --target "$pid" noselfconn --free "$port"
says ECONNABORTED
stopped "$pid"

# The README's "ss" command for hosts without the launcher frees the port too.
kill_line=$(sed -n 's/^    \(ss -Kta .*\)/\1/p' "$here/../../README.md")
for how in '' closed; do
	# shellcheck disable=SC2086 # words
	started client 127.0.0.1 $how
	# shellcheck disable=SC2086 # words
	expect 0 "*127.0.0.1:$port *" ${kill_line//44444/$port}
	expect 0 "$none" noselfconn --free "$port"
	stopped "$pid"
done

# A 32-bit launcher on a 64-bit kernel finds and frees the same sockets.
if [ "$(uname -m)" = x86_64 ]; then
	i686-linux-gnu-gcc -static -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DNOSELFCONN_VERSION='""' \
		-DNOSELFCONN_BINDIR='""' -DNOSELFCONN_LIBDIR='""' -I"$here/../../shim/core" \
		-o noselfconn32 "$here"/../../shim/core/*.c "$here"/../../shim/launcher/*.c
	for how in '' polling closed; do
		# shellcheck disable=SC2086 # words
		started client 127.0.0.1 $how
		expect 2 "*127.0.0.1:$port *" ./noselfconn32 --find
		expect 0 "freed: 127.0.0.1:$port *" ./noselfconn32 --free "$port"
		expect 0 "$none" ./noselfconn32 --free "$port"
		stopped "$pid"
	done
fi

# Among 1,000 other sockets, many of the same port, --free touches none.
# count_sockets: how many sockets are not connected to themselves.
count_sockets() {
	ss -Han 2>/dev/null | awk '!($1 == "tcp" && $5 == $6)' | wc -l
}
intact() {
	[ "$(count_sockets)" = "$count" ] || fail "$(count_sockets) sockets, $count before"
	kill -USR1 "$others"
	output=$others_output says intact
	expect 2 "*127.0.0.1:$port *net:*" noselfconn --find "$port"
}
started "${other_network[@]}" client 127.0.0.1
elsewhere=$pid
clients=()
for how in 127.0.0.1 '::1 closed'; do
	# shellcheck disable=SC2086 # words
	started client $how
	clients+=("$pid")
done
started python3 "$here/others.py"
others=$pid others_output=$output
count=$(count_sockets)
((count >= 1000)) || fail "$count sockets"
expect 0 "freed: *
freed: *
left alone: 1 in another *" noselfconn --free "$port"
intact
started client 127.0.0.1 bound
expect 2 "freed: *still taken: *left alone: 1 in another *" \
	"${no_destroy[@]}" noselfconn --free "$port"
intact
for pid in "$pid" "${clients[@]}" "$elsewhere" "$others"; do
	stopped "$pid"
done
