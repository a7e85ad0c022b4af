/* A non-blocking program gets the result of a retry as usual, after connect() has returned. */
#include "namespace.h"
#include "scenario.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Enough ports that no retry meets itself again. */
static void many_ports(void)
{
	one_port();
	set_port_range(32768, 60999);
}

/* Connects a socket to the port that bind() chose for it. */
static int connect_to_own_port(int fd)
{
	bind_to(fd, "127.0.0.1", 0);
	return connect_to(fd, "127.0.0.1", local_port(fd));
}

START_TEST(refusal_arrives_later)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);
	struct pollfd descriptor = {.fd = fd, .events = POLLIN | POLLOUT};

	ck_assert_int_eq(connect_to_own_port(fd), EINPROGRESS);
	ck_assert_int_eq(poll(&descriptor, 1, 10000), 1);
	ck_assert_int_eq(descriptor.revents,
			 control ? POLLOUT : POLLIN | POLLOUT | POLLERR | POLLHUP);
	must_be_refused(fd, option(fd, SOL_SOCKET, SO_ERROR));
}
END_TEST

START_TEST(next_connect_returns_the_refusal)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	ck_assert_int_eq(connect_to_own_port(fd), EINPROGRESS);
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	ck_assert_int_eq(poll(&descriptor, 1, 10000), 1);
	must_be_refused(fd, connect_to(fd, "127.0.0.1", 1));
}
END_TEST

static void must_have_reached_the_server(int fd)
{
	int *listener = dlsym(RTLD_DEFAULT, "below_listener");
	char byte;

	if (control) {
		ck_assert(is_self_connected(fd));
		return;
	}
	ck_assert(listener && *listener >= 0);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	ck_assert_int_eq(recv(accept(*listener, NULL, NULL), &byte, 1, 0), 1);
}

START_TEST(server_started_meanwhile_is_reached)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	setenv("BELOW_LISTEN", "1", 1);
	ck_assert_int_eq(connect_to_own_port(fd), EINPROGRESS);
	ck_assert_int_eq(wait_for_connect(fd), 0);
	must_have_reached_the_server(fd);
}
END_TEST

START_TEST(server_started_meanwhile_is_reached_by_a_blocking_socket)
{
	int fd = tcp_socket(AF_INET, 0);

	setenv("BELOW_LISTEN", "1", 1);
	errno = ENOTTY;
	ck_assert_int_eq(connect_to_own_port(fd), 0);
	ck_assert_int_eq(errno, ENOTTY);
	must_have_reached_the_server(fd);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *nonblocking = add_case(suite, "many ports", many_ports);

	tcase_add_test(nonblocking, refusal_arrives_later);
	tcase_add_test(nonblocking, next_connect_returns_the_refusal);
	tcase_add_test(nonblocking, server_started_meanwhile_is_reached);
	tcase_add_test(nonblocking, server_started_meanwhile_is_reached_by_a_blocking_socket);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
