#!/bin/bash
# What add, remove and status do to the tables, and what they print.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
need_rule
here=$(dirname "$(realpath "$0")")
in_place='IPv4: in place and effective, packets refused: 0 (iptables v*)
IPv6: in place and effective, packets refused: 0 (ip6tables v*)'
nothing='IPv4: not in place (iptables v*)
IPv6: not in place (ip6tables v*)'

# Control: without the rule a socket is connected to itself. That blocks the port, so later tries
# use another one.
[ "$(connect 127.0.0.1 40000)" = connected ] || fail "no self-connect over IPv4"
[ "$(connect ::1 40000)" = connected ] || fail "no self-connect over IPv6"

# Rules of another firewall: one that accepts everything on lo, and a chain of its own.
for family in iptables ip6tables; do
	"$family-restore" <<-END
		*filter
		:INPUT ACCEPT [0:0]
		:FORWARD DROP [0:0]
		:OUTPUT ACCEPT [0:0]
		:OTHERS - [0:0]
		-A OUTPUT -o lo -j ACCEPT
		-A OUTPUT -j OTHERS
		-A OTHERS -p tcp -m tcp --dport 25 -j REJECT
		COMMIT
	END
done
before=$(saved)

expect 1 "$nothing" "$host" status
expect 0 "$in_place" "$host" add
expect 0 "$in_place" "$host" status
[ "$(connect 127.0.0.1 40001)" = refused ] || fail "a self-connect over IPv4"
[ "$(connect ::1 40001)" = refused ] || fail "a self-connect over IPv6"
[ "$(connect 127.0.0.1 40001)" = refused ] || fail "a second one"
used='IPv4: in place and effective, packets refused: 2 (*)
IPv6: in place and effective, packets refused: 1 (*)'
expect 0 "$used" "$host" status

# An intact rule stays, with its counter.
with_rule=$(saved)
expect 0 "$used" "$host" add
[ "$(saved)" = "$with_rule" ] || fail "another rule: $(saved)"

# broken REASON COMMAND...: the command breaks the rule. status gives the reason, and add repairs
# it.
broken() {
	"${@:2}"
	expect 3 "IPv4: not effective: $1 (iptables v*)
IPv6: in place and effective, *" "$host" status
	expect 0 'IPv4: in place and effective, *' "$host" add
	[ "$(saved)" = "$with_rule" ] || fail "after $*: $(saved)"
}
jump=(OUTPUT -o lo -p tcp --syn -j NOSELFCONN)
broken 'no rule of OUTPUT leads to the chain NOSELFCONN' iptables -D "${jump[@]}"
above() {
	iptables -I OUTPUT 1 -o lo -j ACCEPT
	! "$host" status | grep -q 'IPv4: in place' || fail "a rule above is not seen"
	iptables -D OUTPUT 1
	iptables -D "${jump[@]}"
	iptables -A "${jump[@]}"
}
broken 'another rule of OUTPUT comes first: -o lo -j ACCEPT' above
broken 'another rule of OUTPUT comes first: -o lo -p tcp -m tcp --dport 1 -j NOSELFCONN' \
	iptables -R OUTPUT 1 -o lo -p tcp --dport 1 -j NOSELFCONN
broken 'in the chain NOSELFCONN is another rule: -j RETURN' iptables -I NOSELFCONN 1 -j RETURN
other_program() {
	iptables -R NOSELFCONN 1 -p tcp -m bpf --bytecode '1,6 0 0 0' -j REJECT --reject-with tcp-reset
}
broken 'in the chain NOSELFCONN is another rule: -p tcp -m bpf --bytecode "1,6 0 0 0" -j REJECT*' \
	other_program

# A rule in one family only is not effective.
ip6tables -D "${jump[@]}"
ip6tables -F NOSELFCONN
ip6tables -X NOSELFCONN
expect 3 'IPv4: in place and effective, *
IPv6: not in place (*)' "$host" status
expect 0 "IPv4: in place and effective, *
IPv6: in place and effective, *" "$host" add
[ "$(saved)" = "$with_rule" ] || fail "$(saved)"

