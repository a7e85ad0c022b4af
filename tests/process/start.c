/* How programs start: vfork() and exec, and libraries whose constructors connect. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAYS = 4 }; /* of early.c */

/* The expected result of a client, from be_a_client() or as exit status: 0 or errno. */
static int expected(void)
{
	return control ? 0 : ECONNREFUSED;
}

/* Also called where Check's assertions do not work. */
static int be_a_client(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	close(fd);
	return error;
}

static void must_exit_with(pid_t child, int expected_status)
{
	int status = -1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), expected_status);
}

START_TEST(vfork_and_exec)
{
	static volatile int in_child;

	pid_t child = vfork();
	if (child == 0) {
		in_child = be_a_client();
		execl("/proc/self/exe", "client", NULL);
		_exit(127);
	}
	ck_assert_int_eq(in_child, expected());
	must_exit_with(child, expected());
	ck_assert_int_eq(be_a_client(), expected());
}
END_TEST

/* EARLY_PRELOAD has the library, followed by one whose constructor runs first and connects. */
static void preload_early(void)
{
	char preload[4096];

	snprintf(preload, sizeof preload, "%s:" EARLY, control ? "" : getenv("LD_PRELOAD"));
	setenv("EARLY_PRELOAD", preload, 1);
	run("LD_DEBUG=files LD_PRELOAD=$EARLY_PRELOAD /bin/true 2>&1 | "
	    "grep -q 'calling init:.*early'");
	run("! LD_DEBUG=files LD_PRELOAD=$EARLY_PRELOAD /bin/true 2>&1 | "
	    "grep -q 'calling init:.*libnoselfconn'");
}

START_TEST(earlier_constructor_connects)
{
	preload_early();
	run("EARLY_WAY=%d LD_PRELOAD=$EARLY_PRELOAD /bin/true; [ $? = %d ]", _i, expected());
}
END_TEST

START_TEST(earlier_constructor_obeys_the_settings)
{
	preload_early();
	run("NOSELFCONN_DISABLE=1 LD_PRELOAD=$EARLY_PRELOAD /bin/true; [ $? = 0 ]");
	run("[ \"$(NOSELFCONN_LOG=stderr NOSELFCONN_RETRIES=1 LD_PRELOAD=$EARLY_PRELOAD /bin/true "
	    "2>&1 | grep -c 'true.*: destination=127.0.0.1:%d self-connects=2 undone=yes')\" = %d "
	    "]",
	    PORT, !control);
}
END_TEST

/* The first call reads the settings and writes the line about an invalid one, and no other call. */
START_TEST(one_line_about_an_invalid_value)
{
	preload_early();
	run("[ \"$(EARLY_GOES_ON=1 NOSELFCONN_RETRIES=many LD_PRELOAD=$EARLY_PRELOAD /bin/true "
	    "2>&1 | grep -c 'true.*: NOSELFCONN_RETRIES is')\" = %d ]",
	    !control);
}
END_TEST

/* stderr is closed, so the library cannot examine it. */
START_TEST(errno_is_0_at_the_start)
{
	pid_t child = fork();

	if (child == 0) {
		close(STDERR_FILENO);
		setenv("NOSELFCONN_LOG", "stderr", 1);
		execl("/proc/self/exe", "errno", NULL);
		_exit(127);
	}
	must_exit_with(child, 0);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);

	tcase_add_test(one, vfork_and_exec);
	tcase_add_loop_test(one, earlier_constructor_connects, 0, WAYS);
	tcase_add_test(one, earlier_constructor_obeys_the_settings);
	tcase_add_test(one, one_line_about_an_invalid_value);
	tcase_add_test(one, errno_is_0_at_the_start);
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "errno") == 0)
		return errno;
	if (strcmp(argv[0], "client") == 0)
		return be_a_client();
	return scenario_main(argc, argv, add_tests);
}
