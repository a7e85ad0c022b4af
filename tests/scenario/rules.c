/*
 * The README's rules for nftables refuse a self-connect. What they do has nothing to do with the
 * library, which is not there.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>

static const char *const destinations[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"};
enum { DESTINATIONS = sizeof destinations / sizeof *destinations };

static int connect_once(int i)
{
	int fd = tcp_socket(address_of(destinations[i], 0).family, 0);
	int error = connect_to(fd, destinations[i], PORT);

	if (error == 0)
		ck_assert(is_self_connected(fd));
	close_with_reset(fd);
	return error;
}

START_TEST(without_the_rules)
{
	ck_assert_int_eq(connect_once(_i), 0);
}
END_TEST

START_TEST(with_the_rules)
{
	run("awk -v RS= '/^## /{chapter = /What else can be done/} "
	    "chapter && /^    nft /' %s | sh -e",
	    README);
	for (int i = 0; i < DESTINATIONS; i++)
		ck_assert_msg(connect_once(i) == ECONNREFUSED, "%s", destinations[i]);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *rules = add_case(suite, "rules", one_port);

	tcase_add_loop_test(rules, without_the_rules, 0, DESTINATIONS);
	tcase_add_test(rules, with_the_rules);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
