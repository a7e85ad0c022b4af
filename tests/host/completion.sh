#!/bin/bash
# The words that bash's completion offers after "noselfconn-host".
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
completion=$2/noselfconn-host.bash
[ -e /usr/share/bash-completion/bash_completion ] || skip "no bash-completion"

# completes LINE WORD...: bash offers exactly these words for the last word of the line.
completes() {
	local offered
	# shellcheck disable=SC2016 # for the inner shell
	offered=$(bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		read -ra COMP_WORDS <<<"$2"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_noselfconn_host noselfconn-host "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$1" 2>/dev/null | xargs)
	[ "$offered" = "${*:2}" ] || fail "for \"$1\" bash offers \"$offered\", expected \"${*:2}\""
}

completes 'noselfconn-host ' add remove status --help --version
completes 'noselfconn-host re' remove
completes 'noselfconn-host add --' --cgroup --uid
completes 'noselfconn-host status --uid=nobo' nobody
completes 'noselfconn-host add --uid nobo' nobody

mkdir bin
printf '%s\n' '#!/bin/sh' 'echo "app.service loaded active running An application"' >bin/systemctl
chmod +x bin/systemctl
PATH=$directory/bin:$PATH completes 'noselfconn-host add --cgroup system.slice/a' system.slice/app.service
