#!/bin/bash
# A client that would be connected to itself is refused the connection under the launcher.
launcher=$1
# shellcheck source=one_port.sh
. "$(dirname "$0")/one_port.sh"
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
