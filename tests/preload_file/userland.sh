#!/bin/bash
# Ordinary work on a system has the same results with and without the library in /etc/ld.so.preload:
# with /proc, /sys and /dev, where everything has to work, and without them, where some things fail.
#
#   userland.sh ROOT
set -euo pipefail

root=$1
# shellcheck source=chroot.sh
. "$(dirname "$0")/chroot.sh"

if [ "${2-}" != inside ]; then
	exec unshare --mount --net --pid --fork "$0" "$root" inside
fi

work() {
	chroot "$root" env -i PATH="$PATH" LC_ALL=C DEBIAN_FRONTEND=noninteractive bash /work "$1"
}

# Each kind of work prints the results that must not change.
cat >"$root/work" <<'WORK'
set -euo pipefail
serve() { # command...: in the background, on 127.0.0.1:8000
	"$@" &
	trap "kill $!; wait $! || true" EXIT
	for _ in {1..100}; do
		(exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null && return
		sleep 0.05
	done
	return 1
}
case $1 in
shell)
	printf '%s\n' c a b | sort | tr a-z A-Z | while read -r line; do echo "<$line>"; done
	find /etc -name '*.conf' | wc -l
	(exec 3<>/dev/tcp/127.0.0.1/9) 2>&1 || echo "refused"
	tar -C /lib/systemd -c . | tar -t | wc -l
	;;
python3)
	python3 - <<'PYTHON'
import socket, subprocess, threading
with socket.create_server(("127.0.0.1", 0)) as server:
    def answer():
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100).upper())
    thread = threading.Thread(target=answer)
    thread.start()
    with socket.create_connection(server.getsockname()) as client:
        client.sendall(b"hello")
        print(client.recv(100))
    thread.join()
print(subprocess.run(["echo", "child"], capture_output=True).stdout)
PYTHON
	;;
apt)
	rm -rf /repository
	mkdir -p /repository/probe/DEBIAN
	printf '%s\n' 'Package: probe' 'Version: 1' 'Architecture: all' 'Maintainer: probe <p@p>' \
		'Description: probe' >/repository/probe/DEBIAN/control
	dpkg-deb --build /repository/probe /repository/probe.deb >/dev/null
	(cd /repository && echo "Filename: ./probe.deb
Size: $(stat -c %s probe.deb)
SHA256: $(sha256sum probe.deb | cut -d ' ' -f 1)" |
		cat probe/DEBIAN/control - >Packages)
	serve python3 -m http.server --bind 127.0.0.1 --directory /repository 8000 &>/dev/null
	echo 'deb [trusted=yes] http://127.0.0.1:8000/ ./' >/etc/apt/sources.list.d/probe.list
	only=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/etc/apt/sources.list.d)
	apt-get "${only[@]}" -qq -o APT::Sandbox::User=_apt update
	apt-get "${only[@]}" -qq --yes install probe >/dev/null
	dpkg-query -W probe
	apt-get -qq --yes purge probe >/dev/null
	rm /etc/apt/sources.list.d/probe.list
	;;
ssh)
	mkdir -p /run/sshd /root/.ssh
	rm -f /root/.ssh/*
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
	serve /usr/sbin/sshd -D -o ListenAddress=127.0.0.1:8000 -o UsePAM=no
	options=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR
		-o BatchMode=yes)
	ssh "${options[@]}" -p 8000 root@127.0.0.1 'cat; id -un' <<<"through ssh"
	scp "${options[@]}" -P 8000 root@127.0.0.1:/etc/debian_version /tmp/copied
	cmp /etc/debian_version /tmp/copied && echo copied
	;;
units)
	systemd-analyze verify --man=no /lib/systemd/system/*.{service,socket,timer} 2>&1 ||
		echo "not all of Debian's own pass"
	systemd-analyze verify --man=no /lib/systemd/system/{ssh,systemd-networkd}.service
	systemctl list-unit-files --no-pager | wc -l
	;;
esac
WORK

# Prints the outcome of each; stderr belongs to it.
all_work() {
	local subject status
	for subject in shell python3 apt ssh units; do
		status=0
		work "$subject" 2>&1 || status=$?
		echo "$subject: $status"
	done
}

compare() {
	local without with
	preload_file without
	without=$(all_work)
	preload_file with
	with=$(all_work)
	chroot "$root" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>/dev/null &&
		fail "something answers on a dead port"
	diff <(echo "$without") <(echo "$with") || fail "not the same: without <, with >"
	echo "$with"
}

ip link set lo up
echo "== without /proc, /sys and /dev"
compare
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for node in full null random tty urandom zero; do
	touch "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
echo "== with them"
outcome=$(compare)
echo "$outcome"
[ "$(grep -Ec '^(shell|python3|apt|ssh|units): 0$' <<<"$outcome")" = 5 ] || fail "does not work"
grep -q libnoselfconn <(chroot "$root" cat /proc/self/maps) || fail "the library is not loaded"
