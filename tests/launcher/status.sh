#!/bin/bash
# noselfconn --status: what is known about a running process.
# shellcheck disable=SC2016 # the single-quoted code is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# started COMMAND...: starts it, and waits for its first line of output. Sets $pid and $line.
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
cp "$launcher" .
waiting=(bash -c 'echo started; read -r _')
version=$("$launcher" --version)
by="by libnoselfconn ${version#* }"
through_libc=', as far as it connects through libc'

started "$launcher" --retries 7 --log stderr "${waiting[@]}"
expect 0 "$pid: protected $by ($library)$through_libc, retries=7 log=stderr" "$launcher" --status "$pid"
expect 0 "$pid: protected by *" "$launcher" --status="$pid"
stopped

# If the environment has a variable twice, the library uses the first one.
printf '%s\n' '#include <unistd.h>' 'int main(int argc, char **argv) {' \
	'execve(argv[1], argv + 1, (char *[]){"NOSELFCONN_RETRIES=5", "NOSELFCONN_RETRIES=7",' \
	'"NOSELFCONN_DISABLE=0", "NOSELFCONN_DISABLE=1", argv[argc - 1], 0}); }' >twice.c
gcc -o twice twice.c
started ./twice /bin/bash -c 'echo started; read -r _' "LD_PRELOAD=$library" 2>/dev/null
expect 0 "$pid: protected $by ($library)$through_libc, retries=5 log=none" "$launcher" --status "$pid"
stopped

# Instead of an invalid value the library uses the default.
started env NOSELFCONN_RETRIES=99 NOSELFCONN_LOG=file "$launcher" "${waiting[@]}" 2>/dev/null
expect 0 "$pid: protected $by ($library)$through_libc, retries=3 log=none" "$launcher" --status "$pid"
stopped

started env NOSELFCONN_DISABLE=1 "$launcher" "${waiting[@]}"
expect 2 "$pid: not protected $by ($library), retries=3 log=none disable=1" "$launcher" --status "$pid"
stopped

started "${waiting[@]}"
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped
expect 3 "$pid: unknown: there is no such process" "$launcher" --status "$pid"

# A process that maps the library as data has not loaded it.
started python3 -c 'import mmap, sys
library = open(sys.argv[1], "rb")
mapped = mmap.mmap(library.fileno(), 0, prot=mmap.PROT_READ)
print("started", flush=True)
sys.stdin.read()' "$library"
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped

# A zombie: the process has ended, but nobody has waited for it.
started python3 -c 'import os, sys
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read()'
expect 3 "$line: unknown: it has no memory, *" "$launcher" --status "$line"
stopped

# The library's file is deleted, and the process goes on with the old one.
cp "$library" libnoselfconn.so
started env LD_PRELOAD="$PWD/libnoselfconn.so" "${waiting[@]}"
rm libnoselfconn.so
expect 0 "$pid: protected $by ($PWD/libnoselfconn.so (deleted))$through_libc, *=none" \
	"$launcher" --status "$pid"
# Then the file is replaced, by the same version and by another one.
cp "$library" libnoselfconn.so
expect 0 "$pid: protected $by (*)$through_libc, *; restart it to get ${version#* }" \
	"$launcher" --status "$pid"
perl -pe 's/(libnoselfconn\0{3})\d+/${1}9/' "$library" >libnoselfconn.so
expect 0 "$pid: protected $by (*)$through_libc, *; restart it to get 9.${version#*.}" \
	"$launcher" --status "$pid"
stopped

# libnoselfconn.so is a symbolic link to a file with another name.
mkdir linked
cp "$library" linked/preload-1
ln -s preload-1 linked/libnoselfconn.so
started env LD_PRELOAD="$PWD/linked/libnoselfconn.so" "${waiting[@]}"
expect 0 "$pid: protected $by ($PWD/linked/preload-1)$through_libc, *=none" \
	"$launcher" --status "$pid"
cp libnoselfconn.so linked/preload-9
ln -sf preload-9 linked/libnoselfconn.so
expect 0 "$pid: protected $by ($PWD/linked/preload-1)$through_libc, *; restart it to get 9.*" \
	"$launcher" --status "$pid"
stopped

# A library older than version numbers, and a foreign file with the library's name.
perl -pe 's/libnoselfconn(?=\0{3}\d)/LIBNOSELFCONN/' "$library" >libnoselfconn.so
started env LD_PRELOAD="$PWD/libnoselfconn.so" "${waiting[@]}"
expect 0 "$pid: protected by libnoselfconn before 1.1.0 ($PWD/libnoselfconn.so)$through_libc, *" \
	"$launcher" --status "$pid"
