#!/bin/bash
# An ssh that is protected hands its forwarding to the master of a shared connection (ControlMaster),
# which connects and was started without the library. Without a master ssh is within reach.
#
#   namespace.sh ssh_master.sh LIBRARY LAUNCHER
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../outcome.sh"
evidence='*.out'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
launcher=$2

# Of all users, not of a namespace of one's own.
grep -q 4294967295 /proc/self/uid_map || skip "a server of ssh needs root"
command -v dropbear >/dev/null || skip "dropbear is not installed"

work=$(mktemp -d)
cd "$work"
trap 'jobs -p | xargs -r kill || true; rm -rf "$work"' EXIT

# The server takes the key that it finds in root's home.
awk -F: -v OFS=: -v home="$work" '$1 == "root" { $6 = home } 1' /etc/passwd >passwd
mount --bind passwd /etc/passwd
ssh-keygen -q -t ed25519 -N '' -f user
install -D -m 600 user.pub .ssh/authorized_keys
dropbearkey -t ed25519 -f host >key.out 2>&1
dropbear -F -E -s -r host -P pid -p 127.0.0.1:2222 >server.out 2>&1 &
client=(ssh -F none -i user -p 2222 -o StrictHostKeyChecking=no -o "UserKnownHostsFile=$work/known"
	-o ExitOnForwardFailure=yes -N)
listens() {
	ss -Htln "sport = :$1" | grep -q .
}
within_seconds listens 2222

own_peers() {
	ss -Htan 'sport = :40000 and dport = :40000' | grep .
}

choose_from() {
	echo "$1 $2" >/proc/sys/net/ipv4/ip_local_port_range
}

# ssh forwards connections to ports 5000 and 5001 to port 40000, on which nobody listens.
"$launcher" --log stderr "${client[@]}" -R 127.0.0.1:5000:127.0.0.1:40000 root@127.0.0.1 >alone.out 2>&1 &
within_seconds listens 5000
choose_from 40000 40000
bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000; cat <&3' >visitor.out 2>&1
! own_peers || fail "ssh alone has connected to itself"
grep -q libnoselfconn: alone.out || fail "it has not met itself"

choose_from 45000 46000
"${client[@]}" -M -S shared root@127.0.0.1 >master.out 2>&1 &
master=$!
within_seconds test -S shared
"$launcher" ssh -F none -S shared -O forward -R 127.0.0.1:5001:127.0.0.1:40000 root@127.0.0.1 >forward.out 2>&1
within_seconds listens 5001
choose_from 40000 40000
bash -c 'exec 3<>/dev/tcp/127.0.0.1/5001; cat <&3' >visitor.out 2>&1 &
within_seconds own_peers >peers.out
status=0
"$launcher" --status "$master" >status.out || status=$?
[ "$status" = 2 ] || fail "--status of the master gave $status"
grep -q 'connected to itself: descriptor .*, 127.0.0.1:40000' status.out || fail "--status does not show it"
