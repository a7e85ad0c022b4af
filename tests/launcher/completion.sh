#!/bin/bash
# The words that bash's completion offers after "noselfconn".
# shellcheck disable=SC2016 # the single-quoted code is for another shell
source=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# completes LINE WORD...: bash offers exactly these words for the last word of the line.
completes() {
	local offered
	offered=$(bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		read -ra COMP_WORDS <<<"$2"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_noselfconn noselfconn "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$source/shim/launcher/noselfconn.bash" "$1" 2>/dev/null |
		sort -u | xargs)
	[ "$offered" = "${*:2}" ] || fail "for \"$1\" bash offers \"$offered\", expected \"${*:2}\""
}

completes 'noselfconn --' --check --find --force --free --help --log --retries --risk --status --version
completes 'noselfconn --re' --retries
completes 'noselfconn --log ' none stderr syslog
completes 'noselfconn --log=s' stderr syslog
completes 'noselfconn --log sy' syslog
completes "noselfconn --status $$" "$(cd /proc && echo $$*)"
completes "noselfconn --status 1 $$" "$(cd /proc && echo $$*)"
completes 'noselfconn --f' --find --force --free
for verb in '--find' '--free' '--risk' '--free 44444 --'; do
	completes "noselfconn $verb "
done
completes "noselfconn --free 44444 $$" "$(cd /proc && echo $$*)"
completes 'noselfconn --force stdbu' stdbuf
completes 'noselfconn --log stderr --retries 3 stdbu' stdbuf
completes 'noselfconn -- stdbu' stdbuf
touch only-file
completes 'noselfconn cat only' only-file
completes 'noselfconn --log none cat --log only' only-file
