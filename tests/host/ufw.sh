#!/bin/bash
# The rule stays effective while ufw is reloaded, changed, disabled and enabled.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule

# ufw gets its own settings.
use_everywhere
own /etc/ufw
own /etc/default
ufw() {
	command ufw "$@" <<<y >said 2>&1 || fail "ufw $*: $(cat said)"
}

# Connects all the time, and notes every self-connect.
only_port 40000
watch() {
	while :; do
		(exec 3<>/dev/tcp/127.0.0.1/40000) 2>/dev/null && echo connected >>self
	done
}
in_place() {
	expect 0 'IPv4: in place and effective, *IPv6: in place and effective, *' "$host" status
}

ufw enable
# When ufw is enabled for the first time, IPv6 lacks some of its rules until a reload.
ufw reload
[[ $(saved) = *ufw-before-output* ]] || fail "ufw has no rules: $(saved)"
[ "$(connect 127.0.0.1 40001)" = connected ] || fail "no self-connect behind ufw"
before=$(saved)
"$host" add >/dev/null
in_place
only_port 40000
watch &
watcher=$!
ufw reload
in_place
ufw allow 22/tcp
in_place
ufw disable
in_place
ufw enable
ufw reload
in_place
kill $watcher
[ ! -e self ] || fail "a self-connect while ufw was at work"
ufw delete allow 22/tcp
"$host" remove >/dev/null
[ "$(saved)" = "$before" ] || fail "something else is left: $(diff <(echo "$before") <(saved))"
