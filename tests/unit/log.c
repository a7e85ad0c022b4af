/* The log line as its reader gets it, and the signals that stay pending. */
#include "library.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int reader;

/* Makes standard error a pipe before the log remembers the file. */
static void stderr_is_a_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	prepare_log(LOG_TO_STDERR);
}

static const char *arrived(void)
{
	static char text[512];

	close(STDERR_FILENO);
	ssize_t length = read(reader, text, sizeof text - 1);
	ck_assert_int_ge(length, 0);
	text[length] = '\0';
	return text;
}

static const struct {
	int outcome;
	const char *name;
} outcomes[] = {
	{0, "success"},	  {ECONNREFUSED, "ECONNREFUSED"}, {EINPROGRESS, "EINPROGRESS"},
	{EINTR, "EINTR"}, {EHOSTUNREACH, "errno 113"},
};

START_TEST(outcome)
{
	union endpoint destination = {.v4 = {.sin_family = AF_INET, .sin_port = htons(44444)}};
	struct msghdr message = {.msg_name = &destination, .msg_namelen = sizeof destination};
	struct call call = {.message = &message, .self_connects = 2};
	char expected[256];

	inet_pton(AF_INET, "127.0.0.1", &destination.v4.sin_addr);
	settings.value[LOG] = LOG_TO_STDERR;
	report(&call, outcomes[_i].outcome);
	snprintf(expected, sizeof expected,
		 "unit_log[%d]: libnoselfconn: destination=127.0.0.1:44444 self-connects=2 "
		 "undone=yes result=%s\n",
		 (int)getpid(), outcomes[_i].name);
	ck_assert_str_eq(arrived(), expected);
}
END_TEST

START_TEST(full_line_ends_in_a_newline)
{
	struct line line;

	begin_line(&line);
	for (size_t i = 0; i < sizeof line.text; i++)
		append_text(&line, "x");
	write_line(&line, LOG_TO_STDERR);

	const char *text = arrived();
	ck_assert_uint_eq(strlen(text), sizeof line.text - strlen("<12>"));
	ck_assert_str_eq(text + strlen(text) - 2, "x\n");
}
END_TEST

/* Signals that the program blocks stay pending. */
START_TEST(pending_signals_stay)
{
	struct line line;
	sigset_t both;
	sigset_t pending;

	sigemptyset(&both);
	sigaddset(&both, SIGPIPE);
	sigaddset(&both, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &both, NULL);
	kill(getpid(), SIGPIPE);
	kill(getpid(), SIGXFSZ);
	begin_line(&line);
	write_line(&line, LOG_TO_STDERR);
	ck_assert_str_ne(arrived(), "");
	sigpending(&pending);
	ck_assert(sigismember(&pending, SIGPIPE) && sigismember(&pending, SIGXFSZ));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *log = tcase_create("log");

	suite_add_tcase(suite, log);
	tcase_add_checked_fixture(log, stderr_is_a_pipe, NULL);
	tcase_add_loop_test(log, outcome, 0, sizeof outcomes / sizeof *outcomes);
	tcase_add_test(log, full_line_ends_in_a_newline);
	tcase_add_test(log, pending_signals_stay);
	return run_suite(suite);
}
