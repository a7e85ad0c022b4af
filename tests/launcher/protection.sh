#!/bin/bash
# A command under the launcher is refused where it would meet itself.
launcher=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/expect.sh"

in_namespace=(unshare --net)
[ "$(id -u)" = 0 ] || in_namespace=(unshare --map-root-user --net)
"${in_namespace[@]}" true || skip "no network namespace: neither root nor allowed a user namespace"

# The only port that the kernel can pick is the one that is connected to.
in_namespace+=(bash -c 'ip link set lo up
	echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
	exec "$@"' bash)
cat >client <<'END'
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/40000 && echo connected
END
chmod +x client

expect 0 connected "${in_namespace[@]}" ./client
expect 1 '*refused*' "${in_namespace[@]}" "$launcher" ./client
expect 1 "*libnoselfconn: destination=127.0.0.1:40000 self-connects=3 undone=yes result=ECONNREFUSED*" \
	"${in_namespace[@]}" "$launcher" --retries 2 --log stderr ./client
expect 0 connected "${in_namespace[@]}" env NOSELFCONN_DISABLE=1 "$launcher" ./client