stopped
gcc -shared -o libnoselfconn.so -x c - <<<'int something;'
started env LD_PRELOAD="$PWD/libnoselfconn.so" "${waiting[@]}"
expect 3 "$pid: unknown: libnoselfconn.so is mapped, but *" "$launcher" --status "$pid"
stopped

started "$(command -v busybox)" sh -c 'echo started; read -r _'
expect 2 "$pid: not protected, it is statically linked" "$launcher" --status "$pid"
stopped

started env LD_PRELOAD="$library" /usr/lib/klibc/bin/sh -c 'echo started; read -r _'
expect 2 "$pid: not protected, it is statically linked" "$launcher" --status "$pid"
stopped

# If a program loads the library with dlopen(), it stands behind libc and is never called.
started python3 -c 'import ctypes, sys
ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
print("started", flush=True)
sys.stdin.read()' "$library"
expect 2 "$pid: not protected $by ($library): it was loaded behind libc, not preloaded" \
	"$launcher" --status "$pid"
stopped

# musl's libc is its dynamic linker too, also under the name libc.so.
cat >main.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	puts(argc < 2 || dlopen(argv[1], RTLD_NOW) ? "started" : dlerror());
	fflush(stdout);
	return getchar();
}
END
musl-gcc -o musl main.c
cp "$(patchelf --print-interpreter musl)" libc.so
patchelf --set-interpreter "$PWD/libc.so" musl
started ./musl
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped
started ./musl "$library"
expect 2 "$pid: not protected $by ($library): it was loaded behind libc, not preloaded" \
	"$launcher" --status "$pid"
stopped
started env LD_PRELOAD="$library" ./musl
expect 0 "$pid: protected $by ($library)$through_libc, *" "$launcher" --status "$pid"
stopped

# The calls of a plugin that was loaded with RTLD_DEEPBIND, as PHP loads its extensions, go past the
# library.
cat >plugin.c <<'END'
#include <sys/socket.h>
int call(void) { return connect(-1, 0, 0); }
END
gcc -shared -fPIC -Wl,-z,now -o plugin.so plugin.c
cat >host.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char plugin[4096] = "./";
	strcat(plugin, argv[1]);
	puts((argc < 3			     ? dlopen(plugin, RTLD_NOW)
	      : strcmp(argv[2], "deep") == 0 ? dlopen(plugin, RTLD_NOW | RTLD_DEEPBIND)
					     : dlmopen(LM_ID_NEWLM, plugin, RTLD_LAZY))
		     ? "started"
		     : dlerror());
	fflush(stdout);
	return getchar();
}
END
gcc -o host host.c
started "$launcher" ./host plugin.so
expect 0 "$pid: protected $by *" "$launcher" --status "$pid"
stopped
# libc-client.so.2007e (IMAP) must not be taken for libc, although its name begins like libc's.
cp plugin.so libc-client.so.2007e
for plugin in plugin.so libc-client.so.2007e; do
	started "$launcher" ./host $plugin deep
	expect 2 "$pid: not protected $by ($library) in $PWD/$plugin, whose connect() is libc's" \
		"$launcher" --status "$pid"
	stopped
done
# A namespace of dlmopen(3) does not contain the library, so the answer is certain even before the
# plugin's first call.
gcc -shared -fPIC -Wl,-z,lazy -o plugin.so plugin.c
started "$launcher" ./host plugin.so apart
expect 2 "$pid: not protected $by ($library) in $PWD/plugin.so, whose connect() is libc's" \
	"$launcher" --status "$pid"
stopped

# Another library in front of this one gets the calls, and may not hand them on.
gcc -shared -fPIC -o before.so -x c - <<<'int connect(void) { return 42; }'
gcc -Wl,-z,now -o calls -x c - <<'END'
#include <stdio.h>
#include <sys/socket.h>
int main(void) { connect(-1, 0, 0); puts("started"); fflush(stdout); return getchar(); }
END
started env LD_PRELOAD="$library:$PWD/before.so" ./calls
expect 0 "$pid: protected $by *" "$launcher" --status "$pid"
stopped
started env LD_PRELOAD="$PWD/before.so:$library" ./calls
expect 3 "$pid: unknown: calls of connect() go to $PWD/before.so, which stands before libnoselfconn *" \
	"$launcher" --status "$pid"
stopped

# The program itself may have such a function.
gcc -rdynamic -o own -x c - <<'END'
#include <stdio.h>
int connect(void) { return 42; }
int main(void) { puts("started"); fflush(stdout); return getchar(); }
END
started env LD_PRELOAD="$library" ./own
expect 3 "$pid: unknown: calls of connect() go to $PWD/own, which stands before libnoselfconn *" \
	"$launcher" --status "$pid"
stopped

# The library is loaded twice: the first gets the calls.
mkdir second
cp "$library" second
started env LD_PRELOAD="$library:$PWD/second/libnoselfconn.so" ./calls
expect 0 "$pid: protected $by ($library)$through_libc, *" "$launcher" --status "$pid"
stopped

