#!/bin/bash
# The demonstration prints all its steps, leaves no process or file behind, and changes nothing
# else.
#
#   demo.sh root|user|fresh|forbidden
. "$(dirname "$0")/common.sh"
mode=$1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

case $mode in
root)
	need_root
	tree=$copy/tree
	as=(env)
	;;
user)
	tree=$copy/tree
	as=(env)
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	;;
forbidden)
	tree=$copy/tree
	# shellcheck disable=SC2016  # for the inner shell
	as=(unshare --user --map-root-user sh -c
		'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh)
	"${as[@]}" true || skip "no user namespace"
	;;
fresh)
	need_root
	tree=$copy/src
	tar -C "$copy" -xf "$WORK/userland.tar"
	as=(unshare --mount --pid --fork --kill-child --mount-proc="$copy/proc"
		chroot "$copy" env -i PATH="/usr/sbin:/usr/bin")
	;;
esac
copy_source_to "$tree"
[ "$mode" != user ] || [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$copy"
touch "$copy/before"

# The demonstration and its processes have the tree as working directory.
remaining() {
	grep -qxF "$tree" < <(readlink /proc/[0-9]*/cwd)
}

range=$(cat /proc/sys/net/ipv4/ip_local_port_range)
script=$tree/examples/demo.sh
[ "$mode" != fresh ] || script=/src/examples/demo.sh
status=0
"${as[@]}" "$script" </dev/null >"$copy/output" 2>&1 || status=$?
cat "$copy/output"
if grep '^demo.sh: a network namespace is needed' "$copy/output"; then
	[ "$mode" = forbidden ] || skip "no network namespace"
	[ "$status" = 1 ]
	exit
fi
[ "$status" = 0 ] && [ "$mode" != forbidden ]

# In this order, each in a line of its own.
while IFS= read -r expected; do
	while IFS= read -r line || fail "no line with: $expected"; do
		[[ ! $line =~ $expected ]] || break
	done <&3
done 3<"$copy/output" <<'END'
^1\. Without the library
^  \$ examples/self_connect\.sh$
^    Connected to 127\.0\.0\.1\.$
^    ESTAB +0 +0 +127\.0\.0\.1:44444 +127\.0\.0\.1:44444 users:\(\("telnet",pid=[0-9]+,fd=[0-9]+\)\)$
^    Is anybody there\?$
^    127\.0\.0\.1\.44444 > 127\.0\.0\.1\.44444: SYN$
^    127\.0\.0\.1\.44444 > 127\.0\.0\.1\.44444: SYN-ACK$
^    nc\.openbsd: Address already in use$
^    TIME-WAIT +0 +0 +127\.0\.0\.1:44444 +127\.0\.0\.1:44444$
^    nc\.openbsd: Address already in use$
^2\. With the library$
^    telnet\[[0-9]+\]: libnoselfconn: destination=127\.0\.0\.1:44444 self-connects=[1-4] undone=yes result=ECONNREFUSED$
^    telnet: Unable to connect to remote host: Connection refused$
^    State
^$
^    Listening on 127\.0\.0\.1 44444$
^3\. How often
from 32768 to 60999
^    connected to itself on try [0-9]+$
^    refused in all 500000 tries$
^    [1-9][0-9]* self-connects undone, according to the log$
^What next$
^  \$ build/demo/shim/noselfconn --risk$
^  \$ (sudo )?cmake --install build/demo$
^  \$ (sudo )?noselfconn-host add$
END
# The commands that it recommends in the end exist.
[ -x "$tree/build/demo/shim/noselfconn-host" ]
"$tree/build/demo/shim/noselfconn" --risk || (($? <= 3))

# The recording in the README shows this demonstration. Left out is what differs from run to run.
story() {
	sed -n 's/^<text[^>]*>//p' | sed -E -e 's/<[^>]*>//g; s/ //g; s/sudo//; s/,onLinux.*//' \
		-e '/^Installing:/d; /refused$/d; /more\)$/d; /:(SYN|RST)$/d; s/[0-9]+/N/g'
}
pictures=$source/.github/pictures
diff <(story <"$pictures/demo.svg") <("$pictures/recording.py" <"$copy/output" | story) || fail \
	"the recording is out of date: .github/pictures/recording.py says how to make it"
[ "$mode" != fresh ] || grep -qx 'Installing: build-essential cmake .*telnet' "$copy/output"

[ "$(cat /proc/sys/net/ipv4/ip_local_port_range)" = "$range" ]
[ -z "$(find "$tree" -newer "$copy/before" -not -path "$tree/build*" -not -path "$tree")" ]
for ((i = 0; i < 100; i++)); do
	remaining || exit 0
	sleep 0.1
done
fail "these processes remain"
