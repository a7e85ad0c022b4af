#!/bin/bash
# noselfconn --risk names the servers whose port the kernel gives to clients.
# shellcheck disable=SC2016,SC2154 # single-quoted code is for another shell; variables from alone.sh
# shellcheck source=/dev/null
. "$(dirname "$0")/alone.sh"

# listening ADDRESS:PORT...: starts a server there, as $pid.
listening() {
	started python3 -c 'import signal, socket, sys
servers = []
for name in sys.argv[1:]:
    address, port = name.rsplit(":", 1)
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if ":" in address:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.bind((address, int(port)))
    server.listen()
    servers.append(server)
print("listening", flush=True)
signal.pause()' "$@"
}
# With one write(), since the kernel takes a second one of echo's for another list.
reserve() {
	dd of=/proc/sys/net/ipv4/ip_local_reserved_ports bs=1M iflag=fullblock status=none <<<"$1"
}
# says_line TEXT: --risk prints exactly this line.
says_line() {
	{ noselfconn --risk || :; } | grep -qxF -- "$1" || fail "no line \"$1\" in: $(noselfconn --risk)"
}
says_nothing_of() {
	[[ $(noselfconn --risk) != *"$1"* ]] || fail "\"$1\" in: $(noselfconn --risk)"
}
often='  if the server stops, one try in 14116 connects to itself: at ten tries a second, after 24 minutes on average'
bound='  if the server stops, for a client that binds an address first, one try in 14116 connects to itself: at ten tries a second, after 24 minutes on average; for others only when all ports of the other parity are in use'
cure='     sysctl -w net.ipv4.ip_local_reserved_ports='

# Nothing listens, or only on ports outside the ephemeral range.
choose_from '32768 60999'
safe='not at risk: no server listens on a port that the kernel gives to clients, 32768 to 60999'
limits='Not visible: servers that are not running, and clients that are refused at once.'
expect 0 "$safe
$limits" noselfconn --risk
listening 127.0.0.1:80 0.0.0.0:32767 :::61000
expect 0 "$safe
$limits" noselfconn --risk
reserve 80,32768,32770-32800
says_line "$safe except 80,32768,32770-32800"
stopped "$pid"
reserve ''

# Servers on loopback and wildcard addresses, IPv4 and IPv6, at both ends of the range, which have
# different parity.
for address in 127.0.0.1 0.0.0.0 ::1 ::; do
	shown=$address
	[[ $address != *:* ]] || shown="[$address]"
	listening "$address:32768" "$address:60999"
	expect 2 '*' noselfconn --risk
	says_line "at risk: port 32768, where python3 (process $pid) listens on $shown:32768"
	says_line "$often"
	says_line "at risk: port 60999, where python3 (process $pid) listens on $shown:60999"
	says_line "$bound"
	says_line '  1. move the server to a port below 32768 or above 60999'
	says_line "${cure}32768,60999"
	stopped "$pid"
done

# A port on which several sockets listen is reported once.
listening 127.0.0.1:40000 127.0.0.2:40000 ::1:40000
expect 2 "at risk: port 40000, where python3 (process $pid) listens on * and 2 more sockets*" \
	noselfconn --risk
[ "$({ noselfconn --risk || :; } | grep -c '^at risk')" = 1 ] || fail "more than one port"

# The sysctl command keeps the ports that are reserved already, and running it ends the risk.
reserve 8080,9148-9150,39999
line=$({ noselfconn --risk || :; } | grep -F "$cure")
[ "$line" = "${cure}8080,9148-9150,39999-40000" ] || fail "$line"
$line >/dev/null
expect 0 'not at risk: *except 8080,9148-9150,39999-40000*' noselfconn --risk
reserve ''

# A long list is read to its end. If it is too long for sysctl(8), no command is shown.
long=8080,$(seq -s , 41001 2 42199)
reserve "$long"
line=$({ noselfconn --risk || :; } | grep -F "$cure")
[ "$line" = "${cure}8080,40000,${long#*,}" ] || fail "$line"
$line >/dev/null
expect 0 "not at risk: *except 8080,40000,${long#*,}
*" noselfconn --risk
reserve "$(seq -s , 40003 3 60000)"
says_line '     with systemd-sysctl(8), since sysctl(8) cuts off so long a list'
says_line "     net.ipv4.ip_local_reserved_ports=40000,$(seq -s , 40003 3 60000)"
says_nothing_of 'sysctl -w'

# A user who may not look into the server's process sees its port without the program.
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if "${as_nobody[@]}" true 2>/dev/null; then
	expect 2 'at risk: port 40000, where an unknown program listens on *' \
		"${as_nobody[@]}" noselfconn --risk
fi

