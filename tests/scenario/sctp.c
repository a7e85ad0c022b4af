/* SCTP's one-to-one sockets look much like TCP sockets, and are left alone. */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(one_to_one)
{
	int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	bind_to(listener, "127.0.0.2", PORT);
	ck_assert_int_eq(listen(listener, 1), 0);
	bind_to(fd, "127.0.0.1", PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.2", PORT), 0);
	ck_assert_int_eq(local_port(fd), PORT);
}
END_TEST

/* Whatever the kernel answers, there is one call and the socket stays the same. */
START_TEST(to_itself)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	bind_to(fd, "127.0.0.1", PORT);
	int error = connect_to(fd, "127.0.0.1", PORT);
	printf("SCTP to itself: %s\n", error ? strerror(error) : "connected");
	ck_assert_int_eq(local_port(fd), PORT);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *sctp = add_case(suite, "SCTP", some_ports);

	tcase_add_test(sctp, one_to_one);
	tcase_add_test(sctp, to_itself);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	if (fd < 0) {
		printf("skipped: no SCTP in this kernel: %s\n", strerror(errno));
		return SKIPPED;
	}
	close(fd);
	return scenario_main(argc, argv, add_tests);
}
