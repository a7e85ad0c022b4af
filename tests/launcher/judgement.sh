#!/bin/bash
# The launcher refuses programs that the library cannot protect, in one sentence, and runs all
# others.
# shellcheck disable=SC2016 # the single-quoted code is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

host_rule='; the host rule reaches it: "noselfconn-host add"; or run it unprotected with --force'
static="*cannot be protected: it is statically linked*$host_rule"
go="*cannot be protected: it is a Go program*$host_rule"
ok="*can be protected, as far as it connects through libc, by $library"
loop='@(Too many levels|Symbolic link)*' # ELOOP in the words of glibc and of musl

printf 'int main(void) { return 42; }\n' >program.c
gcc -o plain program.c
gcc -no-pie -o no-pie program.c
gcc -static -o static program.c
gcc -static-pie -o static-pie program.c
musl-gcc -o musl program.c

for program in plain no-pie musl; do
	expect 0 "$ok" "$launcher" --check "./$program"
done
expect 42 '' "$launcher" ./plain
expect 42 '' "$launcher" ./musl
for program in ./static ./static-pie "$(command -v gosu)"; do
	expect 125 "$static" "$launcher" "$program"
	expect 125 "$static" "$launcher" --check "$program"
done
[ "$("$launcher" ./static 2>&1 | wc -l)" = 1 ] || fail "more than one line"

# Programs of Go's own compiler are refused: an ordinary one, one without section headers, one with
# C code that imports connect(), and one with only the build information. A program that merely
# contains the text "Go buildinf:" is not.
cat >cgo.c <<'END'
#include <sys/socket.h>
__asm__(".section .note.go.buildid, \"a\", %note\n.long 3, 4, 4\n.asciz \"Go\"\n.balign 4\n.long 0\n"
	".previous");
int main(void) { return connect(-1, 0, 0) + 1; }
END
gcc -o cgo cgo.c
cp "$(command -v gron)" no-sections
printf '\0%.0s' {1..8} | dd of=no-sections bs=1 seek=40 conv=notrunc status=none
printf '\0\0\0\0' | dd of=no-sections bs=1 seek=60 conv=notrunc status=none
cat >mark.c <<'END'
const char mark[16] __attribute__((aligned(16))) = MARK " Go buildinf:";
int main(void) { return 42; }
END
gcc -DMARK='"\xff"' -o build-info mark.c
gcc -DMARK='"x"' -o speaks-of-go mark.c
for program in "$(command -v gron)" ./no-sections ./cgo ./build-info; do
	expect 125 "$go" "$launcher" "$program"
	expect 125 "$go" "$launcher" --check "$program"
done
expect 0 "$ok" "$launcher" --check ./speaks-of-go

# So are programs of Free Pascal's compiler, but not one that merely speaks of it.
marked=0
for mark in "FPC 3.2.2 [2021/05/16] for x86_64 - Linux" "FPC 3.2.2 [2021/05/16] for"; do
	gcc -o "marked-$((++marked))" -x c - <<<"const char *mark = \"$mark\"; int main(void) { return 42; }"
done
expect 125 "${go/Go/Free Pascal}" "$launcher" ./marked-1
expect 125 "${go/Go/Free Pascal}" "$launcher" --check ./marked-1
expect 0 "$ok" "$launcher" --check ./marked-2
expect 0 "$ok" "$launcher" --check "$launcher"

# A program that exports a connect() of its own.
gcc -rdynamic -o own -x c - <<<'int connect(void) { return 42; } int main(void) { return connect(); }'
expect 125 "*cannot be protected: it has a function connect() of its own*$host_rule" "$launcher" ./own
expect 42 '' "$launcher" --force ./own

# PHP itself can be protected; the answer says that its extensions cannot.
expect 0 "$ok; the extensions that it loads cannot, see libnoselfconn(7)" "$launcher" --check php

# --check does not run the program; --force runs it without protection.
expect 0 "$ok" "$launcher" --check ./plain
expect 42 '' "$launcher" --force ./static
expect 0 '' "$launcher" --force ./cgo
expect 125 "$static" "$launcher" --force --check ./static
expect 127 'noselfconn: cannot run "nonesuch": *' "$launcher" --force nonesuch

