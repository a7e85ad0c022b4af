#!/bin/bash
# When nginx replaces its binary (SIGUSR2), the new master has no LD_PRELOAD unless the
# configuration has "env LD_PRELOAD;". --status reports either case correctly.
#
#   nginx_upgrade.sh LIBRARY LAUNCHER
#
# The package is unpacked and not installed, since it would start a server.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/../outcome.sh"
evidence='*.out error.log'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
launcher=$2

if [ -z "${work-}" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	export work
	cd "$work"
	{ apt-get download nginx && dpkg -x nginx_*.deb .; } >download.out 2>&1 ||
		skip "nginx cannot be had: $(tail -n 1 download.out)"
	"$(dirname "$(realpath "$0")")/../namespace.sh" "$0" "$@"
	exit
fi
cd "$work"

# upgrade DIRECTIVE: what --status says of the new master in $status, and in new.out.
upgrade() {
	cat >nginx.conf <<-END
		$1
		pid $work/nginx.pid;
		error_log $work/error.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $work/body;
			proxy_temp_path $work/proxy;
			fastcgi_temp_path $work/fastcgi;
			uwsgi_temp_path $work/uwsgi;
			scgi_temp_path $work/scgi;
			server { listen 127.0.0.1:8080; }
		}
	END
	# An nginx that its own parent has started takes no such signal, a daemon does.
	"$launcher" "$work/usr/sbin/nginx" -p "$work" -c nginx.conf
	within_seconds test -s nginx.pid
	old=$(<nginx.pid)
	"$launcher" --status "$old" >old.out || fail "the first master is not protected"
	kill -USR2 "$old"
	within_seconds test -s nginx.pid.oldbin -a -s nginx.pid
	new=$(<nginx.pid)
	[ "$new" != "$old" ] || fail "there is no new master"
	status=0
	"$launcher" --status "$new" >new.out || status=$?
	kill "$new" "$old"
	within_seconds test ! -e nginx.pid -a ! -e nginx.pid.oldbin
}

upgrade ''
[ "$status" = 2 ] || fail "--status calls the new master protected"
upgrade 'env LD_PRELOAD;'
[ "$status" = 0 ] || fail "the new master is not protected in spite of the directive"
