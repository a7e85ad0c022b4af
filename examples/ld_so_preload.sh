#!/bin/bash
# Puts the library under every program that this host starts from now on, or takes it away again.
#
#   examples/ld_so_preload.sh add [FILE]       after the library has been installed
#   examples/ld_so_preload.sh remove [FILE]    before the library is uninstalled
#
# Without FILE it is the library in /usr or, if there is none, in /usr/local.
#
# Prefer LD_PRELOAD for the programs that need it. /etc/ld.so.preload also reaches set-uid programs,
# your shell and the tools that you would repair the host with:
#
# - Keep a root shell open, and try to log in anew before you close it.
# - While the list names a library that is not there, each program that starts complains on stderr:
#   hence the order above. So do 32-bit programs while there is a library for 64 bits only.
# - Replace the library by renaming a new file over it, as package managers do. Written to in place
#   it crashes every program that has it mapped.
# - If no program starts any more, boot from a rescue medium and remove the line.
#
# Programs that run already get the library, or lose it, when they are restarted. NOSELFCONN_*
# variables go into /etc/environment or the service manager's configuration; set-uid programs
# ignore them.
set -euo pipefail

readonly list=/etc/ld.so.preload
# Whole paths: set-uid programs refuse a bare name. $LIB is for the dynamic linker to replace, by
# lib/x86_64-linux-gnu, lib64, lib ...
# shellcheck disable=SC2016
libraries=('/usr/$LIB/libnoselfconn.so' '/usr/local/$LIB/libnoselfconn.so')
[ $# -lt 2 ] || libraries=("$2")

die() {
	echo "ld_so_preload.sh: $*" >&2
	exit 1
}

# Prints those of the libraries that the list has, and the rest of the list.
listed() {
	[ ! -e "$list" ] || grep -xF "$(printf '%s\n' "${libraries[@]}")" "$list" || true
}

others() {
	[ ! -e "$list" ] || grep -vxF "$(printf '%s\n' "${libraries[@]}")" "$list" || true
}

# A program that starts meanwhile sees the old list or the new one.
replace_list() {
	local new
	new=$(mktemp "$list.XXXXXX")
	cat >"$new"
	chmod 644 "$new"
	sync "$new"
	mv "$new" "$list"
}

# Whether a program that starts with it has it.
loads() {
	LD_PRELOAD=$1 grep -qF "${1##*/}" /proc/self/maps 2>/dev/null
}

add() {
	local library
	library=$(listed)
	[ -z "$library" ] || die "$list names $library already"
	for library in "${libraries[@]}"; do
		[[ $library == /* ]] || die "\"$library\" given, expected the whole path of the library"
		if loads "$library"; then
			{ echo "$library" && others; } | replace_list
			return
		fi
	done
	die "nothing changed, since the library is not there: ${libraries[*]}"
}

remove() {
	[ "$(listed)" ] || die "$list does not name ${libraries[*]}"
	others | replace_list
	[ -s "$list" ] || rm "$list"
}

case ${1-} in
add | remove) "$1" ;;
*) die "\"$*\" given, expected \"add\" or \"remove\"" ;;
esac
