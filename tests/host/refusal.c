/*
 * A refusal by the host rule gives a program the same results, events and errors, in the same
 * order, as a port on which nobody listens.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char *const addresses[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"};
enum { ADDRESSES = sizeof addresses / sizeof *addresses };

/* NOP four times, which shifts the TCP header. */
static const unsigned char ip_options[] = {1, 1, 1, 1};

/* Ways to make and connect the socket, in all combinations. */
enum { NONBLOCKING = 1, BOUND = 2, FAST_OPEN = 4, DEFERRED = 8, WITH_IP_OPTIONS = 16, WAYS = 32 };

static char noted[2][2048];

static void note(char *into, const char *format, ...)
{
	size_t length = strlen(into);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(into + length, sizeof *noted - length, format, arguments);
	va_end(arguments);
}

static const char *outcome(long result)
{
	return result >= 0 ? "done" : strerror(errno);
}

static long open_connection(int fd, const union address *destination, int way)
{
	return way & FAST_OPEN ? sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &destination->any,
					length_of(destination))
			       : connect(fd, &destination->any, length_of(destination));
}

/* Connects, and notes everything that a program can learn then. */
static void listen_to(char *into, const char *text, int port, int way)
{
	union address destination = address_of(text, port);
	int fd = tcp_socket(destination.family, way & NONBLOCKING ? SOCK_NONBLOCK : 0);
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct pollfd descriptor = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
	union address peer;
	socklen_t length = sizeof peer;
	int yes = 1;
	char byte;

	if (way & WITH_IP_OPTIONS)
		setsockopt(fd, IPPROTO_IP, IP_OPTIONS, ip_options, sizeof ip_options);
	if (way & BOUND)
		bind_to(fd, text, PORT);
	if (way & DEFERRED)
		ck_assert_int_eq(
			setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof yes), 0);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	note(into, "opened: %s\n", outcome(open_connection(fd, &destination, way)));
	if (way & DEFERRED)
		note(into, "written: %s\n", outcome(send(fd, "x", 1, MSG_NOSIGNAL)));
	ck_assert_int_eq(local_port(fd), PORT);
	note(into, "poll: %d", poll(&descriptor, 1, 10000));
	note(into, " %#x\n", (unsigned int)descriptor.revents);
	note(into, "epoll: %d", epoll_wait(epoll, &event, 1, 0));
	note(into, " %#x\n", event.events);
	note(into, "peer: %s\n", outcome(getpeername(fd, &peer.any, &length)));
	if (way & BOUND)
		note(into, "SO_ERROR: %d", option(fd, SOL_SOCKET, SO_ERROR));
	note(into, "read: %s\n", outcome(recv(fd, &byte, 1, MSG_DONTWAIT)));
	note(into, "write: %s\n", outcome(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL)));
	note(into, "SO_ERROR: %d\n", option(fd, SOL_SOCKET, SO_ERROR));
	note(into, "again: %s\n", outcome(open_connection(fd, &destination, way)));
	note(into, "poll: %d", poll(&descriptor, 1, 10000));
	note(into, " %#x\n", (unsigned int)descriptor.revents);
	note(into, "SO_ERROR: %d\n", option(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
	close(epoll);
}

static void one_port_fast_open(void)
{
	one_port();
	run("echo 3 >/proc/sys/net/ipv4/tcp_fastopen");
}

/* TFO_CLIENT_NO_COOKIE: the SYN carries data even without a cookie of the server. */
static void one_port_data_with_the_syn(void)
{
	one_port();
	run("echo 7 >/proc/sys/net/ipv4/tcp_fastopen");
}

static void compare(const char *address, int way)
{
	noted[0][0] = noted[1][0] = '\0';
	listen_to(noted[0], address, PORT, way);
	must_be_free(address, PORT);
	listen_to(noted[1], address, PORT + 1, way);
	ck_assert_msg(strcmp(noted[0], noted[1]) == 0, "%s, %d:\n%s\nbut of a true refusal:\n%s",
		      address, way, noted[0], noted[1]);
	ck_assert_msg(strstr(noted[0], strerror(ECONNREFUSED)) || strstr(noted[0], "SO_ERROR: 111"),
		      "%s, %d:\n%s", address, way, noted[0]);
}

START_TEST(same_as_a_true_refusal)
{
	if (control) {
		int fd = tcp_socket(address_of(addresses[_i], 0).family, 0);
		must_be_refused(fd, connect_to(fd, addresses[_i], PORT));
		return;
	}
	for (int way = 0; way < WAYS; way++)
		compare(addresses[_i], way);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *refusal = add_case(suite, "refusal", one_port_fast_open);
	TCase *with_data =
		add_case(suite, "refusal of a SYN with data", one_port_data_with_the_syn);

	tcase_add_loop_test(refusal, same_as_a_true_refusal, 0, ADDRESSES);
	tcase_add_loop_test(with_data, same_as_a_true_refusal, 0, ADDRESSES);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
