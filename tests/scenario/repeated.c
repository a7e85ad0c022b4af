/* connect() that is interrupted or times out, and connect() after connect(). */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

enum { LIVE_PORT = PORT + 1 };

/* Drops every SYN to these two ports, so that connect() stays under way. */
static void drop_packets(void)
{
	run("nft 'table inet silent { chain input { type filter hook input priority 0; "
	    "tcp dport { %d, %d } drop; }; }'",
	    PORT, LIVE_PORT);
}

static void one_silent_port(void)
{
	one_port();
	drop_packets();
}

static void silent_server(void)
{
	other_ports();
	drop_packets();
}

static int impatient_socket(void)
{
	struct timeval timeout = {.tv_usec = 50000};
	int fd = tcp_socket(AF_INET, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	return fd;
}

static void interrupted(int number)
{
	(void)number;
}

/*
 * The timer repeats, because its first signal may come before the call. A second is enough to get
 * there, on a busy machine too.
 */
static int interrupted_connect(int fd, int port)
{
	struct sigaction action = {.sa_handler = interrupted};
	struct itimerval timer = {.it_value.tv_usec = 50000, .it_interval.tv_sec = 1};
	struct itimerval never = {0};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	int error = connect_to(fd, "127.0.0.1", port);
	setitimer(ITIMER_REAL, &never, NULL);
	return error;
}

START_TEST(timeout)
{
	int fd = impatient_socket();

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EINPROGRESS);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
}
END_TEST

START_TEST(interruption)
{
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(interrupted_connect(fd, LIVE_PORT), EINTR);
}
END_TEST

START_TEST(timeout_on_the_way_to_itself)
{
	int fd = impatient_socket();

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), control ? EINPROGRESS : ECONNREFUSED);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/* After a signal there is no retry: another attempt could wait for minutes. */
START_TEST(interruption_on_the_way_to_itself)
{
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(interrupted_connect(fd, PORT), control ? EINTR : ECONNREFUSED);
	must_have_connected(1);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

START_TEST(second_connect_while_the_first_is_under_way)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EINPROGRESS);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", local_port(fd)), EALREADY);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
}
END_TEST

/* The kernel ignores the address of a second connect(), even if it is the socket's own. */
START_TEST(second_connect_with_own_address_interrupted)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EINPROGRESS);
	int port = local_port(fd);
	fcntl(fd, F_SETFL, 0);
	ck_assert_int_eq(interrupted_connect(fd, port), EINTR);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
	ck_assert_int_eq(local_port(fd), port);
}
END_TEST

START_TEST(second_connect_with_own_address_when_the_first_is_over)
{
	int server = listen_on("127.0.0.1", LIVE_PORT);
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);
	char byte = 'x';

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EINPROGRESS);
	ck_assert_int_eq(wait_for_connect(fd), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", local_port(fd)), 0);
	ck_assert_int_eq(send(fd, &byte, 1, 0), 1);
	ck_assert_int_eq(recv(accept(server, NULL, NULL), &byte, 1, 0), 1);
}
END_TEST

START_TEST(second_connect_when_connected)
{
	listen_on("127.0.0.1", LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EISCONN);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", local_port(fd)), EISCONN);
}
END_TEST

START_TEST(second_connect_when_refused)
{
	int fd = tcp_socket(AF_INET, _i);
	int error = connect_to(fd, "127.0.0.1", PORT);

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	set_port_range(PORT + 10, PORT + 200);
	if (!control)
		listen_on("127.0.0.1", PORT);
	/*
	 * After SO_ERROR has told the refusal, connect() still returns the end of the first
	 * attempt.
	 */
	if (!control && _i)
		ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), ECONNABORTED);
	error = connect_to(fd, "127.0.0.1", PORT);
	if (error == EINPROGRESS)
		error = wait_for_connect(fd);
	/* In the control, a non-blocking socket learns here that it is connected, to itself. */
	ck_assert_int_eq(error, control && !_i ? EISCONN : 0);
	ck_assert(is_self_connected(fd) == control);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *silent = add_case(suite, "silent server", silent_server);
	tcase_add_test(silent, timeout);
	tcase_add_test(silent, interruption);
	tcase_add_test(silent, second_connect_while_the_first_is_under_way);
	tcase_add_test(silent, second_connect_with_own_address_interrupted);

	TCase *silent_port = add_case(suite, "one silent port", one_silent_port);
	tcase_add_test(silent_port, timeout_on_the_way_to_itself);
	if (kernel_names_peer())
		tcase_add_test(silent_port, interruption_on_the_way_to_itself);

	TCase *other = add_case(suite, "other ports", other_ports);
	tcase_add_test(other, second_connect_with_own_address_when_the_first_is_over);
	tcase_add_test(other, second_connect_when_connected);

	TCase *one = add_case(suite, "one port", one_port);
	for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK)
		tcase_add_loop_test(one, second_connect_when_refused, flags, flags + 1);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
