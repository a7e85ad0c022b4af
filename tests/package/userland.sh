#!/bin/bash
# Installs the release in a clean Debian for two architectures, uses it and removes it, first as
# packages and then as files to copy.
directory=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"
# shellcheck source=/dev/null
. "$(dirname "$0")/clean.sh"

home=$(cd "$(dirname "$0")" && pwd)
make_userland bookworm amd64,i386 bash-completion,libc6:i386,man-db,systemd
# shellcheck disable=SC2154 # make_userland sets it
cp "$directory"/for_release/release/*.{deb,tar.gz} "$root/root"
i686-linux-gnu-gcc -o "$root/root/client32" "$home/client.c"
gcc -o "$root/root/client" "$home/client.c"
run_in_userland "$home/inside.sh"
