/*
 * A non-blocking socket whose retries are used up is refused by the kernel: connect() is under way,
 * and the refusal comes with the events and the SO_ERROR that it has where nobody listens.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { DEAD_PORT = PORT + 2 };

static const struct {
	const char *destination;
	const char *source; /* bound to, with the only port, if any */
	int protocol;
} sockets[] = {
	{"127.0.0.1", NULL, IPPROTO_TCP},
	{"0.0.0.0", NULL, IPPROTO_TCP},
	{"::1", NULL, IPPROTO_TCP},
	{"::", NULL, IPPROTO_TCP},
	{"::ffff:127.0.0.1", NULL, IPPROTO_TCP},
	{"::ffff:0.0.0.0", NULL, IPPROTO_TCP},
	{"127.0.0.1", "127.0.0.1", IPPROTO_TCP},
	{"127.0.0.2", "127.0.0.2", IPPROTO_TCP},
	{"127.0.0.1", "0.0.0.0", IPPROTO_TCP},
	{"0.0.0.0", "127.0.0.3", IPPROTO_TCP},
	{"::1", "::1", IPPROTO_TCP},
	{"::", "::", IPPROTO_TCP},
	{"::", "::ffff:127.0.0.1", IPPROTO_TCP},
	{"127.0.0.1", NULL, IPPROTO_MPTCP},
	{"0.0.0.0", NULL, IPPROTO_MPTCP},
	{"::1", NULL, IPPROTO_MPTCP},
	{"::ffff:127.0.0.1", NULL, IPPROTO_MPTCP},
	/* On the other interface. */
	{"10.9.8.7", NULL, IPPROTO_TCP},
	{"fe80::7%other", NULL, IPPROTO_TCP},
};

enum { SOCKETS = sizeof sockets / sizeof *sockets, ON_OTHER_INTERFACE = SOCKETS - 2 };

static int new_socket(int i)
{
	int family = address_of(sockets[i].destination, 0).family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, sockets[i].protocol);

	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	if (sockets[i].source)
		bind_to(fd, sockets[i].source, PORT);
	return fd;
}

static int poll_now(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	return poll(&descriptor, 1, 10000) == 1 ? descriptor.revents : -1;
}

static int result_of_read(int fd)
{
	char byte;
	ssize_t size = read(fd, &byte, 1);

	return size < 0 ? -errno : (int)size;
}

static int result_of_send(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL) == 1 ? 1 : -errno;
}

static int error_of_socket(int fd)
{
	return option(fd, SOL_SOCKET, SO_ERROR);
}

static int next_connect(int fd)
{
	union address address = {.family = AF_UNSPEC};
	socklen_t length = sizeof address;

	/* A second connect() returns the outcome of the first; its address does not matter. */
	ck_assert_int_eq(getsockname(fd, &address.any, &length), 0);
	address.v4.sin_port = htons(DEAD_PORT);
	return connect(fd, &address.any, length) == 0 ? 0 : errno;
}

static int error_of_getpeername(int fd)
{
	union address peer;
	socklen_t length = sizeof peer;

	return getpeername(fd, &peer.any, &length) == 0 ? 0 : errno;
}

static int state(int fd)
{
	uint8_t value; /* the first member of struct tcp_info */
	socklen_t length = sizeof value;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &value, &length) == 0 ? value : -errno;
}

/* The ways in which a program may learn the outcome. Each of them clears the error. */
static int (*const ways[])(int fd) = {error_of_socket, result_of_read, result_of_send,
				      next_connect};

enum { WAYS = sizeof ways / sizeof *ways };

struct heard {
	int connect; /* 0 or errno */
	int events;
	int edges; /* of a descriptor that was registered before, edge-triggered */
	int outcome;
	int state;
	int peer;
	int port;
	int events_after;
	int outcome_after;
	int send_after;
};

static int edges_of(int epoll)
{
	struct epoll_event event = {.events = 0};

	ck_assert_int_eq(epoll_wait(epoll, &event, 1, 10000), 1);
	/* No second edge. */
	struct epoll_event another;
	ck_assert_int_eq(epoll_wait(epoll, &another, 1, 0), 0);
	return (int)event.events;
}

static struct heard connect_and_listen(int i, int port, int (*way)(int fd))
{
	struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	int epoll = epoll_create1(0);
	int fd = new_socket(i);

	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted), 0);
	struct heard heard = {.connect = connect_to(fd, sockets[i].destination, port)};
	heard.events = poll_now(fd);
	heard.edges = edges_of(epoll);
	heard.outcome = way(fd);
	if (control && port == PORT)
		ck_assert(is_self_connected(fd));
	heard.state = state(fd);
	heard.peer = error_of_getpeername(fd);
	heard.port = local_port(fd);
	heard.events_after = poll_now(fd);
	heard.outcome_after = error_of_socket(fd);
	heard.send_after = result_of_send(fd);
	close_with_reset(fd);
	close(epoll);
	return heard;
}

