/*
 * Every call that the library makes between the connection and the line on stderr fails, with every
 * errno of Linux.
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

enum outcome { MISSED, REFUSED, REFUSED_AND_STUCK };

static const struct {
	int calls;
	enum outcome outcome;
	bool line;
	bool only_non_blocking;
} failures[] = {
	/* The library cannot examine the socket: the same result as without the library. */
	{GETSOCKNAME, MISSED, false, false},
	{GET_TYPE, MISSED, false, false},
	{GET_PROTOCOL, MISSED, false, false},
	{GETSOCKNAME | GET_PEER | GET_TYPE | GET_PROTOCOL, MISSED, false, false},
	/* The library can do without these. */
	{GET_PEER, REFUSED, true, false},
	{GET_PEER | GETPEERNAME, REFUSED, true, false},
	{GET_ERROR, REFUSED, true, false},
	{DUPLICATE, REFUSED, true, false},
	{CLOSE, REFUSED, true, false},
	{GET_FLAGS, REFUSED, true, false},
	{REFUSE, REFUSED, true, true},
	/* The library sees the self-connect and cannot undo it. */
	{RESET, REFUSED_AND_STUCK, true, false},
	{RESET | SET_LINGER, REFUSED_AND_STUCK, true, false},
	{RESET | STATX, REFUSED_AND_STUCK, false, false},
	/* The library cannot log. */
	{STATX, REFUSED, false, false},
	{PPOLL, REFUSED, false, false},
	{WRITE, REFUSED, false, false},
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

/* These are answers of the call, and not failures. */
static bool is_an_answer(int calls, int error)
{
	/* A peer with port 0, another one. */
	return (calls & GET_PEER && error == ENOTCONN) ||
	       /* The refusal is to come. */
	       (calls == REFUSE && error == EINPROGRESS);
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
			 !control && failures[i].line);
	if (stuck)
		ck_assert_int_eq(resets_on_close(fd), !(failures[i].calls & SET_LINGER));
	close_with_reset(fd);
}

START_TEST(every_errno)
{
	for (int error = 1; error <= ERRNOS; error++) {
		if (is_an_answer(failures[_i].calls, error))
			continue;
		if (!failures[_i].only_non_blocking)
			try_with_error(_i, 0, error);
		try_with_error(_i, SOCK_NONBLOCK, error);
	}
	must_be_free("127.0.0.1", PORT);
}
END_TEST

static const int cancelled[] = {DUPLICATE, GET_FLAGS, STATX, PPOLL, WRITE, CLOSE};

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

/* The library remembers the stderr of the start, so the program starts again with a pipe. */
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