# A non-PIE program that takes the address of connect() has a PLT entry for it, not a function of
# its own.
gcc -no-pie -fno-pie -o address -x c - <<'END'
#include <stdio.h>
#include <sys/socket.h>
int main(void) { printf("started %p\n", (void *)connect); fflush(stdout); return getchar(); }
END
gcc -shared -fPIC -Wl,-z,now -o takes.so -x c - <<'END'
#include <sys/socket.h>
void *address(void) { return (void *)connect; }
END
started env LD_PRELOAD="$library:$PWD/takes.so" ./address
expect 0 "$pid: protected $by *" "$launcher" --status "$pid"
stopped

# A Go program with a dynamic linker, which its C libraries need.
cat >go.c <<'END'
#include <stdio.h>
__asm__(".section .note.go.buildid, \"a\", %note\n.long 3, 4, 4\n.asciz \"Go\"\n.balign 4\n.long 0\n"
	".previous");
int main(void) { puts("started"); fflush(stdout); return getchar(); }
END
gcc -o go go.c
started env LD_PRELOAD="$library" ./go
expect 2 "$pid: not protected $by ($library): a Go program *" "$launcher" --status "$pid"
stopped

# A program that was started by naming its dynamic linker.
loader=$(patchelf --print-interpreter host)
started "$launcher" "$loader" ./host plugin.so
expect 0 "$pid: protected $by *" "$launcher" --status "$pid"
stopped
started env LD_PRELOAD="$library" "$loader" ./go
expect 2 "$pid: not protected $by ($library): a Go program *" "$launcher" --status "$pid"
stopped
started env LD_PRELOAD="$library" "$loader" ./own
expect 3 "$pid: unknown: calls of connect() go to $PWD/own, *" "$launcher" --status "$pid"
stopped

# A process whose main thread has ended.
cat >threads.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static pthread_t first;
static void *go_on(void *nothing)
{
	pthread_join(first, 0);
	puts("started");
	fflush(stdout);
	pause();
	return nothing;
}
int main(void)
{
	first = pthread_self();
	pthread_create(&(pthread_t){0}, 0, go_on, 0);
	pthread_exit(0);
}
END
gcc -pthread -o threads threads.c
started ./threads
expect 2 "$pid: not protected, libnoselfconn.so is not loaded" "$launcher" --status "$pid"
stopped
started "$launcher" ./threads
expect 0 "$pid: protected $by *" "$launcher" --status "$pid"
stopped

# A process whose memory may not be read, as Yama denies it to the user of the process.
if [ "$(id -u)" = 0 ]; then
	for run in "$launcher" env; do
		started "$run" setpriv --reuid 65534 --regid 65534 --clear-groups "${waiting[@]}"
		touch closed
		chmod 0 closed
		expect 3 "$pid: unknown: its memory may not be read, which root may" \
			unshare --mount bash -c 'mount --bind closed /proc/$1/mem &&
			exec setpriv --reuid 65534 --regid 65534 --clear-groups ./noselfconn --status "$1"' \
			bash "$pid"
		stopped
	done
fi

# A process that is still starting: its dynamic linker waits until somebody opens the pipe for
# writing.
mkfifo pipe
coproc env LD_PRELOAD="$PWD/pipe:$library" "${waiting[@]}" 2>/dev/null
pid=$COPROC_PID
until [[ $(readlink "/proc/$pid/exe") = */bash && $(<"/proc/$pid/stat") = *") S "* ]]; do :; done
expect 3 "$pid: unknown: its dynamic linker has not loaded libc yet" "$launcher" --status "$pid"
: >pipe
read -r line <&"${COPROC[0]}"
expect 0 "$pid: protected by *" "$launcher" --status "$pid"
stopped

# Several processes: one line each, and the worst exit status of all.
started "${waiting[@]}"
unprotected=$pid
started "$launcher" "${waiting[@]}"
expect 2 "$pid: protected *
$unprotected: not protected*" "$launcher" --status "$pid" "$unprotected"
expect 2 "*" "$launcher" --status 999999999 "$unprotected" "$pid"
expect 3 "$pid: protected *
999999999: unknown: *" "$launcher" --status "$pid" 999999999
expect 0 "*" "$launcher" --status "$pid" "$pid"
kill "$unprotected"
stopped

for pid in '' 99999999999999999999; do
	expect 125 'noselfconn: --status *: expected the number of a process, a unit or a *' \
		"$launcher" --status "$pid"
done
for group in x 1x ../self /nonexistent nonexistent.service; do
	expect 3 "$group: unknown: there is no such control group, *" "$launcher" --status "$group"
done
expect 125 "noselfconn: -1: expected an option that *" "$launcher" --status -1
