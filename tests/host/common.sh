# shellcheck shell=bash
# Sourced by the scripts here, which run in namespaces of their own. Sets $host, noselfconn-host,
# from their first argument, and changes to a temporary directory.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"
export LC_ALL=C.UTF-8
unset LD_PRELOAD
host=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
chmod 755 "$directory"
cd "$directory"

# Skips the test if the kernel lacks xt_bpf.
need_rule() {
	local said
	said=$(unshare --net "$host" add 2>&1) || {
		[[ $said = *"no -m bpf"* ]] || fail "$said"
		skip "$said"
	}
}

# From now on connect() can choose only this port.
only_port() {
	echo "$1 $1" >/proc/sys/net/ipv4/ip_local_port_range
}

# connect ADDRESS PORT: connects from the same port, and prints "connected", "refused" or an error.
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

# own DIRECTORY: from now on changes below it are visible only to this test.
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

# Prints the filter tables of IPv4 and IPv6 without counters and times, which change by themselves.
saved() {
	{
		iptables-save -t filter
		ip6tables-save -t filter
	} | sed '/^#/d; s/\[[0-9:]*\]/[]/'
}
