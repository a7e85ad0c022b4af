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

# The tests pass in the oldest Debian too, where readme.sh has installed what they need.
cd /root/source
if command -v checkmk >/dev/null; then
	tests/run.sh
	rm -rf build
fi

readme 'cmake --install build'
protects /root/client
if gcc -m32 -o /root/client32 /root/client.c 2>/dev/null; then
	readme -m32
	protects /root/client
	protects /root/client32
	# Uninstalling the library alone leaves the unit of the other build directory enabled.
	systemctl --quiet enable noselfconn-host
	cmake --build build32 --target uninstall >said
	systemctl --quiet is-enabled noselfconn-host
fi
# An older copy, which the loader would find first, causes a warning.
said=$(cmake --install build 2>&1 >/dev/null)
[ -z "$said" ]
touch /usr/local/lib/libnoselfconn.so
said=$(cmake --install build 2>&1 >/dev/null)
[[ $said == *'/usr/local/lib/libnoselfconn.so is an older copy'* ]]
rm /usr/local/lib/libnoselfconn.so
# The launcher finds the library without /proc too.
umount /proc
env noselfconn --check true
mount -t proc proc /proc
# Uninstalling is refused while /etc/ld.so.preload names the library.
library=$(echo /usr/local/lib/*/libnoselfconn.so)
echo "libm.so.6:$library # protects" >/etc/ld.so.preload
! cmake --build build --target uninstall >said 2>&1 || exit 1
grep -q "names $library" said
rm /etc/ld.so.preload
readme '--target uninstall'
is_gone
! cmake --build build --target uninstall >said 2>&1 || exit 1
grep -q 'nothing has been installed from' said
rm -rf build build32

readme 'cpack -G DEB'
protects /root/client
# Uninstalling is refused when the files are those of the package that cpack made.
! cmake --build build --target uninstall >said 2>&1 || exit 1
grep -q 'belongs to a package: libnoselfconn' said
readme 'apt-get purge'
is_gone
