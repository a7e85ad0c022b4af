#!/bin/bash
# The tests that a GNOME library installs: programs in C around GLib's main loop that speak TAP.
#
#   namespace.sh gnome.sh LIBRARY glib|libsoup-3.0
# shellcheck source-path=SCRIPTDIR source=compare.sh
source "$(dirname "$(realpath "$0")")/compare.sh" "$@"
shopt -s extglob nullglob

cd "/usr/share/installed-tests/$suite" 2>/dev/null || skip "no /usr/share/installed-tests/$suite"
case $suite in
glib) # tests that use sockets
	tests=("$PWD"/@(gdbus-peer|gdbus-server|gsocketclient|inet|network|proxy|socket|unix-streams)*)
	;;
libsoup-3.0) # tests that need no web server and do not sometimes hang without the library
	tests=("$PWD"/@(cache|chunk-io|coding|context|continue|forms|http2|misc|ntlm|redirect)-test.test
		"$PWD"/@(request-body|samesite|server-auth|session|streaming|timeout|websocket)-test.test)
	;;
esac

# If a test sets LD_PRELOAD, ours is put before its own.
run_program() {
	local program command
	program=$(basename "$1" .test)
	command=$(sed -n "s,LD_PRELOAD=,&$2:,; s,^Exec=,,p" "$1")
	if ! LD_PRELOAD=$2 timeout 60 bash -c "$command" >output 2>/dev/null </dev/null; then
		echo "failed $program"
	fi
	sed -nE "/ *#.*/I{
			/^ *ok [0-9]+.*# *SKIP/Is,^ *ok [0-9]+,skipped,
			s, *#.*,,
		}
		s,^ *ok [0-9]+,passed,
		s,^ *not ok [0-9]+,failed,
		s,^(passed|skipped|failed) (- )?,\1 $program ,p" output
}

run_suite() {
	local each
	for each in "${tests[@]}"; do
		run_program "$each" "$2"
	done
}

compare
