#!/bin/bash
# Runs one row of the table: an ordinary client connects to a port on which nobody listens, without
# a self-connect, with a self-connect and no library, and with the library; and to a real server.
#
#   namespace.sh programs.sh LIBRARY NAME
set -euo pipefail

# Debian's programs, not others that a machine may have first in PATH.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset http_proxy all_proxy ALL_PROXY
here=$(dirname "$(realpath "$0")")
. "$here/../outcome.sh"
. "$here/build.sh"
evidence='*.out'
library=$1
read -r _ host server client < <(grep "^$2 " "$here/table")
export host port clients=$here/clients

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work

! [ -e "$clients/$2/Cargo.toml" ] || cargo_build "$2"
case $2 in
apache | pgbouncer)
	setpriv --reuid nobody --clear-groups true 2>/dev/null ||
		skip "$2 wants to be another user than root, and there is none"
	;;
esac
command -v "${client%% *}" >/dev/null || skip "${client%% *} is not installed"

printf '127.0.0.1 localhost\n::1 localhost\n' >hosts
mount --bind hosts /etc/hosts

# Ports that connect() may choose.
choose_from() {
	echo "$1 $2" >/proc/sys/net/ipv4/ip_local_port_range
}

# Executes the client, with these variables in its environment.
become_client() {
	# A client before may have left its UNIX socket behind, and this one waits for its own.
	find . -type s -delete
	rm -f input
	mkfifo input
	exec <>input
	echo ping >&0
	exec timeout --kill-after 5 60 env "$@" bash -c "exec $client"
}

# run FILE LOG: writes the client's output and exit status to FILE, and the library's log to LOG.
# Left out are port numbers, times, process ids, TLS sessions, and the thread that openssl names.
run() {
	local file=$1 status=0
	shift
	(become_client "$@") >said 2>&1 || status=$?
	echo "exit status $status" >>said
	sed -nE '/ libnoselfconn: /s/\[::ffff:([0-9.]+)\]/\1/p; / libnoselfconn: /p' said >log
	sed -E '/ libnoselfconn: /d
		/^- Session ID: /d
		s/\b(4500[01]|50000)\b/PORT/g
		s,[0-9]{4}[-/][0-9]{2}[-/][0-9]{2} [0-9:]{8},TIME,
		s/[0-9.]+ second response/TIME response/
		s/time=[0-9.]+s/time=TIME/
		s/ (after [0-9]+ ms|(in|time:) [0-9.]+ seconds?)/ TIME/
		s/^(TIME socat)\[[0-9]+\]/\1[PID]/
		s/^[0-9A-F]{16}:error/THREAD:error/' said >"$file"
}

must_equal() {
	diff "$1" "$2" || fail "$3"
}

# Whether there was a connection that was not refused, and that nobody accepted.
has_connected() {
	nstat -asz TcpActiveOpens TcpAttemptFails TcpPassiveOpens |
		awk '/Active/ { opened += $2 } /Fails|Passive/ { opened -= $2 } END { exit opened <= 0 }'
}

# timeout(1) leads a process group of its own.
group_is_gone() {
	! kill -0 -- "-$1" 2>/dev/null
}

# Nobody listens, so a client with a peer has met itself. Some clients then hang, others end.
must_meet_itself_without_library() {
	local running
	! has_connected || fail "control: there is a connection before the client starts"
	(become_client) >control.out 2>&1 &
	running=$!
	within_seconds has_connected
	kill "$running" 2>/dev/null || true
	wait "$running" || true
	within_seconds group_is_gone "$running"
}

must_have_met_itself_everywhere() {
	local address addresses=("$host")
	case $host in
	localhost) addresses=(127.0.0.1 '[::1]') ;;
	*:*) addresses=("[$host]") ;;
	esac
	for address in "${addresses[@]}"; do
		grep -qF "destination=$address:$port self-connects=4 undone=yes" log ||
			fail "the client did not connect to itself at $address: $(<log)"
	done
}

must_be_free() {
	ss -Htan "sport = :$port or dport = :$port" | { ! grep .; } || fail "something is left"
	python3 - "$port" <<-'END' || fail "the port is taken"
		import socket, sys
		socket.socket(socket.AF_INET6).bind(("::", int(sys.argv[1])))
	END
}

serve() {
	case $server in
	answer)
		python3 "$here/answer.py" "$port" &
		;;
	tls)
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
			-subj /CN=localhost -keyout key -out certificate 2>/dev/null
		cat key certificate >pair
		python3 "$here/answer.py" "$port" pair &
		;;
	nanomsg)
		nanocat --rep --bind "tcp://127.0.0.1:$port" -D pong &
		;;
	git)
		git init -q --bare repository
		git -C repository update-ref refs/heads/main \
			"$(git -C repository -c user.name=x -c user.email=x \
				commit-tree -m x "$(git -C repository mktree </dev/null)")"
		git daemon --base-path=. --export-all --port="$port" &
		;;
	rsync)
		printf '[module]\npath = /\ncomment = listed\n' >rsyncd.conf
		rsync --daemon --no-detach --config=rsyncd.conf --port="$port" &
		;;
	esac
	within_seconds listens
}

listens() {
	ss -Htln "sport = :$port" | grep -q .
}

port=50000
choose_from 45000 45000
run truth.out

port=46000
choose_from 46000 46000
must_meet_itself_without_library

under_library=("LD_PRELOAD=$library" NOSELFCONN_LOG=stderr)
port=45000
choose_from 45000 45000
run one-port.out "${under_library[@]}"
must_have_met_itself_everywhere
must_equal truth.out one-port.out "the only port: not the truth"
must_be_free

# Two ports of each parity, mostly in turn, so that a retry gets the answer; but all namespaces take
# part in the turns. connect() tries the even ports first, and a program that binds has an odd one.
choose_from 45000 45003
for _ in {1..32}; do
	for port in 45000 45001; do
		run some-ports.out "${under_library[@]}" NOSELFCONN_RETRIES=16
		must_equal truth.out some-ports.out "some ports: not the truth"
		[ ! -s log ] || break 2
	done
done
[ -s log ] || fail "some ports: it did not meet itself"
must_be_free

port=45000
choose_from 32768 44999
serve >/dev/null 2>&1
run live.out
! cmp -s live.out truth.out || fail "it did not reach the server"
run live-under-library.out "${under_library[@]}"
must_equal live.out live-under-library.out "a live server: not as without the library"
[ ! -s log ] || fail "the library stepped in where a server listens: $(<log)"
echo "$2: $(tail -n 1 truth.out) when refused, $(tail -n 1 live.out) when served"
