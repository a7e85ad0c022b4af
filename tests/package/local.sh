#!/bin/bash
# The README's three commands, on a machine without what the tests need: installed under /usr/local
# the bare name works. What is written there and in /etc and /var stays in a mount namespace.
# shellcheck disable=SC2016 # what single quotes hold is for another shell
source=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

[ "$(id -u)" = 0 ] || skip "only root can install under /usr/local"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

read -ra configure < <(sed -n 's/^    \(cmake -B build .*\) && cmake --build build && sudo .*/\1/p' \
	"$source/README.md")
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
	cmake --install b >/dev/null
	said=$(LD_PRELOAD=libnoselfconn.so grep -c "r-xp.*/usr/local/lib.*/libnoselfconn\.so$" \
		/proc/self/maps 2>&1 || :)
	[ "$said" = 1 ] || { echo "not loaded: $said"; exit 1; }
	/usr/local/bin/noselfconn --check true
	# It knows its place without /proc too.
	mount -t tmpfs tmpfs /proc
	/usr/local/bin/noselfconn --check true' bash "$directory"
