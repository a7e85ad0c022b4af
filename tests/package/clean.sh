# shellcheck shell=bash
# Sourced after expect.sh: makes a clean Debian in which packages can be installed.
# shellcheck source=/dev/null
. "$(dirname "$0")/../debian.sh"

[ "$(id -u)" = 0 ] || skip "only root can make and enter another userland"
unshare --net --pid --mount --fork true || skip "no namespaces"

# make_userland SUITE ARCHITECTURES PACKAGES: sets $root to its directory.
make_userland() {
	root=$(mktemp -d)
	trap 'rm -rf "$root" "$root.apt"' EXIT
	chmod 755 "$root"
	debian_reach >"$root.apt"
	mmdebstrap --quiet --variant=apt --architectures="$2" --include="$3" --aptopt="$root.apt" \
		"$1" "$root" "$(debian_mirror)"
	echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/yes"
}

# run_in_userland SCRIPT: runs it in a network namespace where the kernel can pick only port 40000,
# to which the client connects.
run_in_userland() {
	cp "$1" "$root/root/script"
	# shellcheck disable=SC2016 # for another shell
	unshare --net --pid --mount --fork bash -euc '
		ip link set lo up
		echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
		mount -t proc proc "$1/proc"
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		exec chroot "$1" env -i HOME=/root PATH="$PATH" LC_ALL=C.UTF-8 MANPAGER=cat \
			DEBIAN_FRONTEND=noninteractive bash -euo pipefail /root/script' bash "$root"
}
