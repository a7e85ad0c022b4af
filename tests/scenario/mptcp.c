/* Multipath TCP sockets. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int mptcp_socket(int family, int flags)
{
	return socket(family, SOCK_STREAM | flags, IPPROTO_MPTCP);
}

static const struct {
	int family;
	const char *address;
} loopback[] = {{AF_INET, "127.0.0.1"}, {AF_INET6, "::1"}};

static void refuse(int i, int flags)
{
	int fd = mptcp_socket(loopback[i].family, flags);
	int error = connect_to(fd, loopback[i].address, PORT);

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	if (!control)
		must_be_free(loopback[i].address, PORT);
}

START_TEST(blocking)
{
	refuse(_i, 0);
}
END_TEST

START_TEST(non_blocking)
{
	refuse(_i, SOCK_NONBLOCK);
}
END_TEST

static int fast_open_with(int fd)
{
	union address address = address_of("127.0.0.1", PORT);
	char byte = 'x';

	return sendto(fd, &byte, 1, MSG_FASTOPEN, &address.any, length_of(&address)) < 0 ? errno
											 : 0;
}

START_TEST(fast_open)
{
	int fd = mptcp_socket(AF_INET, 0);

	must_be_refused(fd, fast_open_with(fd));
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/*
 * With data in its SYN, MPTCP needs 200 ms to connect to itself. If SO_SNDTIMEO expires before, the
 * call returns EALREADY.
 */
START_TEST(fast_open_with_timeout)
{
	struct timeval timeout = {.tv_usec = 20000};
	int fd = mptcp_socket(AF_INET, 0);

	run("echo 0x207 > /proc/sys/net/ipv4/tcp_fastopen"); /* no cookie needed */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	int error = fast_open_with(fd);
	must_be_refused(fd, control && error == EALREADY ? wait_for_connect(fd) : error);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

START_TEST(refused_socket_reaches_a_server)
{
	int fd = mptcp_socket(AF_INET, 0);
	char byte = 'x';

	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	if (control)
		return;
	set_port_range(PORT + 10, PORT + 200);

	int server = mptcp_socket(AF_INET, 0);
	bind_to(server, "127.0.0.1", PORT);
	ck_assert_int_eq(listen(server, 1), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
	ck_assert_int_eq(send(fd, &byte, 1, 0), 1);
	ck_assert_int_eq(recv(accept(server, NULL, NULL), &byte, 1, 0), 1);
}
END_TEST

/* MPTCP has Fast Open since Linux 6.2. */
static bool can_open_fast(void)
{
	int fd = mptcp_socket(AF_INET, SOCK_NONBLOCK);
	bool can = sendto(fd, NULL, 0, MSG_FASTOPEN, NULL, 0) != -1 || errno != EOPNOTSUPP;

	close(fd);
	if (!can)
		puts("skipped: no MPTCP Fast Open in this kernel");
	return can;
}

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);
	tcase_add_loop_test(one, blocking, 0, 2);
	tcase_add_loop_test(one, non_blocking, 0, 2);
	if (can_open_fast()) {
		tcase_add_test(one, fast_open);
		if (kernel_names_peer())
			tcase_add_test(one, fast_open_with_timeout);
	}
	tcase_add_test(one, refused_socket_reaches_a_server);
}

int main(int argc, char **argv)
{
	int fd = mptcp_socket(AF_INET, 0);

	if (fd < 0) {
		printf("skipped: no MPTCP: %s\n", strerror(errno));
		return SKIPPED;
	}
	close(fd);
	return scenario_main(argc, argv, add_tests);
}
