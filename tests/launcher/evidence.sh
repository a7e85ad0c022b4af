#!/bin/bash
# --status looks at the sockets too: a process with a socket that is connected to itself is not
# protected, even if the library is loaded.
launcher=$1
# shellcheck source=one_port.sh
. "$(dirname "$0")/one_port.sh"

# A client that makes its system calls without libc, as programs with rustix do. Its thread can have
# descriptors of its own, and it can leave the network namespace in which its sockets are.
cat >client.c <<'END'
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *stay(void *nothing)
{
	pause();
	return nothing;
}
static void *connect_both(void *how)
{
	pthread_t thread;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(40000),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(40000),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	long result = 0;
	int fd;
	if (strcmp(how, "thread") == 0)
		unshare(CLONE_FILES);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	dup2(fd, 17);
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	dup2(fd, 18);
	close(fd);
	if (strcmp(how, "") != 0) {
		result |= syscall(SYS_connect, 17, &v4, sizeof v4);
		result |= syscall(SYS_connect, 18, &v6, sizeof v6);
	}
	if (strcmp(how, "elsewhere") == 0) {
		pthread_create(&thread, 0, stay, 0);
		result |= unshare(CLONE_NEWNET);
	}
	puts(result == 0 ? "started" : "refused");
	fflush(stdout);
	getchar();
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t thread;
	char *how = argc > 1 ? argv[1] : "";
	if (strcmp(how, "thread") != 0)
		return connect_both(how) != 0;
	pthread_create(&thread, 0, connect_both, how);
	return pthread_join(thread, 0);
}
END
gcc -pthread -o client client.c

is_listed() {
	expect 2 "*127.0.0.1:40000 *$pid *17 client *" "$launcher" --find
}

# status_of STATUS PATTERN COMMAND...: what --status says about the running command.
and_then=(true)
status_of() {
	local line pid
	coproc "${in_namespace[@]}" "${@:3}"
	# shellcheck disable=SC2154 # coproc sets it
	pid=$COPROC_PID
	read -r line <&"${COPROC[0]}"
	[ "$line" = started ] || fail "$line"
	expect "$1" "$pid: $2" "$launcher" --status "$pid"
	"${and_then[@]}"
	kill "$pid"
	wait "$pid" || :
}

found='not protected, connected to itself:'
both="descriptor 17, 127.0.0.1:40000; descriptor 18, \[::1\]:40000"
status_of 0 'protected by *' "$launcher" ./client
status_of 2 "$found $both" "$launcher" ./client connect
status_of 2 "$found $both" ./client connect
status_of 2 "$found $both" "$launcher" ./client thread
and_then=(is_listed)
status_of 2 "$found $both" "$launcher" ./client elsewhere
and_then=(true)
status_of 2 "$found $both" env NOSELFCONN_DISABLE=1 "$launcher" ./client connect

# PHP with its extension "sockets", before and after it is connected to itself.
# shellcheck disable=SC2016 # the variables are PHP's
php='$socket = socket_create(AF_INET, SOCK_STREAM, 0);'
# shellcheck disable=SC2016 # the variables are PHP's
connect='socket_connect($socket, "127.0.0.1", 40000);'
wait='echo "started\n"; fgetc(STDIN);'
status_of 2 "not protected by * in *sockets.so*, whose connect() is libc's" \
	"$launcher" php -r "$php $wait"
status_of 2 "$found descriptor *, 127.0.0.1:40000" "$launcher" php -r "$php $connect $wait"
# Without extensions the library reaches PHP.
status_of 0 'protected by *' "$launcher" php -n -r "$wait"
