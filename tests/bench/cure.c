/* How long a client and a server suffer from a self-connect, and how often it happens. */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool is_self_connected(int fd)
{
	struct sockaddr_in local;
	struct sockaddr_in peer;
	socklen_t length = sizeof local;

	if (getsockname(fd, (struct sockaddr *)&local, &length) != 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
		return false;
	return local.sin_port == peer.sin_port && local.sin_addr.s_addr == peer.sin_addr.s_addr;
}

/* Connects, and waits if the socket is non-blocking. Returns 0 or an errno. */
static int connect_to(int fd, const struct sockaddr_in *address)
{
	if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
		return 0;
	return errno == EINPROGRESS ? outcome_of(fd) : errno;
}

/* If the program chose the port itself, every retry on the same socket connects to itself again. */
static int socket_for(int answer, struct sockaddr_in *address)
{
	int flags = answer & NONBLOCKING ? SOCK_NONBLOCK : 0;
	int fd = bound_socket(flags, address);

	if ((answer & ~NONBLOCKING) == SELF_CONNECT_EXPLICIT) {
		close(fd);
		fd = tcp_socket(flags);
		must(bind(fd, (struct sockaddr *)address, sizeof *address), "bind");
	}
	return fd;
}

/*
 * The time from connect() to the true answer. Like Go, Hadoop and muduo, the program checks for a
 * self-connect itself: it closes the socket and connects another one. Under a cure the check never
 * finds one. For comparison REFUSAL connects to a port that another socket holds.
 */
int64_t answers(int answer, long count)
{
	int flags = answer & NONBLOCKING ? SOCK_NONBLOCK : 0;
	int64_t total = 0;

	for (long i = 0; i < count; i++) {
		struct sockaddr_in address;
		int holder = -1;
		int fd = socket_for(answer, &address);
		int outcome;

		if ((answer & ~NONBLOCKING) == REFUSAL) {
			holder = fd;
			fd = tcp_socket(flags);
		}
		int64_t start = now();
		while ((outcome = connect_to(fd, &address)) == 0) {
			if (!is_self_connected(fd))
				fail("a server answered");
			close(fd);
			fd = tcp_socket(flags);
		}
		total += now() - start;
		errno = outcome;
		if (outcome != ECONNREFUSED)
			fail("connect");
		close(fd);
		if (holder >= 0)
			close(holder);
	}
	return total;
}

static bool can_be_bound(int port)
{
	struct sockaddr_in address = loopback_address(port);
	int server = tcp_socket(0);
	bool bound = bind(server, (struct sockaddr *)&address, sizeof address) == 0;

	if (!bound && errno != EADDRINUSE)
		fail("bind");
	close(server);
	return bound;
}

/* The time from the close() of such a check until a server can bind the port. Fails after 90 s. */
static int64_t wait_for_bind(int pause_ms)
{
	struct timespec pause = {.tv_nsec = pause_ms * 1000000};
	struct sockaddr_in address;
	int client = bound_socket(0, &address);

	connect(client, (struct sockaddr *)&address, sizeof address);
	close(client);
	int64_t start = now();
	for (;;) {
		int64_t waited = now() - start;
		if (can_be_bound(ntohs(address.sin_port)))
			return waited;
		if (waited > 90 * (int64_t)1000000000)
			fail("bind");
		nanosleep(&pause, NULL);
	}
}

int64_t waits_for_bind(int pause_ms, long count)
{
	int64_t total = 0;

	for (long i = 0; i < count; i++)
		total += wait_for_bind(pause_ms);
	return total;
}

/* Tries a port on which nobody listens. Returns whether the socket got connected, so to itself. */
static bool try_dead_port(int port, bool reset)
{
	struct sockaddr_in address = loopback_address(port);
	int fd = tcp_socket(0);
	int outcome = connect_to(fd, &address);

	/* EADDRNOTAVAIL: the server has just bound the only port of the range. */
	if (outcome != 0 && outcome != ECONNREFUSED && outcome != EADDRNOTAVAIL) {
		errno = outcome;
		fail("connect");
	}
	if (reset)
		reset_on_close(fd);
	close(fd);
	return outcome == 0;
}

int64_t tries(int port, long count)
{
	long connected = 0;
	int64_t start = now();

	for (long i = 0; i < count; i++)
		connected += try_dead_port(port, true);
	printf("%ld ", connected);
	return now() - start;
}

static atomic_bool server_has_finished;

static void *keep_trying(void *port)
{
	while (!server_has_finished)
		try_dead_port(*(int *)port, false);
	return NULL;
}

/* How many bind() calls of a server fail while a client tries its port all the time. */
int64_t binds(int port, long count)
{
	pthread_t client;
	long failures = 0;

	try_dead_port(port, false); /* so that the client has begun when the server does */
	int64_t start = now();
	if (pthread_create(&client, NULL, keep_trying, &port) != 0)
		fail("pthread_create");
	for (long i = 0; i < count; i++)
		failures += !can_be_bound(port);
	server_has_finished = true;
	pthread_join(client, NULL);
	printf("%ld ", failures);
	return now() - start;
}
