/* Every kind of address at which a socket can meet itself, blocking and non-blocking. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *destination;
	const char *source; /* bound to, if any */
	const char *server; /* the address that a server would use */
} meetings[] = {
	{"127.0.0.1", NULL, "127.0.0.1"},
	{"127.0.0.2", "127.0.0.2", "127.0.0.2"},
	{"10.9.8.7", NULL, "10.9.8.7"},
	{"0.0.0.0", NULL, "0.0.0.0"},
	{"0.0.0.0", "127.0.0.3", "0.0.0.0"},
	{"0.0.0.0", "10.9.8.7", "0.0.0.0"},
	{"::1", NULL, "::1"},
	{"fd00::7", NULL, "fd00::7"},
	{"fe80::7%other", NULL, "fe80::7%other"},
	{"fe80::7%other", "fe80::7%other", "fe80::7%other"},
	{"::", NULL, "::"},
	{"::", "::1", "::"},
	{"::ffff:127.0.0.1", NULL, "::ffff:127.0.0.1"},
	{"::ffff:10.9.8.7", NULL, "::ffff:10.9.8.7"},
	{"::ffff:0.0.0.0", NULL, "::"},
	{"::ffff:0.0.0.0", "::ffff:127.0.0.3", "::"},
	{"::", "::ffff:127.0.0.1", "::"},
};

enum { MEETINGS = sizeof meetings / sizeof *meetings };

static int meeting_socket(int i, int flags)
{
	int fd = tcp_socket(address_of(meetings[i].destination, 0).family, flags);

	if (meetings[i].source) {
		/* connect() chooses the port, as it does without bind(). */
		int yes = 1;
		ck_assert_int_eq(
			setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes), 0);
		bind_to(fd, meetings[i].source, 0);
	}
	return fd;
}

START_TEST(blocking)
{
	int fd = meeting_socket(_i, 0);

	must_be_refused(fd, connect_to(fd, meetings[_i].destination, PORT));
	if (!control)
		must_be_free(meetings[_i].server, PORT);
}
END_TEST

START_TEST(non_blocking)
{
	int fd = meeting_socket(_i, SOCK_NONBLOCK);
	int error = connect_to(fd, meetings[_i].destination, PORT);

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	if (!control)
		must_be_free(meetings[_i].server, PORT);
}
END_TEST

/* connect() tries the four ports of one parity first, so a few tries are enough. */
enum { TRIES = 64 };

static void try_in_turn(int i, int flags)
{
	int meetings_seen = 0;

	for (int try = 0; try < TRIES; try++) {
		int fd = meeting_socket(i, flags);
		int error = connect_to(fd, meetings[i].destination, PORT);

		if (error == EINPROGRESS)
			error = wait_for_connect(fd);
		meetings_seen += is_self_connected(fd);
		if (!control || error != 0)
			ck_assert_int_eq(error, ECONNREFUSED);
		/* An ordinary close() would leave the port in TIME_WAIT for a minute. */
		close_with_reset(fd);
	}
	if (control)
		ck_assert_int_gt(meetings_seen, 0);
	else
		ck_assert_int_eq(meetings_seen, 0);
}

START_TEST(blocking_in_some_ports)
{
	try_in_turn(_i, 0);
}
END_TEST

START_TEST(non_blocking_in_some_ports)
{
	try_in_turn(_i, SOCK_NONBLOCK);
}
END_TEST

static void one_port_on_two_interfaces(void)
{
	one_port();
	add_interface();
}

static void some_ports_on_two_interfaces(void)
{
	some_ports();
	add_interface();
}

/* qemu-user 7.2 does not emulate this option. */
static bool can_bind_address_only(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int yes = 1;
	bool can = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) == 0;

	close(fd);
	if (!can)
		puts("skipped: no IP_BIND_ADDRESS_NO_PORT, so bound sockets were not tested");
	return can;
}

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port_on_two_interfaces);
	TCase *some = add_case(suite, "some ports", some_ports_on_two_interfaces);
	bool with_sources = can_bind_address_only();

	for (int i = 0; i < MEETINGS; i++) {
		if (meetings[i].source && !with_sources)
			continue;
		tcase_add_loop_test(one, blocking, i, i + 1);
		tcase_add_loop_test(one, non_blocking, i, i + 1);
		tcase_add_loop_test(some, blocking_in_some_ports, i, i + 1);
		tcase_add_loop_test(some, non_blocking_in_some_ports, i, i + 1);
	}
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
