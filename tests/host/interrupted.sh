#!/bin/bash
# If a signal interrupts "add" or "remove", IPv4 and IPv6 both have the rule or neither has. After
# SIGKILL the next call completes the work.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule

# Replacements for commands: no trial is possible, and after the first family has been changed the
# whole process group gets the signal.
mkdir bin
printf '%s\n' '#!/bin/sh' 'exit 1' >bin/unshare
cat >bin/iptables-restore <<END
#!/bin/bash
"$(command -v iptables-restore)" "\$@" && kill -s "\$SIGNAL" -- -\$(cat "$directory/group")
END
chmod +x bin/*

# interrupted SIGNAL VERB: runs noselfconn-host in a process group of its own, and sends the signal.
interrupted() {
	# shellcheck disable=SC2016 # for the inner shell
	SIGNAL=$1 PATH=$directory/bin:$PATH setsid --wait bash -c \
		'echo $$ >group; exec "$@"' bash "$host" "$2" >/dev/null 2>&1 </dev/null
}

before=$(saved)
"$host" add >/dev/null
with_rule=$(saved)
"$host" remove >/dev/null
for signal in HUP INT PIPE TERM; do
	interrupted $signal add || fail "SIG$signal at add"
	[ "$(saved)" = "$with_rule" ] || fail "SIG$signal at add leaves $(saved)"
	interrupted $signal remove || fail "SIG$signal at remove"
	[ "$(saved)" = "$before" ] || fail "SIG$signal at remove leaves $(saved)"
done

# SIGKILL cannot be blocked, but the lock does not stay.
! interrupted KILL add || fail "SIGKILL is survived"
[[ $("$host" status) = 'IPv4: in place and effective'*'IPv6: not in place'* ]] || fail "$(saved)"
expect 0 'IPv4: in place and effective*IPv6: in place and effective*' timeout 60 "$host" add
[ "$(saved)" = "$with_rule" ] || fail "after SIGKILL and add: $(saved)"
! interrupted KILL remove || fail "SIGKILL is survived"
expect 0 'IPv4: not in place*IPv6: not in place*' timeout 60 "$host" remove
[ "$(saved)" = "$before" ] || fail "after SIGKILL and remove: $(saved)"

# If the output cannot be written, the exit status still tells the state of the rule.
for call in 'add 0' 'status 0' 'remove 0' 'status 1'; do
	status=0
	"$host" "${call% *}" >/dev/full 2>&1 || status=$?
	[ "$status" = "${call#* }" ] || fail "${call% *} gives $status when its output cannot be written"
done

# While another program holds the lock of iptables-legacy, "add" waits.
if [[ $(iptables --version) = *legacy* ]]; then
	exec {held}<"$XTABLES_LOCKFILE"
	flock "$held"
	"$host" add >said 2>&1 {held}<&- &
	adding=$!
	within_seconds pgrep iptables-resto >/dev/null
	[ "$(saved)" = "$before" ] || fail "changed in spite of the lock"
	flock --unlock "$held"
	wait $adding || fail "$(cat said)"
	[ "$(saved)" = "$with_rule" ] || fail "after the wait: $(saved)"
fi
