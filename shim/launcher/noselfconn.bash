# shellcheck shell=bash
# bash completion for noselfconn(1)

_noselfconn()
{
	local cur prev words cword i
	# shellcheck disable=SC2034 # split is set by -s
	local split
	_init_completion -s || return

	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--log | --retries) ((i++)) ;;
		--status*)
			_pids
			return
			;;
		--free)
			((cword == i + 2)) && _pids
			return
			;;
		--find | --risk) return ;;
		--) _command_offset $((i + 1)) && return ;;
		-*) ;;
		*) _command_offset $i && return ;;
		esac
	done

	case $prev in
	--log)
		mapfile -t COMPREPLY < <(compgen -W 'none stderr syslog' -- "$cur")
		return
		;;
	--retries)
		mapfile -t COMPREPLY < <(compgen -W '{0..16}' -- "$cur")
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--check --find --force --free --help --log
			--retries --risk --status --version' -- "$cur")
	else
		_command_offset "$cword"
	fi
} &&
	complete -F _noselfconn noselfconn
