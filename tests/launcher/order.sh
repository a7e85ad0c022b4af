#!/bin/bash
# Commands such as "sudo" and "env -i", which start programs with a new environment, and such as
# "mptcpize", which preload a library of their own instead. The launcher refuses them: with --force
# the library is indeed lost, and with the order that the refusal advises it arrives.
# shellcheck disable=SC2016 # the single-quoted code is for another shell
launcher=$1
library=$2
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

# Copies that every user can find and read.
mkdir bin
cp "$launcher" "$library" bin
chmod 755 bin/*
library=$PWD/bin/libnoselfconn.so
PATH=$PWD/bin:/usr/sbin:/usr/bin:/sbin:/bin
say=(bash -c 'echo "<$LD_PRELOAD>"')

refused() {
	expect 125 "noselfconn: what $1 starts cannot be protected: it does not get the \
library first in LD_PRELOAD; put the launcher behind it: \"$1 *noselfconn COMMAND*\"; or run it unprotected with --force" \
		noselfconn "$@"
	expect 125 "noselfconn: what $1 starts *" noselfconn --check "$@"
}

# cleans COMMAND...: it starts programs without LD_PRELOAD; with the launcher behind it they have
# it.
cleans() {
	refused "$@" "${say[@]}"
	expect 0 '*<>' noselfconn --force "$@" "${say[@]}"
	expect 0 "*<$library>" "$@" "$PWD/bin/noselfconn" "${say[@]}"
}

# keeps COMMAND...: it hands LD_PRELOAD on to the programs that it starts.
keeps() {
	expect 0 "*<$library>" noselfconn "$@" "${say[@]}"
}

cleans env -i
cleans env -
cleans env -vi A=1
cleans env --ignore-environment
cleans env -u LD_PRELOAD
cleans env --unset=LD_PRELOAD
refused env LD_PRELOAD=liba.so true
keeps env
keeps env A=1 B=2
keeps env -u HOME
keeps env -u -i
keeps env -C /
keeps env A=-i
keeps env -i "LD_PRELOAD=$library"
expect 0 '' noselfconn env true -i
expect 0 "$library" noselfconn env -u HOME printenv LD_PRELOAD

# The command behind "env VARIABLE=value" is judged.
gcc -static -o static -x c - <<<'int main(void) { return 42; }'
expect 125 'noselfconn: ./static cannot be protected: it is statically linked*' \
	noselfconn env A=1 ./static
expect 127 'noselfconn: cannot run "nonesuch": *' noselfconn env A=1 nonesuch
expect 42 '' noselfconn env PATH=/ ./static

cleans setpriv --reset-env
keeps setpriv --no-new-privs
expect 0 --restart noselfconn setpriv --no-new-privs echo --restart

if [ "$(id -u)" = 0 ]; then
	cleans sudo
	cleans sudo -E
	expect 0 "$library" noselfconn sudo "LD_PRELOAD=$library" printenv LD_PRELOAD
	expect 0 "$library" noselfconn sudo --preserve-env=LD_PRELOAD printenv LD_PRELOAD
	refused sudo LD_PRELOAD=liba.so true

	# doas(1) with a configuration of its own.
	mkdir etc
	cp -a /etc/{passwd,group,shadow,pam.d,security,login.defs,nsswitch.conf} etc
	echo permit nopass root >etc/doas.conf
	doas=(unshare --mount bash -c 'mount --bind etc /etc && exec "$@"' bash)
	refused doas true
	expect 0 '*<>' "${doas[@]}" noselfconn --force doas "${say[@]}"
	expect 0 "*<$library>" "${doas[@]}" doas "$PWD/bin/noselfconn" "${say[@]}"

	# sudo is also found behind env(1), behind "#!" and behind a dynamic linker.
	sudo="noselfconn: what *sudo starts cannot be protected: *"
	expect 125 "$sudo" noselfconn env A=1 sudo true
	expect 125 "$sudo" noselfconn --check env A=1 sudo
	for interpreter in /usr/bin/sudo '/usr/bin/env sudo' '/usr/bin/env -S A=1 sudo bash'; do
		printf '#!%s\necho "<$LD_PRELOAD>"\n' "$interpreter" >script
		chmod +x script
		expect 125 "$sudo" noselfconn ./script
	done
	expect 125 "$sudo" noselfconn "$(patchelf --print-interpreter /usr/bin/sudo)" /usr/bin/sudo true

	for command in su runuser; do
		for option in - -l --login -fl; do
			refused $command $option root -c 'echo "<$LD_PRELOAD>"'
			expect 0 '*<>' noselfconn --force $command $option root -c 'echo "<$LD_PRELOAD>"'
		done
		expect 0 "*<$library>" $command - root -c "$PWD/bin/noselfconn ${say[0]} -c '${say[2]}'"
		expect 0 "*<$library>" noselfconn $command root -c 'echo "<$LD_PRELOAD>"'
	done
	keeps runuser -u nobody --
fi

# replaces COMMAND...: the command starts programs with another LD_PRELOAD, in which the library is
# missing or stands behind one that calls libc directly. With the launcher behind the command, the
# library comes first; but a launcher built with musl cannot start with libraries made for glibc.
replaces() {
	refused "$@" "${say[@]}"
	[[ $(noselfconn --force "$@" "${say[@]}") == *'<'*lib*'>' ]] || fail "$1 preloads nothing"
	[[ $(noselfconn --force "$@" "${say[@]}") != *"<$library"* ]] || fail "$1 keeps the library first"
	[[ $(patchelf --print-interpreter "$launcher") == *musl* ]] ||
		expect 0 "*<$library:*lib*>" "$@" "$PWD/bin/noselfconn" "${say[@]}"
}

replaces mptcpize run
replaces trickle -s -d 100
replaces fiu-run
replaces socksify
replaces torsocks
expect 0 "*<$library:*libstdbuf.so>" noselfconn stdbuf -oL "${say[@]}"

if bwrap --dev-bind / / true 2>/dev/null; then
	cleans bwrap --clearenv --dev-bind / /
	keeps bwrap --dev-bind / /
	keeps bwrap --clearenv --setenv LD_PRELOAD "$library" --dev-bind / /
fi

# activated COMMAND...: prints the LD_PRELOAD of the service that systemd-socket-activate starts;
# the command contains it.
activated() {
	local pid
	"$@" bash -c 'echo "<$LD_PRELOAD>" >said; mv said answer' >/dev/null 2>&1 &
	pid=$!
	python3 - <<-'END'
		import os, socket, time
		for _ in range(3000):
		    if os.path.exists("answer"):
		        break
		    try:
		        socket.socket(socket.AF_UNIX).connect("socket")
		    except OSError:
		        pass
		    time.sleep(0.01)
	END
	wait "$pid" || :
	cat answer
	rm -f answer socket
}
activate=(systemd-socket-activate -l "$PWD/socket")
refused "${activate[@]}" true
[ "$(activated noselfconn --force "${activate[@]}")" = '<>' ] || fail "it handed LD_PRELOAD on"
[ "$(activated "${activate[@]}" "$PWD/bin/noselfconn")" = "<$library>" ] || fail "not protected"
[ "$(activated noselfconn "${activate[@]}" -E LD_PRELOAD)" = "<$library>" ] || fail "not protected"

# systemd-run needs a service manager, so this looks only at the refusal.
refused systemd-run true
refused systemd-run -u app -E A=b true
expect 125 '*: has no part in the answer, *' noselfconn --check systemd-run --scope true
expect 125 '*: has no part in the answer, *' noselfconn --check systemd-run -E LD_PRELOAD true
