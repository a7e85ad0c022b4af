#!/bin/bash
# The three commands that install from the source work without the packages that the tests need. The
# loader then finds the library in /usr/local by its bare name. Changes to /usr/local, /etc and /var
# stay in a mount namespace.
# shellcheck disable=SC2016 # the single-quoted code is for another shell
source=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(id -u)" = 0 ] || skip "only root can install under /usr/local"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

read -ra configure < <(grep -m 1 '^    cmake -B build ' "$source/shim/package/README.md")
(cd "$directory" && PKG_CONFIG_LIBDIR=/nonexistent "${configure[@]/#build/b}" -S "$source" >/dev/null)
cmake --build "$directory/b" >/dev/null
unshare --mount bash -euc '
	cd "$1"
	mount -t tmpfs tmpfs /usr/local
	mkdir overlay
	mount -t tmpfs tmpfs overlay
	for changed in etc var; do
		mkdir -p overlay/$changed/{upper,work}
		mount -t overlay overlay /$changed \
			-o lowerdir=/$changed,upperdir=overlay/$changed/upper,workdir=overlay/$changed/work || {
			echo "skipped: no overlay over /$changed"
			exit 77
		}
	done
	PATH=/usr/sbin:/usr/bin:/sbin:/bin
	said=$(cmake --install b 2>&1 >/dev/null)
	[ -z "$said" ] || { echo "$said"; exit 1; }
	said=$(LD_PRELOAD=libnoselfconn.so grep -c "r-xp.*/usr/local/lib.*/libnoselfconn\.so$" \
		/proc/self/maps 2>&1 || :)
	[ "$said" = 1 ] || { echo "not loaded: $said"; exit 1; }
	/usr/local/bin/noselfconn --check true
	# An older copy, which the loader would find first, causes a warning.
	touch /usr/local/lib/libnoselfconn.so
	cmake --install b 2>&1 >/dev/null | grep -q "/usr/local/lib/libnoselfconn.so is an older copy"
	rm /usr/local/lib/libnoselfconn.so
	# Uninstalling is refused while /etc/ld.so.preload names the library; otherwise it removes
	# every file.
	library=$(cat b/install_manifest*.txt | grep -F .so)
	echo "libm.so.6:$library # protects" >/etc/ld.so.preload
	cmake --build b --target uninstall >said 2>&1 && exit 1
	grep -q "names $library" said
	test -e "$library"
	rm /etc/ld.so.preload
	# The launcher finds the library without /proc too.
	mount -t tmpfs tmpfs /proc
	/usr/local/bin/noselfconn --check true
	umount /proc
	cmake --build b --target uninstall >said
	left=$(find /usr/local ! -type d -o -name "*noselfconn*")
	[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
	said=$(cmake --build b --target uninstall 2>&1) && exit 1
	[[ $said == *"nothing has been installed from"* ]]' bash "$directory"
