/* Where the kernel cannot reset a connection, the program's own close() resets it. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <unistd.h>

static int refused_socket(int flags)
{
	int fd = tcp_socket(AF_INET, flags);
	int error = connect_to(fd, "127.0.0.1", PORT);

	if (control) {
		must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	} else {
		ck_assert_int_eq(error, ECONNREFUSED);
		/* A non-blocking socket may still be in its handshake with itself. */
		ck_assert_int_eq(wait_for_connect(fd), 0);
	}
	return fd;
}

START_TEST(close_leaves_nothing)
{
	int fd = refused_socket(_i);
	struct linger linger = {.l_linger = -1};
	socklen_t length = sizeof linger;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length), 0);
	ck_assert_int_eq(linger.l_onoff, !control);
	ck_assert_int_eq(linger.l_linger, 0);
	close(fd);
	if (control)
		run("ss -Htan state time-wait | grep -q :%d", PORT);
	else
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/* On a non-blocking socket the second connect() returns the result of the first one. */
START_TEST(next_connect_gets_the_true_result)
{
	int fd = refused_socket(_i);

	if (_i)
		ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), control ? 0 : ECONNREFUSED);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), EISCONN);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);
	for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
		tcase_add_loop_test(one, close_leaves_nothing, flags, flags + 1);
		tcase_add_loop_test(one, next_connect_gets_the_true_result, flags, flags + 1);
	}
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