# --check reports a missing command as running it would.
expect 127 'noselfconn: cannot run "nonesuch": *' "$launcher" --check nonesuch
expect 126 'noselfconn: cannot run "/": *' "$launcher" --check /

# The library would be loaded, but do nothing.
expect 125 'noselfconn: ./plain would not be protected: NOSELFCONN_DISABLE=1 is in the environment' \
	env NOSELFCONN_DISABLE=1 "$launcher" --check ./plain
for value in '' 0 yes; do
	expect 0 "$ok" env NOSELFCONN_DISABLE=$value "$launcher" --check ./plain
done

# A script is judged by its interpreter, and with env(1) as interpreter by the command behind that.
script() {
	printf '%b\n' "$2" >"$1"
	chmod +x "$1"
}
script by-shell '#!/bin/sh\necho shell'
script by-env '#!/usr/bin/env bash\necho "$BASH_VERSION"'
script by-static "#! $PWD/static  -x y "
script by-script "#!$PWD/by-static"
script by-env-static "#!/usr/bin/env static"
script by-env-split "#!/usr/bin/env -S A=b static -x"
script by-env-split-at-once "#!/usr/bin/env -Sstatic"
script by-env-missing "#!/usr/bin/env nonesuch"
script by-missing '#!/nonexistent/interpreter'
script by-plain "#!$PWD/plain"
script no-interpreter 'echo shell'
script empty '#!'
script by-itself "#!$PWD/by-itself"
expect 0 shell "$launcher" ./by-shell
expect 0 '?*' "$launcher" ./by-env
expect 42 '' "$launcher" ./by-plain
expect 0 shell "$launcher" ./no-interpreter
expect 0 '' "$launcher" ./empty
for name in by-static by-script by-env-static by-env-split by-env-split-at-once; do
	expect 125 "noselfconn: the interpreter */static of ./$name cannot be protected: it is statically *" \
		env PATH="$PATH:$PWD" "$launcher" "./$name"
done
expect 127 'noselfconn: cannot run nonesuch: *' "$launcher" ./by-env-missing
expect 127 'noselfconn: cannot run nonesuch: *' "$launcher" --check ./by-env-missing

# Other arguments of env(1) may undo the protection or run another command, so they are refused.
for argument in -i '-S -i bash' '-S - bash' '-S -u LD_PRELOAD bash' '-S LD_PRELOAD= bash' \
	'-S NOSELFCONN_DISABLE=1 bash' '-S PATH=/ bash' '-vS bash' '--split-string=bash' \
	'-S "static"' '-S A="b c" static' '-S ${HOME}' '-S # bash' '-S env static' -S A=b; do
	script by-env-more "#!/usr/bin/env $argument"
	expect 125 'noselfconn: */by-env-more cannot be protected: it is run by env(1) with more *' \
		"$launcher" --check "$PWD/by-env-more"
done
expect 126 'noselfconn: cannot run the interpreter /nonexistent/interpreter of ./by-missing: *' \
	"$launcher" ./by-missing

# A script with the line ends of DOS: the message shows the carriage return.
script by-shell-crlf '#!/bin/sh\r'
expect 126 'noselfconn: cannot run the interpreter /bin/sh\\015 of ./by-shell-crlf: *' \
	"$launcher" ./by-shell-crlf

# A pipe, a device, a directory or a file without execute permission is neither interpreter nor
# loader, and is not opened: opening the pipe would block.
mkfifo -m 755 pipe
for interpreter in "$PWD/pipe" /etc/passwd /dev/zero /tmp; do
	script by-no-program "#!$interpreter"
	expect 126 "noselfconn: cannot run the interpreter $interpreter of *: Permission denied" \
		"$launcher" --check ./by-no-program
done
gcc -Wl,--dynamic-linker="$PWD/pipe" -o loader-is-pipe program.c
expect 126 "noselfconn: cannot run *: its loader $PWD/pipe: Permission denied" \
	"$launcher" --check ./loader-is-pipe

# The launcher follows five interpreters, as the kernel does.
script chain-1 "#!$PWD/plain"
for i in 2 3 4 5 6; do
	script "chain-$i" "#!$PWD/chain-$((i - 1))"
done
expect 42 '' "$launcher" ./chain-5
expect 126 "noselfconn: cannot run ./chain-6: $loop" "$launcher" ./chain-6
expect 126 "noselfconn: cannot run ./by-itself: $loop" "$launcher" ./by-itself

