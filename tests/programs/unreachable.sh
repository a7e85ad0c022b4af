#!/bin/bash
# Runs one row of the table of programs out of reach: the program connects to itself even under the
# library, and the launcher does not call it protected.
#
#   namespace.sh unreachable.sh LIBRARY LAUNCHER NAME
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset http_proxy all_proxy ALL_PROXY
here=$(dirname "$(realpath "$0")")
. "$here/../outcome.sh"
. "$here/build.sh"
evidence='*.out'
library=$1
launcher=$2
read -r _ word stays client < <(grep "^$3 " "$here/unreachable")
export clients=$here/clients

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME=$work

case $3 in
rustix)
	cargo_build rustix
	;;
cgo)
	command -v go >/dev/null || skip "go is not installed"
	cp -r "$clients/cgo" .
	(cd cgo && go build -o client . >../build.out 2>&1) || fail "it cannot be built"
	;;
free-pascal)
	command -v fpc >/dev/null || skip "fpc is not installed"
	fpc -FE. "$clients/raw_connect.pas" >build.out || fail "it cannot be built"
	;;
io-uring)
	gcc -o io_uring "$clients/io_uring.c" -luring
	# A first run, without a self-connect, shows whether the kernel has io_uring.
	./io_uring </dev/null >why.out || true
	! grep -E 'not (permitted|implemented)' why.out || skip "no io_uring: $(<why.out)"
	;;
dlmopen | own-name | rtld-next | resolver)
	gcc -DBEHIND -shared -fPIC -o libbehind.so "$clients/past_linker.c"
	gcc -o past_linker "$clients/past_linker.c" -L. -lbehind -Wl,-rpath,"$work" -lresolv
	;;
bpf)
	[ -n "$(command -v bpftool)" ] || skip "bpftool is not installed"
	clang -O2 -target bpf -I"/usr/include/$(gcc -print-multiarch)" -c -o rewrite.o "$clients/rewrite.c"
	{
		mount -t cgroup2 group /sys/fs/cgroup && mount -t bpf bpf /sys/fs/bpf &&
			bpftool prog load rewrite.o /sys/fs/bpf/rewrite
	} >why.out 2>&1 || skip "no BPF: $(<why.out)"
	group=/sys/fs/cgroup/noselfconn-${work##*.}
	mkdir "$group"
	trap 'echo $$ >/sys/fs/cgroup/cgroup.procs; rmdir "$group"; rm -rf "$work"' EXIT
	bpftool cgroup attach "$group" connect4 pinned /sys/fs/bpf/rewrite
	echo $$ >"$group/cgroup.procs"
	;;
*)
	command -v "${client%% *}" >/dev/null || skip "${client%% *} is not installed"
	;;
esac

check() {
	"$launcher" --check "${client%% *}" >check.out 2>&1 || true
	grep -q "${word//_/ }" check.out || fail "--check says something else"
}

# Sockets that are or were their own peers.
own_peers() {
	ss -Htan 'sport = :40000 and dport = :40000' | grep .
}

# Nobody listens, so a connected socket is connected to itself.
meets_itself() {
	local pid status=0
	coproc exec env "$@" bash -c "exec $client" >client.out 2>&1
	# shellcheck disable=SC2154 # coproc sets it
	pid=$COPROC_PID
	within_seconds own_peers >peers.out
	if [ "$stays" = yes ]; then
		"$launcher" --status "$pid" >status.out || status=$?
		[ "$status" = 2 ] || fail "--status gave $status"
		grep -q 'not protected, connected to itself: descriptor .*, 127.0.0.1:40000' status.out ||
			fail "--status does not show it"
	fi
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
}

echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
check
meets_itself LD_PRELOAD="$library" NOSELFCONN_LOG=stderr
[ "$stays" = half ] || ! grep libnoselfconn: client.out || fail "the library has seen it"
echo "$3: $(head -n 1 check.out)"
