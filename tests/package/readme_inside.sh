#!/bin/bash
# Runs as root in the clean Debian that readme.sh makes.
set -eEuo pipefail
cd /root
trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR

# readme WORDS: runs the README's first block of commands that contains these words.
readme() {
	local block
	block=$(awk -v words="$1" '/^    / { block = block substr($0, 5) "\n"; next }
		index(block, words) { exit }
		{ block = "" }
		END { printf "%s", block }' /root/source/shim/package/README.md)
	[ "$block" ] || { echo "the README has no commands with \"$1\"" >&2; exit 1; }
	bash -euc "$block" >said 2>&1 || { cat said; exit 1; }
}

protects() {
	[ "$(LD_PRELOAD=libnoselfconn.so "$1" 2>&1)" = refused ]
	[ "$(noselfconn "$1")" = refused ]
	[ "$("$1")" = connected ]
}

is_gone() {
	! command -v noselfconn || exit 1
	left=$(find / -xdev \( -path /root -o -path /proc \) -prune -o -name '*noselfconn*' -print)
	[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
}

! command -v sudo || exit 1
gcc -o client client.c
mkdir source
tar -C source --strip-components=1 -xf release/libnoselfconn-[0-9].[0-9].[0-9].tar.gz

cd /root/release
readme '_amd64.deb'
protects /root/client
[ -s /usr/share/doc/libnoselfconn/examples/systemd/legacy.service ]
readme 'apt-get purge'
is_gone

cd /root/source
readme 'cmake --install build'
protects /root/client
if gcc -m32 -o /root/client32 /root/client.c 2>/dev/null; then
	readme -m32
	protects /root/client
	protects /root/client32
	cmake --build build32 --target uninstall >said
fi
readme '--target uninstall'
is_gone
rm -rf build build32

readme 'cpack -G DEB'
protects /root/client
readme 'apt-get purge'
is_gone
