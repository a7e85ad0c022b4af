/*
 * TCP_FASTOPEN_CONNECT with a cookie: connect() chooses the port and succeeds at once, and the
 * first write sends the SYN.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

static const char ping[] = "ping";

static int deferring_socket(int flags)
{
	int fd = tcp_socket(AF_INET, flags);
	int yes = 1;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof yes), 0);
	return fd;
}

static int fast_server(int port)
{
	int fd = listen_on("127.0.0.1", port);
	int queue = 8;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue), 0);
	return fd;
}

/* The kernel has the cookie of a server that is down now. */
static void cookie(void)
{
	other_ports();
	run("echo 3 > /proc/sys/net/ipv4/tcp_fastopen");

	int server = fast_server(PORT);
	int client = deferring_socket(0);
	ck_assert_int_eq(connect_to(client, "127.0.0.1", PORT), 0);
	close_with_reset(client);
	close(server);
}

static void cookie_one_port(void)
{
	cookie();
	set_port_range(PORT, PORT);
}

static void cookie_some_ports(void)
{
	cookie();
	set_port_range(PORT, PORT + 6);
}

static int write_ping(int fd)
{
	return send(fd, ping, sizeof ping, MSG_NOSIGNAL) == sizeof ping ? 0 : errno;
}

static void refuse(int flags)
{
	int fd = deferring_socket(flags);
	int error = connect_to(fd, "127.0.0.1", PORT);
	char echo[sizeof ping];

	ck_assert_int_eq(local_port(fd), PORT);
	if (control) {
		ck_assert_int_eq(error, 0);
		ck_assert_int_eq(write_ping(fd), 0);
		fcntl(fd, F_SETFL, 0);
		ck_assert_int_eq(recv(fd, echo, sizeof echo, 0), sizeof ping);
	}
	must_be_refused(fd, error);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 1);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}

START_TEST(blocking)
{
	refuse(0);
}
END_TEST

START_TEST(non_blocking)
{
	refuse(SOCK_NONBLOCK);
}
END_TEST

/* After the retry too, a connection that waits for its first write must not be a self-connect. */
START_TEST(in_some_ports)
{
	int meetings = 0;

	for (int try = 0; try < 64; try++) {
		int fd = deferring_socket(0);
		int error = connect_to(fd, "127.0.0.1", PORT);

		if (error == 0)
			error = write_ping(fd);
		meetings += is_self_connected(fd);
		if (!control || error != 0)
			ck_assert_int_eq(error, ECONNREFUSED);
		close_with_reset(fd);
	}
	if (control)
		ck_assert_int_gt(meetings, 0);
	else
		ck_assert_int_eq(meetings, 0);
}
END_TEST

START_TEST(server_is_reached)
{
	int server = fast_server(PORT);
	int fd = deferring_socket(0);
	char received[sizeof ping];

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
	run("ss -Htn state syn-sent | grep -q :%d", PORT);
	ck_assert_int_eq(write_ping(fd), 0);
	ck_assert_int_eq(recv(accept(server, NULL, NULL), received, sizeof received, 0),
			 sizeof ping);
	run("nstat -asz TcpExtTCPFastOpenActive | grep -q 'Active  *1 '");
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", cookie_one_port);
	tcase_add_test(one, blocking);
	tcase_add_test(one, non_blocking);

	TCase *some = add_case(suite, "some ports", cookie_some_ports);
	tcase_add_test(some, in_some_ports);

	TCase *with = add_case(suite, "other ports", cookie);
	tcase_add_test(with, server_is_reached);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
