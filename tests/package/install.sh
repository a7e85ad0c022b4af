#!/bin/bash
# "cmake --install" puts every file where it belongs, and the build uses the flags of a packager.
source=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit

# CFLAGS and LDFLAGS reach the compiler, and -Werror is not added.
CFLAGS=-DGIVEN_TO_COMPILER LDFLAGS=-Wl,--defsym=given_to_linker=1 build "$source" b
[ "$(grep -c -e '-DGIVEN_TO_COMPILER .*-c ' b.log)" = "$(grep -c -e ' -c ' b.log)" ] ||
	fail "CFLAGS are not used everywhere: $(cat b.log)"
grep -q given_to_linker <<<"$(nm b/shim/noselfconn)" || fail "LDFLAGS are not used for the launcher"
grep -q given_to_linker <<<"$(nm b/shim/libnoselfconn.so)" || fail "LDFLAGS are not used for the library"
! grep -q -e -Werror b.log || fail "-Werror without request"
! grep -q warning: b.log || fail "$(grep -A 5 warning: b.log)"

# With link-time optimisation there are no warnings either, and the library works.
(
	distribution_flags 'hardening=+all optimize=+lto'
	build "$source" lto
)
! grep -q warning: lto.log || fail "$(grep -A 5 warning: lto.log)"
lto/shim/noselfconn sh -c 'grep -q "r-xp.*/libnoselfconn\.so$" /proc/self/maps' || fail "not loaded"

# The installed files and their permissions.
DESTDIR=$directory/root cmake --install b >/dev/null
triplet=$(gcc -print-multiarch)
(cd root && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2) >installed
diff - installed <<END
755 usr/bin/noselfconn
755 usr/bin/noselfconn-host
644 usr/lib/systemd/system/noselfconn-host.service
644 usr/lib/$triplet/libnoselfconn.so
644 usr/share/bash-completion/completions/noselfconn
644 usr/share/bash-completion/completions/noselfconn-host
644 usr/share/man/man1/noselfconn.1
644 usr/share/man/man7/libnoselfconn.7
644 usr/share/man/man8/noselfconn-host.8
END

DESTDIR=$directory/root cmake --build b --target uninstall >/dev/null
[ -z "$(find root ! -type d)" ] || fail "left behind: $(find root ! -type d)"
DESTDIR=$directory/root cmake --install b >/dev/null

# The launcher finds the library under any prefix, also if it is called through a symbolic link.
ln -s "$directory/root/usr/bin/noselfconn" linked
found=$(./linked printenv LD_PRELOAD)
[ "$found" = "$directory/root/usr/lib/$triplet/libnoselfconn.so" ] || fail "found $found"

# Under every prefix the library lies where the loader's $LIB leads. The systemd drop-in relies on
# that.
build "$source" b -DCMAKE_INSTALL_PREFIX="$directory/prefix"
cmake --install b >/dev/null
# shellcheck disable=SC2016 # $LIB is for the loader
LD_PRELOAD=$directory/prefix/'$LIB/libnoselfconn.so' grep -q "r-xp.*/libnoselfconn\.so$" /proc/self/maps ||
	fail "not where \$LIB leads: $(find prefix -name '*.so')"
# shellcheck disable=SC2016
grep -q 'LD_PRELOAD=/opt/noselfconn/$LIB/libnoselfconn.so$' \
	"$source/examples/systemd/legacy.service.d/noselfconn.conf" || fail "the drop-in has another path"

# The launcher finds the library also if the directories are set as other systems have them.
build "$source" b -DCMAKE_INSTALL_PREFIX="$directory/opt" -DCMAKE_INSTALL_LIBDIR=lib64 \
	-DCMAKE_INSTALL_BINDIR=sbin
cmake --install b >/dev/null
found=$(opt/sbin/noselfconn printenv LD_PRELOAD)
[ "$found" = "$directory/opt/lib64/libnoselfconn.so" ] || fail "found $found"
build "$source" b -DCMAKE_INSTALL_PREFIX="$directory/launcher" -DCMAKE_INSTALL_BINDIR=bin \
	-DCMAKE_INSTALL_LIBDIR="$directory/library"
cmake --install b >/dev/null
found=$(launcher/bin/noselfconn printenv LD_PRELOAD)
[ "$found" = "$directory/library/libnoselfconn.so" ] || fail "found $found"

# cpack refuses any prefix but /usr, because the library directory depends on it.
if said=$(cd b && cpack -G DEB 2>&1); then
	fail "packed for another prefix"
fi
[[ $said = *CMAKE_INSTALL_PREFIX=/usr* ]] || fail "$said"
