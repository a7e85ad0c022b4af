# shellcheck shell=bash
# bash completion for noselfconn-host(8)

_noselfconn_host()
{
	local cur prev cword
	# shellcheck disable=SC2034 # set by _init_completion, and by its -s
	local words split
	_init_completion -s || return

	case $prev in
	--uid)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	--cgroup)
		mapfile -t COMPREPLY < <(systemctl list-units --type service --plain --no-legend 2>/dev/null |
			awk -v start="$cur" '{ path = "system.slice/" $1 } index(path, start) == 1 { print path }')
		return
		;;
	esac

	if ((cword == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'add remove status --help --version' -- "$cur")
	elif ((cword == 2)) && [[ $prev == add || $prev == remove || $prev == status ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--cgroup --uid' -- "$cur")
	fi
} &&
	complete -F _noselfconn_host noselfconn-host