static void must_be_the_same(const struct heard *truth, const struct heard *heard)
{
	static const char *const names[] = {"connect",	     "events",	  "edges", "outcome",
					    "state",	     "peer",	  "port",  "events after",
					    "outcome after", "send after"};
	const int *expected = &truth->connect;
	const int *found = &heard->connect;

	for (size_t i = 0; i < sizeof *truth / sizeof *expected; i++)
		ck_assert_msg(found[i] == expected[i], "%s is %d, at a true refusal %d", names[i],
			      found[i], expected[i]);
}

static void one_port_on_two_interfaces(void)
{
	one_port();
	add_interface();
}

START_TEST(same_as_where_nobody_listens)
{
	for (int way = 0; way < WAYS; way++) {
		struct heard truth = connect_and_listen(_i, DEAD_PORT, ways[way]);
		struct heard heard = connect_and_listen(_i, PORT, ways[way]);

		/* On a busy machine the refusal may come from connect(): see libnoselfconn(7). */
		for (int again = 0; heard.connect == ECONNREFUSED && again < 100; again++)
			heard = connect_and_listen(_i, PORT, ways[way]);
		ck_assert_int_eq(truth.connect, EINPROGRESS);
		ck_assert_int_eq(truth.events & (POLLOUT | POLLERR | POLLHUP),
				 POLLOUT | POLLERR | POLLHUP);
		if (!control) {
			must_be_the_same(&truth, &heard);
			continue;
		}
		ck_assert_int_eq(heard.connect, EINPROGRESS);
		ck_assert_int_eq(heard.events, POLLOUT);
	}
	if (!control)
		must_be_free(sockets[_i].destination, PORT);
}
END_TEST

START_TEST(refused_socket_reaches_a_server)
{
	int fd = new_socket(_i);

	ck_assert_int_eq(connect_to(fd, sockets[_i].destination, PORT), EINPROGRESS);
	must_be_refused(fd, wait_for_connect(fd));
	if (control)
		return;
	int listener = listen_on(sockets[_i].destination, DEAD_PORT);
	/*
	 * After SO_ERROR has told the refusal, connect() still returns the end of the first
	 * attempt.
	 */
	ck_assert_int_eq(connect_to(fd, sockets[_i].destination, DEAD_PORT), ECONNABORTED);
	ck_assert_int_eq(connect_to(fd, sockets[_i].destination, DEAD_PORT), EINPROGRESS);
	ck_assert_int_eq(wait_for_connect(fd), 0);
	ck_assert_int_eq(local_port(fd), PORT);
	ck_assert_int_ge(accept(listener, NULL, NULL), 0);
}
END_TEST

/* If a filter drops packets to port 0, the kernel cannot refuse, so connect() itself does. */
START_TEST(filter_that_drops_port_0)
{
	run("nft 'table inet filter { chain input { type filter hook input priority 0; "
	    "tcp dport 0 counter drop; }; }'");
	int fd = new_socket(_i);
	int error = connect_to(fd, sockets[_i].destination, PORT);

	if (control)
		error = wait_for_connect(fd);
	must_be_refused(fd, error);
	if (!control && !sockets[_i].source)
		must_be_free(sockets[_i].destination, PORT);
}
END_TEST

static bool has_mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	if (fd < 0)
		printf("skipped: no MPTCP sockets in this test: %s\n", strerror(errno));
	close(fd);
	return fd >= 0;
}

static bool is_v6(int i)
{
	return strchr(sockets[i].destination, ':');
}

static bool is_first_of_its_kind(int i)
{
	for (int earlier = 0; earlier < i; earlier++)
		if (sockets[earlier].protocol == sockets[i].protocol && is_v6(earlier) == is_v6(i))
			return false;
	return true;
}

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);
	TCase *two = add_case(suite, "one port on two interfaces", one_port_on_two_interfaces);
	bool with_mptcp = has_mptcp();

	for (int i = 0; i < SOCKETS; i++) {
		if (sockets[i].protocol == IPPROTO_MPTCP && !with_mptcp)
			continue;
		tcase_add_loop_test(i < ON_OTHER_INTERFACE ? one : two,
				    same_as_where_nobody_listens, i, i + 1);
		if (!is_first_of_its_kind(i))
			continue;
		tcase_add_loop_test(one, refused_socket_reaches_a_server, i, i + 1);
		tcase_add_loop_test(one, filter_that_drops_port_0, i, i + 1);
	}
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
