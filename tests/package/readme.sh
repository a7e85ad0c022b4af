#!/bin/bash
# Runs the commands that shim/package/README.md gives to install and to remove, in a clean Debian
# without sudo.
#
#   readme.sh SOURCE DIRECTORY SUITE
source=$1
directory=$2
suite=$3
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"
# shellcheck source=/dev/null
. "$(dirname "$0")/clean.sh"

home=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2016 # Markdown's quotes
to_build=$(sed -nE 's/.*Debian: `apt-get install ([^`]*)`.*/\1/p' "$source/shim/package/README.md")
architectures=amd64
case $suite in
bullseye) to_build+=" $(paste -sd ' ' "$source/tests/apt-packages")" ;;
bookworm)
	architectures+=,i386
	to_build+=" gcc-multilib libc6:i386 systemd"
	;;
esac
make_userland "$suite" "$architectures" "mount,${to_build// /,}"
# shellcheck disable=SC2154 # make_userland sets it
mkdir "$root/root/release"
cp "$directory"/for_release/release/* "$root/root/release"
cp "$home/client.c" "$root/root"
run_in_userland "$home/readme_inside.sh"
