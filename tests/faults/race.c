/*
 * During a self-connect another thread gives the descriptor's number to another socket, before each
 * of the library's calls in turn. The library must not touch the other socket.
 */
#include "faults.h"
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIVE_PORT = PORT + 100, OTHER_PORT = PORT + 101, MOST_CALLS = 500 };

static int number; /* of the descriptor in the call, then of the other socket */
static int peer;   /* of the other socket */

static union address loopback(int port)
{
	return address_of("127.0.0.1", port);
}

static int bound_socket(int type, int port)
{
	int fd = socket(AF_INET, type, 0);

	bind_to(fd, "127.0.0.1", port);
	return fd;
}

static int connected_socket(int type)
{
	int fd = bound_socket(type, OTHER_PORT);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), 0);
	return fd;
}

static int established(void)
{
	int yes = 1;
	int listener = tcp_socket(AF_INET, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	bind_to(listener, "127.0.0.1", LIVE_PORT);
	ck_assert_int_eq(listen(listener, 1), 0);
	int fd = connected_socket(SOCK_STREAM);
	peer = accept(listener, NULL, NULL);
	close(listener);
	return fd;
}

static int connected_datagram(void)
{
	peer = bound_socket(SOCK_DGRAM, LIVE_PORT);
	return connected_socket(SOCK_DGRAM);
}

static int unconnected_datagram(void)
{
	peer = -1;
	return bound_socket(SOCK_DGRAM, OTHER_PORT);
}

static int unconnected_stream(void)
{
	peer = -1;
	return bound_socket(SOCK_STREAM, OTHER_PORT);
}

static int nothing(void)
{
	peer = -1;
	return -1;
}

static int (*const somebody_else[])(void) = {established, connected_datagram, unconnected_datagram,
					     unconnected_stream, nothing};

static bool sends_itself(int from, int to)
{
	char byte = 'x';

	return send(from, &byte, 1, MSG_NOSIGNAL) == 1 && (byte = 0, recv(to, &byte, 1, 0)) == 1 &&
	       byte == 'x';
}

/* The other socket has the number, and still works. */
static void must_be_untouched(const char *when)
{
	union address other;
	socklen_t length = sizeof other;
	struct linger linger = {0};

	ck_assert_msg(local_port(number) == OTHER_PORT, "%s: has port %d", when,
		      local_port(number));
	int result = getpeername(number, &other.any, &length);
	if (peer < 0) {
		ck_assert_msg(result == -1, "%s: has got a peer", when);
		return;
	}
	ck_assert_msg(result == 0, "%s: has lost its peer", when);
	ck_assert_msg(ntohs(other.v4.sin_port) == LIVE_PORT, "%s: has another peer", when);
	/* The first byte in the peer's queue was sent here. */
	ck_assert_msg(sends_itself(number, peer), "%s: cannot send", when);
	ck_assert_msg(recv(peer, &linger, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN,
		      "%s: its peer has got more than that", when);
	length = sizeof linger;
	ck_assert_int_eq(getsockopt(number, SOL_SOCKET, SO_LINGER, &linger, &length), 0);
	ck_assert_msg(!linger.l_onoff, "%s: lingers", when);
}

static int connects(void)
{
	return connect_to(number, "127.0.0.1", PORT);
}

static int opens_fast(void)
{
	union address address = loopback(PORT);

	return sendto(number, "y", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &address.any,
		      length_of(&address)) == 1
		       ? 0
		       : errno;
}

static const struct {
	int (*call)(void); /* 0 or errno */
	int flags;
} calls[] = {
	{connects, 0}, {connects, SOCK_NONBLOCK}, {opens_fast, 0}, {opens_fast, SOCK_NONBLOCK}};

enum {
	CALLS = sizeof calls / sizeof *calls,
	OTHERS = sizeof somebody_else / sizeof *somebody_else
};

static int replacement;

/* What the other thread does. Check's assertions may be in the middle of a call here. */
static void replace(void)
{
	if (replacement < 0) {
		close(number);
	} else {
		dup2(replacement, number);
		close(replacement);
	}
}

/* Returns whether the library has made so many calls after the program's own. */
static bool replaced_before(int call, int i, int (*other)(void))
{
	char when[64];

	snprintf(when, sizeof when, "before call %d", call);
	replacement = other();
	number = tcp_socket(AF_INET, calls[i].flags);
	int original = dup(number);
	fault = (struct fault){.calls = EVERY_CALL, .let_by = call, .act = replace, .once = true};
	calls[i].call();
	bool replaced = fault.seen;
	fault = (struct fault){0};
	if (replaced && other != nothing)
		must_be_untouched(when);
	else if (replaced)
		ck_assert_msg(fcntl(number, F_GETFD) == -1, "%s: the number is in use", when);
	else if (other != nothing)
		close(replacement);
	if (!replaced && control)
		ck_assert(is_self_connected(number));
	if (!replaced && !control)
		ck_assert(!is_self_connected(number));
	if (!replaced || other != nothing)
		close_with_reset(number);
	close_with_reset(original);
	close_with_reset(peer);
	return replaced;
}

START_TEST(descriptor_is_replaced_during_the_call)
{
	int (*other)(void) = somebody_else[_i % OTHERS];
	int free_before = lowest_free_descriptor();
	int call = 1; /* The first is the program's. */

	while (call < MOST_CALLS && replaced_before(call, _i / OTHERS, other)) {
		ck_assert_int_eq(lowest_free_descriptor(), free_before);
		call++;
	}
	ck_assert_int_lt(call, MOST_CALLS);
	ck_assert_int_eq(call > 1, !control);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_loop_test(add_case(suite, "race", one_port),
			    descriptor_is_replaced_during_the_call, 0, CALLS * OTHERS);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
