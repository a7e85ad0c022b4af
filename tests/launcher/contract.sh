#!/bin/bash
# Options and exit statuses; the launcher becomes the command instead of starting a child.
# shellcheck disable=SC2016 # the single-quoted code is for another shell
source=$(cd "$(dirname "$0")/../.." && pwd)
launcher=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

one_line='noselfconn: *expected *'

# The command runs in the launcher's process, with its own arguments, name and exit status.
expect 0 same bash -c '"$0" bash -c "echo \$\$" >pid & wait $! && [ $(cat pid) = $! ] && echo same' \
	"$launcher"
expect 0 '' strace -f -e trace=fork,vfork,clone,clone3 -e signal=none -o forks "$launcher" true
! grep -q -E 'fork|clone' forks || fail "a child process was started: $(cat forks)"
expect 0 'a b||*' "$launcher" printf '%s|' 'a b' '' '*'
expect 0 '--log x' "$launcher" echo --log x
expect 0 '-- x' "$launcher" -- echo -- x
expect 7 '' "$launcher" sh -c 'exit 7'
expect 143 '*' bash -c '"$0" sh -c "kill \$\$"; exit $?' "$launcher"
expect 0 'bash' "$launcher" bash -c 'tr "\0" "\n" </proc/$$/cmdline | head -n 1'

# Options become settings in the environment; without options no setting appears there.
expect 0 '5 syslog' "$launcher" --retries 5 --log syslog \
	sh -c 'echo $NOSELFCONN_RETRIES $NOSELFCONN_LOG'
expect 0 '0 none' "$launcher" --retries=0 --log=none \
	sh -c 'echo $NOSELFCONN_RETRIES $NOSELFCONN_LOG'
expect 1 '' "$launcher" sh -c 'env | grep ^NOSELFCONN_'

expect 0 'Usage: noselfconn *' "$launcher" --help
expect 0 "noselfconn $(sed -n 's/^project(.* VERSION \([^ ]*\).*/\1/p' "$source/CMakeLists.txt")" \
	"$launcher" --version
expect 125 'noselfconn: cannot write: *' bash -c '"$0" --version >/dev/full' "$launcher"

# A wrong option gives one line that says what was expected.
expect 125 "$one_line" "$launcher"
expect 125 "$one_line" "$launcher" --
expect 125 "$one_line" "$launcher" --nonsense true
expect 125 "$one_line" "$launcher" -x true
expect 125 "$one_line" "$launcher" --check
expect 125 "$one_line" "$launcher" --status
expect 125 "$one_line" "$launcher" --retries
for retries in '' 17 -1 3x 4294967297; do
	expect 125 'noselfconn: --retries *: expected a whole number from 0 to 16' \
		"$launcher" --retries "$retries" true
done
for log in '' file /tmp/x STDERR; do
	expect 125 'noselfconn: --log *: expected none, stderr or syslog' \
		"$launcher" --log "$log" true
done

# An argument or option that would have no effect is an error.
expect 125 'noselfconn: ls: has no part in the answer, expected noselfconn --check COMMAND' \
	"$launcher" --check cat ls
expect 125 'noselfconn: ls: has no part in the answer, *' "$launcher" --check=cat ls
expect 125 'noselfconn: 1: one argument too many, expected noselfconn --version' \
	"$launcher" --version 1
expect 125 'noselfconn: --check and --status given, expected one of them' \
	"$launcher" --check --status 1
expect 125 'noselfconn: --retries is for a command, and not expected with --status' \
	"$launcher" --retries 1 --status 1
expect 125 'noselfconn: --force is for a command, and not expected with --status' \
	"$launcher" --force --status 1
[ "$("$launcher" --nonsense 2>&1 | wc -l)" = 1 ] || fail "more than one line"

# Exit status 126 and 127, with a path and with a search of PATH. The search passes over files that
# cannot be executed.
mkdir first second
printf 'echo first\n' >first/command
printf '#!/bin/sh\necho second\n' >second/command
printf '#!/bin/sh\n' >forbidden
chmod +x second/command
expect 127 'noselfconn: cannot run "nonesuch": No such file or directory' "$launcher" nonesuch
expect 127 'noselfconn: cannot run "./nonesuch": *' "$launcher" ./nonesuch
expect 127 'noselfconn: cannot run "forbidden/x": Not a directory' "$launcher" forbidden/x
expect 127 'noselfconn: cannot run "": *' "$launcher" ''
# The quotes in the message show that the two words were taken for one name.
expect 127 'noselfconn: cannot run "telnet 127.0.0.1": No such file or directory' \
	"$launcher" "telnet 127.0.0.1"
expect 126 'noselfconn: cannot run "./forbidden": Permission denied' "$launcher" ./forbidden
expect 126 'noselfconn: cannot run "./first": Permission denied' "$launcher" ./first
expect 126 'noselfconn: cannot run "command": Permission denied' env PATH="first" "$launcher" command
mkdir -m 0 closed
expect 127 'noselfconn: cannot run "nonesuch": No such file *' env PATH="closed:first" "$launcher" nonesuch
expect 0 second env PATH="first:second" "$launcher" command
expect 0 second env -C second PATH="" "$launcher" command
expect 0 second env -C second PATH=":/bin" "$launcher" command
expect 0 ok env -u PATH "$launcher" echo ok

# A script without "#!" is run by sh, as execvp() does it.
chmod +x first/command
expect 0 first "$launcher" first/command