# The output of iptables-save can be loaded again.
iptables-save >saved4
iptables-restore <saved4
expect 0 'IPv4: in place and effective, *' "$host" status

expect 0 "$nothing" "$host" remove
[ "$(saved)" = "$before" ] || fail "remove leaves something: $(diff <(echo "$before") <(saved))"
expect 0 "$nothing" "$host" remove
expect 1 "$nothing" "$host" status
[ "$(saved)" = "$before" ] || fail "a second remove leaves something"

# Eight calls of "add" at once, without the rule and with it.
for round in 1 2; do
	for _ in {1..8}; do
		"$host" add >/dev/null &
	done
	wait
	[ "$(saved)" = "$with_rule" ] || fail "after eight at once, $round: $(saved)"
done

# iptables-nft and iptables-legacy have separate tables, and a rule in either of them is effective.
other=legacy
[[ $(iptables --version) != *legacy* ]] || other=nf_tables
with_other() {
	"$here/back_end.sh" "${other/nf_tables/nft}" "$host" "$1"
}
expect 1 "IPv4: not in place (iptables v* ($other))*" with_other status
expect 0 "IPv4: in place and effective, * ($other))*" with_other add
"$host" remove >/dev/null
[ "$(saved)" = "$before" ] || fail "remove leaves something: $(saved)"
[ "$(connect 127.0.0.1 40002)" = refused ] || fail "the rule of $other is gone"
with_other remove >/dev/null
[ "$(connect 127.0.0.1 40002)" = connected ] || fail "the rule of $other is still there"

# If the trial is not possible and IPv6 fails, IPv4 gets no rule either.
mkdir broken
printf '%s\n' '#!/bin/sh' "echo \"\$SAYS\" >&2; exit 1" >broken/ip6tables-restore
printf '%s\n' '#!/bin/sh' 'exit 1' >broken/unshare
chmod +x broken/*
fails_with() {
	env PATH="$directory/broken:$PATH" SAYS="$1" "$host" add
}
expect 5 '*this host does not support the rule: ip6tables: out of order' fails_with 'out of order'
expect 5 '*this host does not support the rule: ip6tables: no reason given' fails_with ''
[ "$(saved)" = "$before" ] || fail "one family is left: $(saved)"
# Rules that were there before stay.
"$host" add --uid 0 >/dev/null
with_uid=$(saved)
expect 5 '*this host does not support the rule: ip6tables: out of order' fails_with 'out of order'
[ "$(saved)" = "$with_uid" ] || fail "the rule of another call has changed: $(saved)"
"$host" remove >/dev/null

# Wrong arguments.
expect 2 'noselfconn-host: "" given, expected add, remove or status*' "$host"
expect 2 'noselfconn-host: "start" given, expected add, remove or status*' "$host" start
expect 2 'noselfconn-host: "-4" given, expected one of --cgroup PATH and --uid USER, or nothing; see*' "$host" add -4
expect 2 'noselfconn-host: "--uid" given, expected one of*' "$host" add --uid
expect 2 'noselfconn-host: "--uid no such user" given, expected the name or number of a user;*' "$host" add --uid 'no such user'
expect 2 'noselfconn-host: "--uid 4294967295" given, expected the name or number of a user;*' \
	"$host" add --uid 4294967295
expect 2 'noselfconn-host: "--uid 1 --uid 2" given, expected one of*' "$host" add --uid 1 --uid 2
expect 2 'noselfconn-host: "--cgroup no/such" given, expected a cgroup that exists;*' \
	"$host" add --cgroup no/such
[ "$(saved)" = "$before" ] || fail "a wrong call has changed something"
expect 0 'Usage: noselfconn-host add|remove|status*' "$host" --help
expect 0 'noselfconn-host [0-9]*.[0-9]*.[0-9]*' "$host" --version
