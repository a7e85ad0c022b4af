/* Sockets that were bound before connect(), and a program that connects to itself on purpose. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <unistd.h>

static int refused_after(int fd)
{
	int error = connect_to(fd, "127.0.0.1", PORT);

	return error == EINPROGRESS ? wait_for_connect(fd) : error;
}

/* The reset gives up a port that bind() chose, so the retry gets another one. */
START_TEST(port_chosen_by_bind_is_replaced)
{
	int fd = tcp_socket(AF_INET, _i);

	bind_to(fd, "127.0.0.1", 0);
	ck_assert_int_eq(local_port(fd), PORT);
	set_port_range(PORT + 2, PORT + 200);
	must_be_refused(fd, refused_after(fd));
	must_have_connected(control ? 1 : 2);
	if (control)
		return;
	ck_assert_int_ne(local_port(fd), PORT);
	must_be_free("127.0.0.1", PORT);
}
END_TEST

/* connect() does not choose a port that another socket has bound (__inet_hash_connect()). */
START_TEST(port_chosen_by_bind_is_taken)
{
	int fd = tcp_socket(AF_INET, _i);

	bind_to(fd, "127.0.0.1", 0);
	bind_to(tcp_socket(AF_INET, 0), "127.0.0.2", PORT);
	must_be_refused(fd, refused_after(fd));
	must_have_connected(1);
}
END_TEST

START_TEST(port_chosen_by_bind_is_taken_in_fast_open)
{
	int fd = tcp_socket(AF_INET, 0);
	union address address = address_of("127.0.0.1", PORT);

	bind_to(fd, "127.0.0.1", 0);
	bind_to(tcp_socket(AF_INET, 0), "127.0.0.2", PORT);
	ssize_t sent = sendto(fd, "x", 1, MSG_FASTOPEN, &address.any, length_of(&address));
	must_be_refused(fd, sent == 1 ? 0 : errno);
	must_have_connected(1);
}
END_TEST

START_TEST(explicit_port_is_refused)
{
	int fd = tcp_socket(AF_INET, _i);

	bind_to(fd, "127.0.0.1", PORT);
	must_be_refused(fd, refused_after(fd));
	/* A non-blocking socket makes one more connection, to port 0, which the kernel refuses. */
	must_have_connected(control ? 1 : _i ? 5 : 4);
	ck_assert_int_eq(local_port(fd), PORT);
	if (control)
		return;

	/* The socket stays bound. */
	listen_on("127.0.0.1", PORT + 1);
	if (_i)
		ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT + 1), ECONNABORTED);
	int error = connect_to(fd, "127.0.0.1", PORT + 1);
	ck_assert_int_eq(error == EINPROGRESS ? wait_for_connect(fd) : error, 0);
	ck_assert_int_eq(local_port(fd), PORT);
}
END_TEST

START_TEST(explicit_port_is_free_after_close)
{
	int fd = tcp_socket(AF_INET, 0);

	bind_to(fd, "127.0.0.1", PORT);
	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	close(fd);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

START_TEST(disabled_library_allows_self_connect)
{
	run("NOSELFCONN_DISABLE=1 %s 127.0.0.1 %d | grep -qx self-connected", CLIENT, PORT);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);
	for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
		tcase_add_loop_test(one, port_chosen_by_bind_is_replaced, flags, flags + 1);
		tcase_add_loop_test(one, port_chosen_by_bind_is_taken, flags, flags + 1);
		tcase_add_loop_test(one, explicit_port_is_refused, flags, flags + 1);
	}
	tcase_add_test(one, port_chosen_by_bind_is_taken_in_fast_open);
	tcase_add_test(one, explicit_port_is_free_after_close);
	tcase_add_test(one, disabled_library_allows_self_connect);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
