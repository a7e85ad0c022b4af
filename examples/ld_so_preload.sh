#!/bin/bash
# Loads the library into every program that this host starts from now on, or stops that.
#
#   examples/ld_so_preload.sh add [FILE]       after the library has been installed
#   examples/ld_so_preload.sh remove [FILE]    before the library is uninstalled
#
# FILE is the library; the default is the one in /usr or, if there is none, in /usr/local.
#
# Prefer LD_PRELOAD for the programs that need it. /etc/ld.so.preload also reaches set-uid programs,
# your shell and the tools that you would repair the host with:
#
# - Keep a root shell open, and try a new login before you close it.
# - While the list names a library that does not exist, every program complains on stderr when it
#   starts: hence the order above. With a 64-bit library only, 32-bit programs complain.
# - To replace the library, rename a new file over it, as package managers do. Writing to it in
#   place crashes every program that has it mapped.
# - If no program starts any more, boot from a rescue medium and remove the line.
#
# Running programs get or lose the library when they are restarted. Set NOSELFCONN_* variables in
# /etc/environment or in the service manager's configuration. Set-uid programs ignore them.
set -euo pipefail

readonly list=/etc/ld.so.preload
# Whole paths, because set-uid programs refuse a bare name. The dynamic linker replaces $LIB by
# lib/x86_64-linux-gnu, lib64, lib ...
# shellcheck disable=SC2016
libraries=('/usr/$LIB/libnoselfconn.so' '/usr/local/$LIB/libnoselfconn.so')
[ $# -lt 2 ] || libraries=("$2")

die() {
	echo "ld_so_preload.sh: $*" >&2
	exit 1
}

# listed prints those of the libraries that are in the list, others the rest of the list.
listed() {
	[ ! -e "$list" ] || grep -xF "$(printf '%s\n' "${libraries[@]}")" "$list" || true
}

others() {
	[ ! -e "$list" ] || grep -vxF "$(printf '%s\n' "${libraries[@]}")" "$list" || true
}

# Atomic: a program that starts meanwhile sees the old list or the new one.
replace_list() {
	local new
	new=$(mktemp "$list.XXXXXX")
	cat >"$new"
	chmod 644 "$new"
	sync "$new"
	mv "$new" "$list"
}

# loads LIBRARY: whether the dynamic linker loads it by this name, without a complaint.
loads() {
	[[ $(LD_PRELOAD=$1 env true 2>&1) != *"'$1' from LD_PRELOAD"* ]]
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
