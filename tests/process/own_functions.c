/*
 * A program may have functions of its own called syscall(), getsockname() or strcmp(). The linker
 * exports them when a library that the program is linked with refers to such a name. The library
 * must not call them.
 */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *variable;
	const char *value;
} settings[] = {
	{"NOSELFCONN_LOG", "none"},
	{"NOSELFCONN_LOG", "stderr"},
	{"NOSELFCONN_LOG", "syslog"},
	{"NOSELFCONN_RETRIES", "many"}, /* an invalid value, about which it writes a line */
};

enum { SETTINGS = sizeof settings / sizeof *settings, WAYS = 5 };

START_TEST(own_functions_are_not_called)
{
	setenv(settings[_i / WAYS].variable, settings[_i / WAYS].value, 1);
	run("%s %d; [ $? = %d ]", CLIENT, _i % WAYS, control ? 0 : ECONNREFUSED);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_loop_test(add_case(suite, "one port", one_port), own_functions_are_not_called, 0,
			    SETTINGS * WAYS);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
