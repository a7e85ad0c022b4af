/*
 * bench CALL COUNT: makes the call COUNT times over loopback and prints nanoseconds per call.
 * Which library stands under it is for LD_PRELOAD to say. What belongs to the other end is done
 * between the timed spans.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int must(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

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

/* On a port that bind() chose: connected to this address, it would meet itself. */
static int bound_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof *address;
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	*address = (struct sockaddr_in){.sin_family = AF_INET};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)address, length), "bind");
	must(getsockname(fd, (struct sockaddr *)address, &length), "getsockname");
	return fd;
}

static void reset_on_close(int fd)
{
	struct linger reset = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void connect_now(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	must(connect(fd, (const struct sockaddr *)address, length), "connect");
}

static void connect_later(int fd, const struct sockaddr_storage *address, socklen_t length)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int epoll = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");

	if (connect(fd, (const struct sockaddr *)address, length) != 0 && errno != EINPROGRESS)
		fail("connect");
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
	if (epoll_wait(epoll, &event, 1, -1) != 1 || !(event.events & EPOLLOUT))
		fail("epoll_wait");
	close(epoll);
}

static int64_t connects(int family, long count, int flags)
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

/* The whole of a refused connection, to a port that is bound and on which nobody listens. */
static int64_t refusals(long count)
{
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	int holder = bound_socket(&address);
	int64_t start = now();

	for (long i = 0; i < count; i++) {
		int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		if (connect(fd, (struct sockaddr *)&address, length) == 0 || errno != ECONNREFUSED)
			fail("connect");
		close(fd);
	}
	close(holder);
	return now() - start;
}

static void *connects_in_thread(void *count)
{
	connects(AF_INET, *(long *)count, 0);
	return NULL;
}

static int64_t connects_in_two_threads(long count)
{
	pthread_t threads[2];
	long each = count / 2;
	int64_t start = now();

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, connects_in_thread, &each);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return now() - start;
}

static int64_t sendtos(long count)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	int receiver = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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

/* One byte a call over one TCP connection; either way of sending says 1 then. */
static int64_t sends(long count, int (*send_byte)(int, struct mmsghdr *))
{
	struct sockaddr_storage address;
	socklen_t length;
	int listener = listen_on(AF_INET, &address, &length);
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
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

/* Starts the process COUNT times; the preload is for BENCH_PRELOAD to say. */
static int64_t starts(long count)
{
	char *arguments[] = {"/bin/true", NULL};
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
		if (status != 0)
			fail("/bin/true");
	}
	return total;
}

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

/*
 * The time from connect() to the true answer. The program has a check of its own, as Go, Hadoop
 * and muduo have: close, another socket, connect again. Under the library it never finds anything.
 */
static int64_t self_connects(long count)
{
	int64_t total = 0;

	for (long i = 0; i < count; i++) {
		struct sockaddr_in address;
		int fd = bound_socket(&address);
		int64_t start = now();
		while (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
			if (!is_self_connected(fd))
				fail("a server answered");
			close(fd);
			fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		}
		total += now() - start;
		if (errno != ECONNREFUSED)
			fail("connect");
		close(fd);
	}
	return total;
}

/* The time from the end of such a check until a server can have the port; at most 90 s. */
static int64_t until_bound(void)
{
	struct timespec pause = {.tv_nsec = 20000000};
	struct sockaddr_in address;
	int client = bound_socket(&address);

	if (connect(client, (struct sockaddr *)&address, sizeof address) == 0)
		close(client);
	int64_t start = now();
	for (;;) {
		int server = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		int64_t waited = now() - start;
		if (bind(server, (struct sockaddr *)&address, sizeof address) == 0 &&
		    listen(server, 8) == 0)
			return waited;
		if (waited > 90 * (int64_t)1000000000)
			fail("bind");
		close(server);
		nanosleep(&pause, NULL);
	}
}

/* Tries a port on which nobody listens, and prints how often the program got a connection. */
static int64_t tries(long count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(44444)};
	long self_connected = 0;
	int64_t start = now();

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (long i = 0; i < count; i++) {
		int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
		if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
			self_connected++;
			reset_on_close(fd);
		} else if (errno != ECONNREFUSED) {
			fail("connect");
		}
		close(fd);
	}
	printf("%ld self-connects reached the program; nanoseconds per try: ", self_connected);
	return now() - start;
}

/* A function of its own, so that callgrind can be told to count in it alone. */
__attribute__((noinline)) static int64_t make_calls(const char *call, long count)
{
	if (strcmp(call, "connect-v4") == 0)
		return connects(AF_INET, count, 0);
	if (strcmp(call, "connect-v6") == 0)
		return connects(AF_INET6, count, 0);
	if (strcmp(call, "connect-v4-nonblocking") == 0)
		return connects(AF_INET, count, SOCK_NONBLOCK);
	if (strcmp(call, "connect-v6-nonblocking") == 0)
		return connects(AF_INET6, count, SOCK_NONBLOCK);
	if (strcmp(call, "connect-two-threads") == 0)
		return connects_in_two_threads(count);
	if (strcmp(call, "connect-unix") == 0)
		return connects(AF_UNIX, count, 0);
	if (strcmp(call, "refused") == 0)
		return refusals(count);
	if (strcmp(call, "sendto-udp") == 0)
		return sendtos(count);
	if (strcmp(call, "sendmsg-tcp") == 0)
		return sends(count, send_by_sendmsg);
	if (strcmp(call, "sendmmsg-tcp") == 0)
		return sends(count, send_by_sendmmsg);
	if (strcmp(call, "start") == 0)
		return starts(count);
	if (strcmp(call, "self-connect") == 0)
		return self_connects(count);
	if (strcmp(call, "until-bound") == 0)
		return until_bound() * count;
	if (strcmp(call, "tries") == 0)
		return tries(count);
	fprintf(stderr, "bench: no call \"%s\"\n", call);
	exit(2);
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;

	if (count <= 0)
		return fprintf(stderr, "usage: bench CALL COUNT\n"), 2;
	printf("%lld\n", (long long)(make_calls(argv[1], count) / count));
	return 0;
}
