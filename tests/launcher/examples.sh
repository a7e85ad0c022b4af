#!/bin/bash
# Runs the examples of noselfconn(1) that use --find, --free and --risk while a client is connected
# to itself.
# shellcheck disable=SC2154 # variables from alone.sh
# shellcheck source=/dev/null
. "$(dirname "$0")/alone.sh"

mapfile -t examples < <(sed -n 's/\\(dq/"/g; s/^\.Dl \(.*noselfconn --\(find\|free\|risk\).*\)/\1/p' \
	"$here/../../shim/launcher/noselfconn.1")
[ ${#examples[@]} = 6 ] || fail "${#examples[@]} examples: ${examples[*]}"
started "${container[@]}" client 127.0.0.1
inside=$(pgrep -P "$pid")
started client 127.0.0.1
for example in "${examples[@]}"; do
	case $example in
	*--find\ 44444) status=2 said="*127.0.0.1:$port *" ;;
	*--free\ 44444) status=0 said="freed: 127.0.0.1:$port *" ;;
	*--free\ 44444\ 4321) status=0 said="freed: 127.0.0.1:$port *" ;;
	*awk*)
		started client 127.0.0.1 closed
		status=0 said="127.0.0.1:$port"
		;;
	nsenter*) status=0 said="not at risk: *, $port to $port*" ;;
	*--risk) status=2 said="connected to itself: 127.0.0.1:$port*" ;;
	*) fail "no test for \"$example\"" ;;
	esac
	example=${example//44444/$port}
	expect "$status" "$said" bash -c "${example//4321/$inside}"
done
