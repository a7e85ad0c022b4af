/* The calls of ordinary operation: to connect, to be refused, to send, to start a program. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A listener on a free port of the loopback address, or of the abstract UNIX names. */
static int listen_on(int family, struct sockaddr_storage *address, socklen_t *length)
{
	int fd = must(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	memset(address, 0, sizeof *address);
	address->ss_family = (sa_family_t)family;
	*length = family == AF_INET    ? sizeof(struct sockaddr_in)
		  : family == AF_INET6 ? sizeof(struct sockaddr_in6)
				       : sizeof(sa_family_t); /* autobind, unix(7) */
	if (family == AF_INET)
		((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_addr = loopback;
	must(bind(fd, (struct sockaddr *)address, *length), "bind");
	must(listen(fd, 8), "listen");
	*length = sizeof *address;
	must(getsockname(fd, (struct sockaddr *)address, length), "getsockname");
	return fd;
}

static void connect_now(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	must(connect(fd, (const struct sockaddr *)address, length), "connect");
}

static void connect_later(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	if (connect(fd, (const struct sockaddr *)address, length) != 0 &&
	    (errno != EINPROGRESS || (errno = outcome_of(fd)) != 0))
		fail("connect");
}

static int64_t connect_often(int family, long count, int flags)
{
	struct sockaddr_storage address;
	socklen_t length;
	int listener = listen_on(family, &address, &length);
	int64_t total = 0;

	for (long i = 0; i < count; i++) {
		int fd = must(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), "socket");
		reset_on_close(fd);
		int64_t start = now();
		if (flags & SOCK_NONBLOCK)
			connect_later(fd, &address, length);
		else
			connect_now(fd, &address, length);
		close(fd);
		total += now() - start;
		close(must(accept(listener, NULL, NULL), "accept"));
	}
	close(listener);
	return total;
}

int64_t connects(int family, long count)
{
	return connect_often(family, count, 0);
}

int64_t connects_nonblocking(int family, long count)
{
	return connect_often(family, count, SOCK_NONBLOCK);
}

static void *connects_in_thread(void *count)
{
	connects(AF_INET, *(long *)count);
	return NULL;
}

int64_t connects_in_threads(int threads, long count)
{
	pthread_t thread[8];
	long each = count / threads;
	int64_t start = now();

	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, connects_in_thread, &each) != 0)
			fail("pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return now() - start;
}

/*
 * Binds ports number FROM to TO - 1 in a child process, which ends with its parent. The ports are
 * spread over the default range: 7919 and the size of the range, 28232, have no common divisor. One
 * process holds only as many as it may have descriptors.
 */
static pid_t hold_ports(int from, int to)
{
	int ready[2];
	char byte;

	must(pipe(ready), "pipe");
	pid_t holder = must(fork(), "fork");
	if (holder == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
		for (int i = from; i < to; i++) {
			struct sockaddr_in address = loopback_address(32768 + i * 7919 % 28232);
			if (bind(tcp_socket(0), (struct sockaddr *)&address, sizeof address) != 0 &&
			    errno != EADDRINUSE) /* then another socket holds it, just as well */
				fail("bind");
		}
		must((int)write(ready[1], "", 1), "write");
		pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fail("hold ports");
	close(ready[0]);
	return holder;
}

int64_t connects_with_taken_ports(int taken, long count)
{
	enum { MOST = 1000 };
	pid_t holders[28] = {0};

	for (int i = 0; i * MOST < taken; i++)
		holders[i] = hold_ports(i * MOST, taken < (i + 1) * MOST ? taken : (i + 1) * MOST);
	int64_t total = connects(AF_INET, count);
	for (int i = 0; i * MOST < taken; i++) {
		kill(holders[i], SIGKILL);
		waitpid(holders[i], NULL, 0);
	}
	return total;
}

/* socket(), connect() and close(), to a port that is bound but on which nobody listens. */
int64_t refusals(int family, long count)
{
	struct sockaddr_in address;
	int holder = bound_socket(0, &address);
	int64_t start = now();

	for (long i = 0; i < count; i++) {
		int fd = must(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
		    errno != ECONNREFUSED)
			fail("connect");
		close(fd);
	}
	int64_t total = now() - start;
	close(holder);
	return total;
}

int64_t sendtos(int family, long count)
{
	struct sockaddr_in address = loopback_address(0);
	socklen_t length = sizeof address;
	int receiver = must(socket(family, SOCK_DGRAM, 0), "socket");
	int fd = must(socket(family, SOCK_DGRAM, 0), "socket");

	must(bind(receiver, (struct sockaddr *)&address, sizeof address), "bind");
	must(getsockname(receiver, (struct sockaddr *)&address, &length), "getsockname");
	int64_t start = now();
	for (long i = 0; i < count; i++)
		if (sendto(fd, "x", 1, 0, (struct sockaddr *)&address, length) != 1)
			fail("sendto");
	return now() - start;
}

static int send_by_sendmsg(int fd, struct mmsghdr *message)
{
	return (int)sendmsg(fd, &message->msg_hdr, 0);
}

static int send_by_sendmmsg(int fd, struct mmsghdr *message)
{
	return sendmmsg(fd, message, 1, 0);
}

/* Sends one byte in each call over one connection. Both ways of sending return 1. */
static int64_t sends(int family, long count, int (*send_byte)(int, struct mmsghdr *))
{
	struct sockaddr_storage address;
	socklen_t length;
	int listener = listen_on(family, &address, &length);
	int fd = must(socket(family, SOCK_STREAM, 0), "socket");
	struct iovec data = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &data, .msg_iovlen = 1}};
	int64_t total = 0;
	char byte;

	connect_now(fd, &address, length);
	int peer = must(accept(listener, NULL, NULL), "accept");
	for (long i = 0; i < count; i++) {
		int64_t start = now();
		if (send_byte(fd, &message) != 1)
			fail("send");
		total += now() - start;
		if (recv(peer, &byte, 1, 0) != 1)
			fail("recv");
	}
	return total;
}

int64_t sends_by_sendmsg(int family, long count)
{
	return sends(family, count, send_by_sendmsg);
}

int64_t sends_by_sendmmsg(int family, long count)
{
	return sends(family, count, send_by_sendmmsg);
}

/* Starts BENCH_PROGRAM, or else /bin/true, with BENCH_PRELOAD as its LD_PRELOAD. */
int64_t starts(int expected_status, long count)
{
	char *program = getenv("BENCH_PROGRAM");
	char *arguments[] = {program ? program : "/bin/true", NULL};
	int64_t total = 0;

	if (getenv("BENCH_PRELOAD"))
		setenv("LD_PRELOAD", getenv("BENCH_PRELOAD"), 1);
	for (long i = 0; i < count; i++) {
		pid_t child;
		int status;
		int64_t start = now();
		if (posix_spawn(&child, *arguments, NULL, NULL, arguments, environ) != 0)
			fail("posix_spawn");
		waitpid(child, &status, 0);
		total += now() - start;
		if (status != expected_status)
			fail(*arguments);
	}
	return total;
}
