/*
 * Every call that the library makes on the way from the connection to the line on stderr, failing
 * with every errno there is, which are all that it can have and more.
 */
#include "faults.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the program gets, and what of the line can be read. */
enum outcome { MISSED, REFUSED, REFUSED_AND_STUCK };
enum line { NO_LINE, LINE, LINE_WITHOUT_NOWAIT };

static const struct {
	int calls;
	enum outcome outcome;
	enum line line;
} failures[] = {
	/* The library cannot look: as without it. */
	{GETSOCKNAME, MISSED, NO_LINE},
	{GET_TYPE, MISSED, NO_LINE},
	{GET_PROTOCOL, MISSED, NO_LINE},
	{GETSOCKNAME | GET_PEER | GET_TYPE | GET_PROTOCOL, MISSED, NO_LINE},
	/* What it only asks to be sure. */
	{GET_PEER, REFUSED, LINE},
	{GET_ERROR, REFUSED, LINE},
	/* It has seen a self-connect and cannot undo it. */
	{RESET, REFUSED_AND_STUCK, LINE},
	{RESET | SET_LINGER, REFUSED_AND_STUCK, LINE},
	{RESET | STATX, REFUSED_AND_STUCK, NO_LINE},
	/* It cannot log. */
	{STATX, REFUSED, NO_LINE},
	{PPOLL, REFUSED, NO_LINE},
	{PWRITEV2, REFUSED, LINE_WITHOUT_NOWAIT},
	{PWRITEV2 | OPENAT, REFUSED, LINE_WITHOUT_NOWAIT},
	{PWRITEV2 | CLOSE, REFUSED, LINE_WITHOUT_NOWAIT},
	{PWRITEV2 | WRITE, REFUSED, NO_LINE},
	{PWRITEV2 | GET_FLAGS, REFUSED, LINE_WITHOUT_NOWAIT},
	{SIGTIMEDWAIT, REFUSED, LINE},
	{DUPLICATE, REFUSED, LINE},
	{CLOSE, REFUSED, LINE},
};

enum { FAILURES = sizeof failures / sizeof *failures };

static int read_end;

static bool read_line(const char *destination)
{
	char line[512] = "";
	ssize_t size = read(read_end, line, sizeof line - 1);

	if (size <= 0)
		return false;
	ck_assert_msg(strstr(line, destination), "%s", line);
	ck_assert_ptr_eq(strchr(line, '\n'), &line[size - 1]);
	return true;
}

static bool is_blocked(int signal)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, signal) == 1;
}

static bool resets_on_close(int fd)
{
	struct linger linger = {0};
	socklen_t length = sizeof linger;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length), 0);
	return linger.l_onoff && linger.l_linger == 0;
}

static void must_be(enum outcome outcome, int fd, int error)
{
	if (control || outcome == MISSED) {
		ck_assert_msg(error == 0, "%s", strerror(error));
		ck_assert(is_self_connected(fd));
		ck_assert(!resets_on_close(fd));
		return;
	}
	ck_assert_msg(error == ECONNREFUSED, "%s", strerror(error));
	ck_assert_int_eq(is_self_connected(fd), outcome == REFUSED_AND_STUCK);
}

static bool is_expected(enum line line, int error)
{
	return line == LINE ||
	       (line == LINE_WITHOUT_NOWAIT && (error == EOPNOTSUPP || error == ENOSYS));
}

/* ENOTCONN is no failure there, but tells of a peer with port 0: another one. */
static bool tells_of_another_peer(int i, int error)
{
	return failures[i].calls == GET_PEER && error == ENOTCONN;
}

static void try_with_error(int i, int flags, int error)
{
	int fd = tcp_socket(AF_INET, flags);
	int free_before = lowest_free_descriptor();
	int outcome =
		connect_with_fault(fd, (struct fault){.calls = failures[i].calls, .error = error});
	bool stuck = !control && failures[i].outcome == REFUSED_AND_STUCK;

	must_be(failures[i].outcome, fd, outcome == EINPROGRESS ? wait_for_connect(fd) : outcome);
	ck_assert_int_eq(lowest_free_descriptor(), free_before);
	ck_assert(!is_blocked(SIGPIPE) && !is_blocked(SIGXFSZ) && !is_blocked(SIGTTOU));
	ck_assert_int_eq(read_line(stuck ? "undone=no" : "undone=yes"),
			 !control && is_expected(failures[i].line, error));
	if (stuck)
		ck_assert_int_eq(resets_on_close(fd), !(failures[i].calls & SET_LINGER));
	close_with_reset(fd);
}

START_TEST(every_errno)
{
	for (int error = 1; error <= ERRNOS; error++) {
		if (tells_of_another_peer(_i, error))
			continue;
		try_with_error(_i, 0, error);
		try_with_error(_i, SOCK_NONBLOCK, error);
	}
	must_be_free("127.0.0.1", PORT);
}
END_TEST

static const int cancelled[] = {STATX, DUPLICATE, PPOLL, PWRITEV2, SIGTIMEDWAIT, CLOSE};

START_TEST(cancellation)
{
	must_outlast_cancellation(cancelled[_i]);
	ck_assert_int_eq(read_line("undone=yes"), !control);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *tests = add_case(suite, "one call fails", one_port);

	tcase_add_loop_test(tests, every_errno, 0, FAILURES);
	tcase_add_loop_test(tests, cancellation, 0, sizeof cancelled / sizeof *cancelled);
}

/* The library takes for stderr what was there at the start, so start again with a pipe. */
static void start_with_stderr_to_a_pipe(char **argv)
{
	char number[16];
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
		exit(1);
	close(ends[1]);
	snprintf(number, sizeof number, "%d", ends[0]);
	setenv("READ_END", number, 1);
	execv("/proc/self/exe", argv);
	exit(1);
}

int main(int argc, char **argv)
{
	if (!getenv("READ_END"))
		start_with_stderr_to_a_pipe(argv);
	read_end = atoi(getenv("READ_END"));
	return scenario_main(argc, argv, add_tests);
}
