#!/bin/bash
# What cannot be protected is refused in one sentence, and only that.
# shellcheck disable=SC2016 # what single quotes hold is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

static='*cannot be protected: it is statically linked*ip_local_reserved_ports*--force'
go='*cannot be protected: it is a Go program*ip_local_reserved_ports*--force'
ok="*can be protected by $library"
loop='@(Too many levels|Symbolic link)*' # as glibc and as musl say it

printf 'int main(void) { return 42; }\n' >program.c
printf '#include <sys/socket.h>\nint main(void) { return connect(-1, 0, 0) + 1; }\n' >client.c
gcc -o plain program.c
gcc -no-pie -o no-pie program.c
gcc -static -o static program.c
gcc -static-pie -o static-pie program.c
musl-gcc -o musl program.c
cat >go-section.c <<'END'
__attribute__((section(".go.buildinfo"))) const char go_section[16] = "Go";
END
gcc -o cgo-with-connect client.c go-section.c
gcc -o cgo-without-connect program.c go-section.c
sed -i 's/\.go\.buildinfo/.note.go.buildid/' go-section.c
gcc -o old-go program.c go-section.c

for program in plain no-pie musl cgo-with-connect; do
	expect 0 "$ok" "$launcher" --check "./$program"
done
expect 42 '' "$launcher" ./plain
expect 42 '' "$launcher" ./musl
for program in ./static ./static-pie "$(command -v gosu)"; do
	expect 125 "$static" "$launcher" "$program"
	expect 125 "$static" "$launcher" --check "$program"
done
for program in ./cgo-without-connect ./old-go "$(command -v gron)"; do
	expect 125 "$go" "$launcher" "$program"
	expect 125 "$go" "$launcher" --check "$program"
done
[ "$("$launcher" ./static 2>&1 | wc -l)" = 1 ] || fail "more than one line"

# --check does not run it, --force does.
expect 0 "$ok" "$launcher" --check ./plain
expect 42 '' "$launcher" --force ./static
expect 42 '' "$launcher" --force ./cgo-without-connect
expect 125 "$static" "$launcher" --force --check ./static
expect 127 'noselfconn: cannot run nonesuch: *' "$launcher" --force nonesuch

# --check says what running it would say.
expect 127 'noselfconn: cannot run nonesuch: *' "$launcher" --check nonesuch
expect 126 'noselfconn: cannot run /: *' "$launcher" --check /

# A script is judged by its interpreter; of env(1) that is the command.
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

# What env(1) is told beyond that may undo the protection, or run another command.
for argument in -i '-S -i bash' '-S - bash' '-S -u LD_PRELOAD bash' '-S LD_PRELOAD= bash' \
	'-S NOSELFCONN_DISABLE=1 bash' '-S PATH=/ bash' '-vS bash' '--split-string=bash' \
	'-S "static"' '-S A="b c" static' '-S ${HOME}' '-S # bash' '-S env static' -S A=b; do
	script by-env-more "#!/usr/bin/env $argument"
	expect 125 'noselfconn: */by-env-more cannot be protected: it is run by env(1) with more *' \
		"$launcher" --check "$PWD/by-env-more"
done
expect 126 'noselfconn: cannot run the interpreter /nonexistent/interpreter of ./by-missing: *' \
	"$launcher" ./by-missing

# What cannot be executed is no interpreter and no loader, and is not even opened.
mkfifo -m 755 pipe
for interpreter in "$PWD/pipe" /etc/passwd /dev/zero /tmp; do
	script by-no-program "#!$interpreter"
	expect 126 "noselfconn: cannot run the interpreter $interpreter of *: Permission denied" \
		"$launcher" --check ./by-no-program
done
gcc -Wl,--dynamic-linker="$PWD/pipe" -o loader-is-pipe program.c
expect 126 "noselfconn: cannot run *: its loader $PWD/pipe: Permission denied" \
	"$launcher" --check ./loader-is-pipe

# Five interpreters are followed.
script chain-1 "#!$PWD/plain"
for i in 2 3 4 5 6; do
	script "chain-$i" "#!$PWD/chain-$((i - 1))"
done
expect 42 '' "$launcher" ./chain-5
expect 126 "noselfconn: cannot run ./chain-6: $loop" "$launcher" ./chain-6
expect 126 "noselfconn: cannot run ./by-itself: $loop" "$launcher" ./by-itself

# The interpreter's line as the kernel reads it: 256 bytes, the name whole.
long=$PWD/$(printf '%0240d' 0)
script long-name "#!$long"
script long-argument "#!$PWD/plain $long$long"
fits=$PWD/$(printf '%0190d' 0)
ln -s static "$fits"
script long-enough "#!$fits"
expect 42 '' "$launcher" ./long-argument
expect 0 '*' "$launcher" --check ./long-name
expect 125 '*statically linked*' "$launcher" --check ./long-enough

# The loader is missing: it is there, but cannot be run.
gcc -Wl,--dynamic-linker=/nonexistent/ld.so -o no-loader program.c
expect 126 'noselfconn: cannot run ./no-loader: its loader /nonexistent/ld.so: No such file *' \
	"$launcher" ./no-loader

# Damaged files are judged too, and do no damage.
size=$(stat -c %s plain)
for ((length = 1; length < size; length += 97)); do
	head -c "$length" plain >damaged
	chmod +x damaged
	"$launcher" --check ./damaged >/dev/null 2>&1 || [ $? = 125 ] || fail "cut at $length: $?"
done
