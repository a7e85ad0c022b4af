#!/bin/bash
# compiler.sh NAME COMPILER [CFLAGS [LDFLAGS]]: builds and tests the library with other compilers
# and flags. "debian" stands for the flags of a Debian package.
. "$(dirname "$0")/common.sh"
name=$1 compiler=$2 cflags=${3-} ldflags=${4-}
need "$compiler" bwrap unshare ip

if [ "$cflags" = debian ]; then
	export DEB_BUILD_MAINT_OPTIONS=hardening=+all
	cflags="$(dpkg-buildflags --get CPPFLAGS) $(dpkg-buildflags --get CFLAGS)"
	ldflags=$(dpkg-buildflags --get LDFLAGS)
fi

build "$WORK/$name" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="-Werror $cflags" \
	-DCMAKE_MODULE_LINKER_FLAGS="$ldflags" -DBUILD_TESTING=OFF
"$here/one_file.sh" "$WORK/$name/shim/libnoselfconn.so"
must_protect "$WORK/$name/shim/libnoselfconn.so" "$CLIENT" --dev-bind / /
say "$name: builds and protects"
