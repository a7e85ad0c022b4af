/*
 * bench CALL COUNT: makes the call COUNT times over loopback and prints the nanoseconds per call.
 * LD_PRELOAD chooses the library that is measured.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static const struct call {
	const char *name;
	int64_t (*make)(int argument, long count);
	int argument;
} calls[] = {
	{"connect-v4", connects, AF_INET},
	{"connect-v6", connects, AF_INET6},
	{"connect-v4-nonblocking", connects_nonblocking, AF_INET},
	{"connect-v6-nonblocking", connects_nonblocking, AF_INET6},
	{"connect-2-threads", connects_in_threads, 2},
	{"connect-8-threads", connects_in_threads, 8},
	{"connect-unix", connects, AF_UNIX},
	{"connect-10-taken", connects_with_taken_ports, 10},
	{"connect-1000-taken", connects_with_taken_ports, 1000},
	{"connect-28000-taken", connects_with_taken_ports, 28000},
	{"refused", refusals, AF_INET},
	{"sendto-udp", sendtos, AF_INET},
	{"sendmsg-tcp", sends_by_sendmsg, AF_INET},
	{"sendmmsg-tcp", sends_by_sendmmsg, AF_INET},
	{"start", starts, 0},
	{"refusal", answers, REFUSAL},
	{"refusal-nonblocking", answers, REFUSAL | NONBLOCKING},
	{"self-connect", answers, SELF_CONNECT},
	{"self-connect-nonblocking", answers, SELF_CONNECT | NONBLOCKING},
	{"self-connect-explicit", answers, SELF_CONNECT_EXPLICIT},
	{"self-connect-explicit-nonblocking", answers, SELF_CONNECT_EXPLICIT | NONBLOCKING},
	{"wait-for-bind", waits_for_bind, 20},
	{"tries", tries, 44444},
	{"binds", binds, 44444},
};

void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

int must(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void reset_on_close(int fd)
{
	struct linger reset = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

int tcp_socket(int flags)
{
	return must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
}

struct sockaddr_in loopback_address(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int bound_socket(int flags, struct sockaddr_in *address)
{
	socklen_t length = sizeof *address;
	int fd = tcp_socket(flags);

	*address = loopback_address(0);
	must(bind(fd, (struct sockaddr *)address, length), "bind");
	must(getsockname(fd, (struct sockaddr *)address, &length), "getsockname");
	return fd;
}

int outcome_of(int fd)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int epoll = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	int outcome;
	socklen_t length = sizeof outcome;

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	if (epoll_wait(epoll, &event, 1, -1) != 1)
		fail("epoll_wait");
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &length), "getsockopt");
	close(epoll);
	return outcome;
}

/* Not inlined, because callgrind counts only inside this function. Returns nanoseconds per call. */
__attribute__((noinline)) static int64_t make_calls(const struct call *call, long count)
{
	return call->make(call->argument, count) / count;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;

	for (size_t i = 0; count > 0 && i < sizeof calls / sizeof *calls; i++) {
		if (strcmp(calls[i].name, argv[1]) == 0) {
			printf("%lld\n", (long long)make_calls(&calls[i], count));
			return 0;
		}
	}
	fprintf(stderr, "usage: bench CALL COUNT, with one of the calls\n");
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		fprintf(stderr, "\t%s\n", calls[i].name);
	return 2;
}
