/* Settings and log, as the user of a program sees them. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	pid_t pid;
	char told[64];	   /* what the client printed */
	char errors[4096]; /* its standard error */
};

static void read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t more;

	while (length < size - 1 && (more = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	close(fd);
}

/* Runs the client, which connects to the port where it meets itself. */
static struct run run_client(const char *address)
{
	struct run run = {.pid = 0};
	int output[2];
	int errors[2];
	char port[16];
	int status;

	ck_assert(pipe2(output, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0);
	snprintf(port, sizeof port, "%d", PORT);
	run.pid = fork();
	if (run.pid == 0) {
		dup2(output[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		execl(CLIENT, CLIENT, address, port, (char *)NULL);
		_exit(127);
	}
	close(output[1]);
	close(errors[1]);
	read_all(output[0], run.told, sizeof run.told);
	read_all(errors[0], run.errors, sizeof run.errors);
	ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
	ck_assert_int_eq(status, 0);
	return run;
}

static void must_be_told(const struct run *run, const char *told)
{
	ck_assert_str_eq(run->told, control ? "self-connected\n" : told);
}

/* The library writes this line, and nothing in a control. */
static void must_be_logged(const char *logged, pid_t pid, const char *priority, const char *line)
{
	char expected[512] = "";

	if (!control)
		snprintf(expected, sizeof expected, "%sscenario_client[%d]: libnoselfconn: %s",
			 priority, (int)pid, line);
	ck_assert_str_eq(logged, expected);
}

static const struct {
	const char *address;
	const char *retries;
	const char *line;
} lines[] = {
	{"127.0.0.1", NULL,
	 "destination=127.0.0.1:40000 self-connects=4 undone=yes result=ECONNREFUSED\n"},
	{"::1", NULL, "destination=[::1]:40000 self-connects=4 undone=yes result=ECONNREFUSED\n"},
	{"::ffff:127.0.0.1", NULL,
	 "destination=[::ffff:127.0.0.1]:40000 self-connects=4 undone=yes result=ECONNREFUSED\n"},
	{"0.0.0.0", NULL,
	 "destination=0.0.0.0:40000 self-connects=4 undone=yes result=ECONNREFUSED\n"},
	{"127.0.0.1", "0",
	 "destination=127.0.0.1:40000 self-connects=1 undone=yes result=ECONNREFUSED\n"},
	{"127.0.0.1", "16",
	 "destination=127.0.0.1:40000 self-connects=17 undone=yes result=ECONNREFUSED\n"},
	{"127.0.0.1", "",
	 "destination=127.0.0.1:40000 self-connects=4 undone=yes result=ECONNREFUSED\n"},
};

START_TEST(one_line_on_stderr)
{
	setenv("NOSELFCONN_LOG", "stderr", 1);
	if (lines[_i].retries)
		setenv("NOSELFCONN_RETRIES", lines[_i].retries, 1);
	struct run run = run_client(lines[_i].address);
	must_be_told(&run, "ECONNREFUSED\n");
	must_be_logged(run.errors, run.pid, "", lines[_i].line);
}
END_TEST

START_TEST(silent_by_default)
{
	struct run run = run_client("127.0.0.1");

	must_be_told(&run, "ECONNREFUSED\n");
	ck_assert_str_eq(run.errors, "");
}
END_TEST

START_TEST(no_line_without_a_self_connect)
{
	close(listen_on("127.0.0.1", PORT));
	setenv("NOSELFCONN_LOG", "stderr", 1);
	set_port_range(PORT + 1, PORT + 1);
	struct run run = run_client("127.0.0.1");
	ck_assert_str_eq(run.told, "ECONNREFUSED\n");
	ck_assert_str_eq(run.errors, "");
}
END_TEST

START_TEST(disabled_library_is_silent)
{
	setenv("NOSELFCONN_LOG", "stderr", 1);
	setenv("NOSELFCONN_DISABLE", "1", 1);
	struct run run = run_client("127.0.0.1");
	ck_assert_str_eq(run.told, "self-connected\n");
	ck_assert_str_eq(run.errors, "");
}
END_TEST

static const struct {
	const char *variable;
	const char *value;
	const char *line;
} bad_values[] = {
	{"NOSELFCONN_RETRIES", "17",
	 "NOSELFCONN_RETRIES is \"17\", expected a whole number from 0 to 16; using 3\n"},
	{"NOSELFCONN_RETRIES", "-1",
	 "NOSELFCONN_RETRIES is \"-1\", expected a whole number from 0 to 16; using 3\n"},
	{"NOSELFCONN_RETRIES", "4294967297",
	 "NOSELFCONN_RETRIES is \"4294967297\", expected a whole number from 0 to 16; using 3\n"},
	{"NOSELFCONN_LOG", "/tmp/a\033[31m\n",
	 "NOSELFCONN_LOG is \"/tmp/a?[31m?\", expected none, stderr or syslog; using none\n"},
	{"NOSELFCONN_DISABLE", "yes",
	 "NOSELFCONN_DISABLE is \"yes\", expected 1 or nothing; using nothing\n"},
};

START_TEST(bad_value)
{
	setenv(bad_values[_i].variable, bad_values[_i].value, 1);
	struct run run = run_client("127.0.0.1");
	must_be_told(&run, "ECONNREFUSED\n");
	must_be_logged(run.errors, run.pid, "", bad_values[_i].line);
}
END_TEST

/* Gives the test its own /dev. */
static int listen_on_dev_log(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	/* In a chroot, / may not be a mount point. */
	ck_assert(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 || errno == EINVAL);
	ck_assert_int_eq(mount("dev", "/dev", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

START_TEST(one_datagram_to_syslog)
{
	int server = listen_on_dev_log();
	char datagram[512] = "";
	char more;

	setenv("NOSELFCONN_LOG", "syslog", 1);
	struct run run = run_client("127.0.0.1");
	must_be_told(&run, "ECONNREFUSED\n");
	ck_assert_str_eq(run.errors, "");
	recv(server, datagram, sizeof datagram - 1, MSG_DONTWAIT);
	must_be_logged(
		datagram, run.pid, "<12>",
		"destination=127.0.0.1:40000 self-connects=4 undone=yes result=ECONNREFUSED");
	ck_assert_int_eq(recv(server, &more, 1, MSG_DONTWAIT), -1);
}
END_TEST

START_TEST(bad_value_goes_to_syslog)
{
	int server = listen_on_dev_log();
	char datagram[512] = "";

	setenv("NOSELFCONN_LOG", "syslog", 1);
	setenv("NOSELFCONN_DISABLE", "0", 1);
	struct run run = run_client("127.0.0.1");
	must_be_told(&run, "ECONNREFUSED\n");
	ck_assert_str_eq(run.errors, "");
	recv(server, datagram, sizeof datagram - 1, MSG_DONTWAIT);
	must_be_logged(datagram, run.pid, "<12>",
		       "NOSELFCONN_DISABLE is \"0\", expected 1 or nothing; using nothing");
}
END_TEST

START_TEST(nobody_reads_syslog)
{
	close(listen_on_dev_log());
	setenv("NOSELFCONN_LOG", "syslog", 1);
	struct run run = run_client("127.0.0.1");
	must_be_told(&run, "ECONNREFUSED\n");
	ck_assert_str_eq(run.errors, "");
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *log = add_case(suite, "log", one_port);

	tcase_add_loop_test(log, one_line_on_stderr, 0, sizeof lines / sizeof *lines);
	tcase_add_test(log, silent_by_default);
	tcase_add_test(log, no_line_without_a_self_connect);
	tcase_add_test(log, disabled_library_is_silent);
	tcase_add_loop_test(log, bad_value, 0, sizeof bad_values / sizeof *bad_values);
	tcase_add_test(log, one_datagram_to_syslog);
	tcase_add_test(log, bad_value_goes_to_syslog);
	tcase_add_test(log, nobody_reads_syslog);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
