/*
 * noselfconn-host adds a rule that refuses self-connects, and removes it again, without the
 * library. Unlike the tests in tests/host, this one also runs on other kernels and systems.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static const char *const destinations[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"};
enum { DESTINATIONS = sizeof destinations / sizeof *destinations };

/* The exit status of noselfconn-host if this kernel or iptables does not support the rule. */
enum { CANNOT = 5 };

static int connect_once(int i)
{
	int fd = tcp_socket(address_of(destinations[i], 0).family, 0);
	int error = connect_to(fd, destinations[i], PORT);

	if (error == 0)
		ck_assert(is_self_connected(fd));
	close_with_reset(fd);
	return error;
}

START_TEST(rule_refuses_self_connects)
{
	ck_assert_int_eq(connect_once(_i), 0);
	run(HOST " add");
	ck_assert_int_eq(connect_once(_i), ECONNREFUSED);
	run(HOST " status | grep -q 'effective, packets refused: 1 '");
	run(HOST " remove");
	ck_assert_int_eq(connect_once(_i), 0);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_loop_test(add_case(suite, "host rule", one_port), rule_refuses_self_connects, 0,
			    DESTINATIONS);
}

/* Prints what is missing. Runs in a child, which enters a namespace. */
static bool can_have_the_rule(void)
{
	int status = system("unshare --net --user --map-root-user " HOST " add");

	return !WIFEXITED(status) || WEXITSTATUS(status) != CANNOT;
}

int main(int argc, char **argv)
{
	if (!can_have_the_rule()) {
		puts("skipped: no host rule here");
		return SKIPPED;
	}
	return scenario_main(argc, argv, add_tests);
}
