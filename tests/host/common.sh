# shellcheck shell=bash
# Read by the scripts here. They run in namespaces of their own, with $host, the command, as their
# first argument, and a directory that is removed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"
export LC_ALL=C.UTF-8
unset LD_PRELOAD
host=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
cd "$directory"

# The back end has to be there, and the kernel to have xt_bpf.
need_rule() {
	local said
	said=$(unshare --net "$host" add 2>&1) || {
		[[ $said = *"no -m bpf"* ]] || fail "$said"
		skip "$said"
	}
}

# From now on this is the only port for connect().
only_port() {
	echo "$1 $1" >/proc/sys/net/ipv4/ip_local_port_range
}

# connect ADDRESS PORT: prints the result in bash when the port is the only one.
connect() {
	local said
	only_port "$2"
	said=$( (exec 3<>"/dev/tcp/$1/$2" && echo connected) 2>&1) || true
	case $said in
	connected) echo connected ;;
	*refused*) echo refused ;;
	*) echo "$said" ;;
	esac
}

# From now on changes below that directory are visible only to this test.
own() { # DIRECTORY
	cp -a "$1" copy
	mount -t tmpfs tmpfs "$1"
	cp -a copy/. "$1"
	rm -rf copy
}

# From now on programs that look for iptables in its usual place also find the back end.
use_everywhere() {
	local command
	own /etc/alternatives
	for command in {iptables,ip6tables}{,-save,-restore}; do
		ln -sf "$(readlink "$(command -v "$command")")" "/etc/alternatives/$command"
	done
}

# Both families' filter tables, without what changes by itself: counters and times.
saved() {
	{
		iptables-save -t filter
		ip6tables-save -t filter
	} | sed '/^#/d; s/\[[0-9:]*\]/[]/'
}
