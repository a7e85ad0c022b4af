#!/bin/bash
# noselfconn --status PID
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# started COMMAND...: in $pid once it has come as far as its first output.
started() {
	coproc "$@"
	# shellcheck disable=SC2154 # coproc sets it
	pid=$COPROC_PID
	read -r _ <&"${COPROC[0]}"
}
stopped() {
	kill "$pid"
	wait "$pid" || :
}
waiting=(bash -c 'echo started; read -r _')

started "$launcher" --retries 7 --log stderr "${waiting[@]}"
expect 0 "$pid: protected by $library, retries=7 log=stderr" "$launcher" --status "$pid"
expect 0 "$pid: protected by *" "$launcher" --status="$pid"
stopped

# Values that the library does not take are the default.
started env NOSELFCONN_RETRIES=99 NOSELFCONN_LOG=file "$launcher" "${waiting[@]}" 2>/dev/null
expect 0 "$pid: protected by $library, retries=3 log=none" "$launcher" --status "$pid"
stopped

started env NOSELFCONN_DISABLE=1 "$launcher" "${waiting[@]}"
expect 2 "$pid: not protected by $library, retries=3 log=none disable=1" "$launcher" --status "$pid"
stopped

started "${waiting[@]}"
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped
expect 3 "$pid: unknown: there is no such process" "$launcher" --status "$pid"

# The file is replaced, the process goes on with the old one.
cp "$library" libnoselfconn.so
started env LD_PRELOAD="$PWD/libnoselfconn.so" "${waiting[@]}"
rm libnoselfconn.so
expect 0 "$pid: protected by $PWD/libnoselfconn.so (deleted), *" "$launcher" --status "$pid"
stopped

for pid in '' x -1 1x 99999999999999999999 ../self; do
	expect 125 'noselfconn: --status *: expected the number of a process' "$launcher" --status "$pid"
done
