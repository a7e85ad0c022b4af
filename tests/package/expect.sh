# shellcheck shell=bash
# Sourced by the scripts here.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../outcome.sh"
unset DESTDIR LD_PRELOAD CFLAGS CPPFLAGS LDFLAGS CC
umask 022

# distribution_flags OPTIONS: sets the compiler flags of a Debian package build, for options such as
# hardening=+all, joined as debhelper joins them.
distribution_flags() {
	local -x DEB_BUILD_MAINT_OPTIONS=$1
	CFLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)"
	LDFLAGS="$(dpkg-buildflags --get LDFLAGS) -Wl,--as-needed"
	export CFLAGS LDFLAGS
}

# build SOURCE DIRECTORY OPTION...: shows cmake's output only if it fails.
build() {
	{
		cmake -S "$1" -B "$2" -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr "${@:3}" &&
			cmake --build "$2" --verbose
	} >"$2.log" 2>&1 || fail "$(cat "$2.log")"
}
