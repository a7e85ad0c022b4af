#!/bin/bash
# Runs in overlay.sh: the recipe in the right order, and what happens in the wrong one.
. "$(dirname "$0")/common.sh"
list=/etc/ld.so.preload
recipe=/examples/ld_so_preload.sh
installed=/usr/lib/$(gcc -print-multiarch)/libnoselfconn.so
# shellcheck disable=SC2016  # for the dynamic linker
line='/usr/$LIB/libnoselfconn.so'
rm -f "$list"

meets_itself() {
	! legacy 44444 1
}

meets_itself

# The library has to be installed first.
mv "$installed" /
must_fail "$recipe" add
[ ! -e "$list" ]
mv /libnoselfconn.so "$installed"

must_fail "$recipe" add libnoselfconn.so
"$recipe" add
[ "$(cat "$list")" = "$line" ]
[ "$(stat -c '%a %U' "$list")" = '644 root' ]
legacy 44444 1
must_fail "$recipe" add

# The whole path also reaches set-uid programs, which would refuse the bare name.
set_uid() {
	setpriv --reuid 65534 --regid 65534 --clear-groups /usr/local/bin/set-uid 44444 1
}
install -m 4755 /usr/local/bin/legacy /usr/local/bin/set-uid
[ "$(set_uid 2>&1)" = 'refused in all 1 tries' ]
sed -i 's,.*/,,' "$list"
legacy 44444 1
must_fail set_uid
echo "$line" >"$list"

# If the library is uninstalled too early, programs run, but complain.
complaint="ERROR: ld.so: object '$line' from $list cannot be preloaded .*: ignored"
mv "$installed" /
/bin/true 2>&1 | grep "$complaint"
meets_itself
mv /libnoselfconn.so "$installed"

"$recipe" remove
[ ! -e "$list" ]
meets_itself
must_fail "$recipe" remove

# Entries of others stay unchanged, with or without a newline at the end.
printf libm.so.6 >"$list"
"$recipe" add
[ "$(cat "$list")" = "$line"$'\nlibm.so.6' ]
legacy 44444 1
"$recipe" remove
[ "$(cat "$list")" = libm.so.6 ]

# The library in /usr/local is found when there is no other, and taken out again.
rm -f "$list"
mkdir -p "/usr/local/lib/$(gcc -print-multiarch)"
mv "$installed" "/usr/local/lib/$(gcc -print-multiarch)"
"$recipe" add
# shellcheck disable=SC2016  # for the dynamic linker
[ "$(cat "$list")" = '/usr/local/$LIB/libnoselfconn.so' ]
legacy 44444 1
must_fail "$recipe" add
"$recipe" remove
[ ! -e "$list" ]

# A library at another place is listed on request, and is not taken for one that is not there.
rm "/usr/local/lib/$(gcc -print-multiarch)/libnoselfconn.so"
# shellcheck disable=SC2016  # for the dynamic linker
elsewhere='/opt/noselfconn/$LIB/libnoselfconn.so'
"$recipe" add "$elsewhere"
legacy 44444 1
must_fail "$recipe" add
[ "$(cat "$list")" = "$elsewhere" ]
"$recipe" remove "$elsewhere"
[ ! -e "$list" ]

must_fail "$recipe"
must_fail "$recipe" away
[ -z "$(find /etc -maxdepth 1 -name 'ld.so.preload?*')" ]
