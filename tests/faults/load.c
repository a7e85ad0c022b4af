/*
 * A thousand descriptors connect at once in one epoll loop, to ports without a server, with a
 * server, and with the chance of a self-connect. Each gets one outcome, the true one.
 */
#include "scenario.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOCKETS = 1000, ROUNDS = 10, LIVE_PORT = PORT + 100, DEAD_PORT = PORT + 101 };

enum kind { SELF, LIVE, DEAD, KINDS };

struct client {
	int fd;
	enum kind kind;
	bool told;
};

static struct client clients[SOCKETS];

/* Each client has its own address, so that all can use the same few ports. */
static union address address_of_client(int i, int port)
{
	union address address = address_of("127.1.0.0", port);

	address.v4.sin_addr.s_addr |= htonl((uint32_t)i);
	return address;
}

static void take_outcome(struct client *client, int error, int *self_connects)
{
	ck_assert(!client->told);
	client->told = true;
	if (client->kind == LIVE) {
		ck_assert_msg(error == 0, "live: %s", strerror(error));
		ck_assert(!is_self_connected(client->fd));
	} else if (control && client->kind == SELF && error == 0) {
		*self_connects += is_self_connected(client->fd);
	} else {
		ck_assert_msg(error == ECONNREFUSED, "dead: %s", strerror(error));
	}
}

/* Returns whether the outcome is still to come. */
static bool start(int epoll, int i, int *self_connects)
{
	static const int ports[KINDS] = {[SELF] = PORT, [LIVE] = LIVE_PORT, [DEAD] = DEAD_PORT};
	struct client *client = &clients[i];
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
	int yes = 1;

	*client = (struct client){.fd = tcp_socket(AF_INET, SOCK_NONBLOCK),
				  .kind = (enum kind)(i % KINDS)};
	union address source = address_of_client(i, 0);
	union address destination = address_of_client(i, ports[client->kind]);
	ck_assert_int_eq(
		setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes), 0);
	ck_assert_int_eq(bind(client->fd, &source.any, sizeof source.v4), 0);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event), 0);
	if (connect(client->fd, &destination.any, sizeof destination.v4) != 0 &&
	    errno == EINPROGRESS)
		return true;
	take_outcome(client, errno, self_connects);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL), 0);
	return false;
}

static void finish(int epoll, int waiting, int *self_connects)
{
	struct epoll_event events[64];

	while (waiting > 0) {
		int count = epoll_wait(epoll, events, 64, 10000);

		ck_assert_msg(count > 0, "%d outcomes are missing", waiting);
		for (int i = 0; i < count; i++, waiting--) {
			struct client *client = events[i].data.ptr;

			take_outcome(client, option(client->fd, SOL_SOCKET, SO_ERROR),
				     self_connects);
			ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL), 0);
		}
	}
}

/* Without TIME_WAIT: the next round needs the same ports. */
static int close_all(int server)
{
	struct linger reset_on_close = {.l_onoff = 1};
	int accepted = 0;
	int fd;

	for (int i = 0; i < SOCKETS; i++) {
		ck_assert(clients[i].told);
		setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &reset_on_close,
			   sizeof reset_on_close);
		close(clients[i].fd);
	}
	while ((fd = accept(server, NULL, NULL)) >= 0) {
		close(fd);
		accepted++;
	}
	return accepted;
}

static int live_server(void)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	bind_to(fd, "0.0.0.0", LIVE_PORT);
	ck_assert_int_eq(listen(fd, SOCKETS), 0);
	return fd;
}

START_TEST(a_thousand_at_once)
{
	struct rlimit descriptors;
	int self_connects = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	descriptors.rlim_cur = descriptors.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &descriptors), 0);

	int epoll = epoll_create1(0);
	int server = live_server();
	for (int round = 0; round < ROUNDS; round++) {
		int waiting = 0;

		for (int i = 0; i < SOCKETS; i++)
			waiting += start(epoll, i, &self_connects);
		finish(epoll, waiting, &self_connects);
		ck_assert_int_eq(close_all(server), SOCKETS / KINDS);
	}
	ck_assert_int_eq(self_connects > 0, control);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_test(add_case(suite, "one port", one_port), a_thousand_at_once);
	tcase_add_test(add_case(suite, "some ports", some_ports), a_thousand_at_once);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
