#!/bin/bash
# The manual pages pass mandoc's and groff's checks, and document every option and setting.
source=$(cd "$(dirname "$0")/../.." && pwd)
launcher=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# These complaints depend on which other manual pages the host has.
elsewhere='outdated mandoc.db|referenced manual not found'

cd "$source/shim" || exit
for page in */*.[178]; do
	findings=$(mandoc -Tlint -W style "$page" 2>&1 | grep -vE "$elsewhere" || :)
	[ -z "$findings" ] || fail "$findings"
	# The command that lintian uses.
	findings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
		man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
	[ -z "$findings" ] || fail "$findings"
done

for option in $("$launcher" --help | grep -o -E -- '--[a-z]+' | sort -u); do
	grep -q "^\.It Fl Fl ${option#--}\>" launcher/noselfconn.1 ||
		fail "noselfconn(1) does not document $option"
done
while read -r variable; do
	grep -q "^\.It Ev $variable\$" library/libnoselfconn.7 ||
		fail "libnoselfconn(7) does not document $variable"
done < <(grep -o 'NOSELFCONN_[A-Z]*' core/settings.c | sort -u)
