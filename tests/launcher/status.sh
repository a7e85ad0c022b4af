#!/bin/bash
# noselfconn --status PID
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# started COMMAND...: in $pid once it has come as far as its first line of output, in $line.
started() {
	coproc "$@"
	# shellcheck disable=SC2154 # coproc sets it
	pid=$COPROC_PID
	read -r line <&"${COPROC[0]}"
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

# Of a variable that is there twice the library takes the first one.
printf '%s\n' '#include <unistd.h>' 'int main(int argc, char **argv) {' \
	'execve(argv[1], argv + 1, (char *[]){"NOSELFCONN_RETRIES=5", "NOSELFCONN_RETRIES=7",' \
	'"NOSELFCONN_DISABLE=0", "NOSELFCONN_DISABLE=1", argv[argc - 1], 0}); }' >twice.c
gcc -o twice twice.c
started ./twice /bin/bash -c 'echo started; read -r _' "LD_PRELOAD=$library" 2>/dev/null
expect 0 "$pid: protected by $library, retries=5 log=none" "$launcher" --status "$pid"
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

# To read the file is not to have loaded it.
started python3 -c 'import mmap, sys
library = open(sys.argv[1], "rb")
mapped = mmap.mmap(library.fileno(), 0, prot=mmap.PROT_READ)
print("started", flush=True)
sys.stdin.read()' "$library"
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped

# A process that has ended, and is only not waited for.
started python3 -c 'import os, sys
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read()'
expect 3 "$line: unknown: it has no memory, *" "$launcher" --status "$line"
stopped

# The file is replaced, the process goes on with the old one.
cp "$library" libnoselfconn.so
started env LD_PRELOAD="$PWD/libnoselfconn.so" "${waiting[@]}"
rm libnoselfconn.so
expect 0 "$pid: protected by $PWD/libnoselfconn.so (deleted), *" "$launcher" --status "$pid"
stopped

for pid in '' x 1x 99999999999999999999 ../self; do
	expect 125 'noselfconn: --status *: expected the number of a process' "$launcher" --status "$pid"
done
expect 125 "noselfconn: -1: expected an option that *" "$launcher" --status -1
