#!/bin/bash
# Clients that no preloaded library reaches. Without the rule each is connected to itself; with the
# rule each is refused, and the port stays free.
#
#   clients.sh HOST URING_CLIENT SETUID_CLIENT
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule
uring=$2 here=$(dirname "$(realpath "$0")")

by_busybox() {
	busybox nc "$1" "$2" </dev/null
	echo connected
}
by_io_uring() {
	"$uring" "$1" "$2"
}
by_go() {
	./dial "$1" "$2" </dev/null
}
by_php() {
	# shellcheck disable=SC2016 # PHP's variables
	php -r '$s = socket_create(AF_INET, SOCK_STREAM, SOL_TCP);
		echo @socket_connect($s, $argv[1], $argv[2]) ? "connected"
			: socket_strerror(socket_last_error($s)), "\n";' "$1" "$2"
}
by_setuid() {
	setpriv --reuid=65534 --regid=65534 --clear-groups ./setuid "$1" "$2"
}

clients=(busybox io_uring go php)
GOCACHE=$directory/cache GO111MODULE=off CGO_ENABLED=0 go build -o dial "$here/dial.go"
# The socket belongs to the user of the file, not to the one who starts it.
if [ "$(id -u)" = 0 ] && cp "$3" setuid && chown 1 setuid && chmod 4755 setuid; then
	clients+=(setuid)
fi

# client NAME PORT: prints only "connected" or "refused".
client() {
	local said
	only_port "$2"
	said=$("by_$1" 127.0.0.1 "$2" 2>&1) || true
	case $said in
	*efused* | ECONNREFUSED) echo refused ;;
	*connected*) echo connected ;;
	*) echo "$said" ;;
	esac
}

port=40000
for name in "${clients[@]}"; do
	said=$(client "$name" $port)
	# Go closes a self-connected socket by itself, and prints another message.
	[ -n "$(ss -Htan "sport = :$port and dport = :$port")" ] || fail "$name without the rule: $said"
	port=$((port + 1))
done
"$host" add >/dev/null
port=41000
for name in "${clients[@]}"; do
	said=$(client "$name" $port)
	[ "$said" = refused ] || fail "$name with the rule: $said"
	left=$(ss -Htan "sport = :$port or dport = :$port")
	[ -z "$left" ] || fail "$name leaves $left"
	echo "$name: refused"
	port=$((port + 1))
done