# Ranges of few ports, where the odds differ and moving the server may not be possible.
choose_from '40000 40000'
says_line '  if the server stops, every try connects to itself'
says_line '     but that leaves no port for clients: make the range larger first'
choose_from '39999 40000'
says_line '  if the server stops, for a client that binds an address first, every try connects to itself; for others only when all ports of the other parity are in use'
choose_from '39998 40000'
says_line '  if the server stops, a client gets its port only when others are in use'
choose_from '40000 40039'
says_line '  if the server stops, one try in 20 connects to itself: at ten tries a second, after 2.0 seconds on average'
reserve 40002-40039
says_line '  if the server stops, every try connects to itself'
reserve 39998
choose_from '39998 40001'
says_line '  if the server stops, every try connects to itself'
reserve ''
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
choose_from '1 65535'
says_line '  1. move the server to a port outside net.ipv4.ip_local_port_range, after making that smaller'
choose_from '1 50000'
says_line '  1. move the server to a port above 50000'
choose_from '1024 65535'
says_line '  1. move the server to a port below 1024'
stopped "$pid"

# The kernel behaves as --risk assumes: of two ports connect() tries the lower one first, and bind()
# to port 0 the upper one.
for range in '40000 40001' '39999 40000'; do
	choose_from "$range"
	lower=leaving upper='leaving address'
	[ "${range% *}" = "$port" ] || lower='leaving address' upper=leaving
	# shellcheck disable=SC2086 # words
	expect 0 connected client 127.0.0.1 $lower
	noselfconn --free "$port" >/dev/null
	# shellcheck disable=SC2086 # words
	expect 1 '*Connection refused' client 127.0.0.1 $upper
done

# From a reserved port the kernel goes on to the next: four of five starts lead to the last port.
choose_from '40000 40009'
reserve 40003,40005,40007
listening 127.0.0.1:40009
expect 2 '*for a client that binds an address first, one try in 1.2 connects *' noselfconn --risk
stopped "$pid"
python3 -c 'import socket
def chosen():
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        return client.getsockname()[1]
count = sum(chosen() == 40009 for _ in range(1000))
assert 700 < count < 900, count'
reserve ''

# The source for a second address of a subnet is the first one, unless the client binds it.
ip address add 10.0.0.1/24 dev lo
ip address add 10.0.0.2/24 dev lo
choose_from "$port $port"
expect 0 connected client 10.0.0.1 leaving
expect 0 connected client 10.0.0.2 leaving address
noselfconn --free "$port" >/dev/null
for address in 10.0.0.2 127.0.0.2; do
	expect 1 '*Connection refused' client $address leaving
	choose_from '40000 40001'
	listening "$address:40000"
	says_line '  if the server stops, only a client that binds this address first can get its port, and only when others are in use'
	stopped "$pid"
	listening "$address:40001"
	says_line '  if the server stops, for a client that binds this address first, every try connects to itself; for others never'
	stopped "$pid"
	choose_from "$port $port"
done
for address in 10.0.0.1 0.0.0.0 ::; do
	listening "$address:$port"
	says_line '  if the server stops, every try connects to itself'
	stopped "$pid"
done

# A server that is down shows only in its clients: one is connected to itself, or still trying.
choose_from "$port $port"
started client 127.0.0.1
expect 2 "connected to itself: 127.0.0.1:$port, by client (process $pid)
Any of these*${cure}$port*" noselfconn --risk
stopped "$pid"
expect 2 "connected to itself: 127.0.0.1:$port, by an unknown program*" noselfconn --risk
noselfconn --free "$port" >/dev/null
choose_from '40000 40009'
nft -f - <<'RULES'
add table inet silent
add chain inet silent input { type filter hook input priority 0; }
add rule inet silent input tcp dport 40001 drop
RULES
python3 -c 'import socket
client = socket.socket()
client.bind(("127.0.0.1", 41000))
client.connect(("127.0.0.1", 40001))' &
waiting=$!
until [ -n "$(ss -Htn state syn-sent)" ]; do :; done
expect 2 "no answer yet: 127.0.0.1:40001, by python3 (process $waiting)
Any of these*${cure}40001*" noselfconn --risk
listening 127.0.0.1:40001
says_nothing_of 'no answer yet'
stopped "$waiting"
stopped "$pid"
choose_from '40002 40009'
expect 0 'not at risk: *' noselfconn --risk

# Other network namespaces have their own settings. They are not examined, and the message says so.
started "${other_network[@]}" sh -c 'echo started; exec sleep 60'
expect 0 "*Not examined: other network namespaces (1), *: nsenter -n -t $pid noselfconn --risk" \
	noselfconn --risk
listening "127.0.0.1:$port"
expect 0 "not at risk: * $port to $port*" nsenter -n -t "$(pgrep -x sleep)" noselfconn --risk

# If the kernel's settings cannot be read, --risk makes no statement.
expect 3 'noselfconn: cannot read /proc/sys/net/ipv4/ip_local_port_range: No such file or directory' \
	unshare --mount bash -c 'mount -t tmpfs none /proc/sys/net; exec noselfconn --risk'
expect 125 '*one argument too many*' noselfconn --risk "$port"
