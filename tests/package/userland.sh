#!/bin/bash
# The packages in a clean Debian: installed for two architectures, used, removed.
# shellcheck disable=SC2016 # what single quotes hold is for apt-get and another shell
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"
. "$(dirname "$0")/../debian.sh"

[ "$(id -u)" = 0 ] || skip "only root can make and enter another userland"
unshare --net --pid --mount --fork true || skip "no namespaces"

home=$(cd "$(dirname "$0")" && pwd)
cd "$directory" || exit
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

debian_reach >apt.conf
mmdebstrap --quiet --variant=apt --architectures=amd64,i386 \
	--include=bash-completion,libc6:i386,man-db --aptopt="$PWD/apt.conf" \
	bookworm "$root" "$(debian_mirror)"

cp ./*.deb "$home/inside.sh" "$root/root"
i686-linux-gnu-gcc -o "$root/root/client32" "$home/client.c"
gcc -o "$root/root/client" "$home/client.c"

# The only port that the kernel can pick there is the one that is connected to.
unshare --net --pid --mount --fork bash -euc '
	ip link set lo up
	echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
	mount -t proc proc "$1/proc"
	exec chroot "$1" /bin/bash /root/inside.sh' bash "$root"