# The kernel reads 256 bytes of the "#!" line, and the interpreter's name must lie within them.
long=$PWD/$(printf '%0240d' 0)
script long-name "#!$long"
script long-argument "#!$PWD/plain $long$long"
fits=$PWD/$(printf '%0190d' 0)
ln -s static "$fits"
script long-enough "#!$fits"
expect 42 '' "$launcher" ./long-argument
expect 0 '*' "$launcher" --check ./long-name
expect 125 '*statically linked*' "$launcher" --check ./long-enough

# A binary file that is not ELF is run by binfmt_misc or not at all, never by the shell, so it is
# refused.
printf 'MZ\220\0\003\0' >windows
printf 'PK\003\004' >archive
printf '\312\376\272\276\0\0' >java
chmod +x windows archive java
for name in windows archive java; do
	expect 125 "noselfconn: ./$name cannot be protected: it is neither an ELF program nor text, *" \
		"$launcher" "./$name"
done
expect 125 '*neither an ELF program nor text*' "$launcher" --check ./archive
printf 'echo "\303\244 \344"\n# \033[m\f\n' >text
chmod +x text
expect 0 $'\303\244 \344' "$launcher" ./text
{ printf 'exit 3\n%300s\n' '#' && printf '\0'; } >payload
chmod +x payload
expect 3 '' "$launcher" ./payload

# With a dynamic linker as the command, the program behind it is judged, which need not be
# executable.
loader=$(patchelf --print-interpreter plain)
chmod -x plain
expect 42 '' "$launcher" "$loader" ./plain
expect 0 './plain can be protected, *' "$launcher" --check "$loader" ./plain
expect 42 '' "$launcher" "$loader" --library-path /nonexistent --argv0 x --inhibit-cache ./plain
expect 42 '' "$launcher" "$(patchelf --print-interpreter musl)" --argv0 x ./musl
expect 0 './musl can be protected, *' "$launcher" --check "$(patchelf --print-interpreter musl)" ./musl
for option in '--preload x' --preload=x; do
	# shellcheck disable=SC2086 # words
	expect 125 "noselfconn: ./musl cannot be protected: it is started with --preload, for which *" \
		"$launcher" --check "$(patchelf --print-interpreter musl)" $option ./musl
	# shellcheck disable=SC2086 # words
	expect 0 './plain can be protected, *' "$launcher" --check "$loader" $option ./plain
done
chmod +x plain
expect 0 1 "$launcher" "$loader" "$(command -v grep)" -c "r-xp.*$library\$" /proc/self/maps
expect 125 "noselfconn: ./static cannot be protected: it is statically linked*" \
	"$launcher" "$loader" --preload x ./static
expect 125 "noselfconn: ./cgo cannot be protected: it is a Go *" "$launcher" --check "$loader" ./cgo
expect 126 'noselfconn: cannot run ./text: Exec format error' "$launcher" "$loader" ./text
expect 126 'noselfconn: cannot run nonesuch: No such file *' "$launcher" "$loader" nonesuch
for option in '' --help --list; do
	expect 125 "noselfconn: $loader cannot be protected: it is a dynamic linker, *" \
		"$launcher" "$loader" $option
done
expect 125 'noselfconn: y: has no part in the answer, *' "$launcher" --check "$loader" ./plain y

# A program whose loader is missing exists but cannot be run: 126, not 127.
gcc -Wl,--dynamic-linker=/nonexistent/ld.so -o no-loader program.c
expect 126 'noselfconn: cannot run ./no-loader: its loader /nonexistent/ld.so: No such file *' \
	"$launcher" ./no-loader

# A loader that loads no libraries, as klibc's.
gcc -Wl,--dynamic-linker="$PWD/static-pie" -o by-no-linker program.c
for program in ./by-no-linker /usr/lib/klibc/bin/cat; do
	expect 125 "noselfconn: $program cannot be protected: it is loaded by */*, which loads no libraries$host_rule" \
		"$launcher" "$program"
done

# The launcher survives truncated ELF files.
size=$(stat -c %s plain)
for ((length = 1; length < size; length += 97)); do
	head -c "$length" plain >damaged
	chmod +x damaged
	"$launcher" --check ./damaged >/dev/null 2>&1 || [ $? = 125 ] || fail "cut at $length: $?"
done
