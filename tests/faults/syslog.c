/*
 * The log with every kind of /dev/log, with calls to it that fail, and with no descriptor left.
 */
#include "faults.h"
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un dev_log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

/* A /dev of our own, with nothing in it. */
static void own_dev(void)
{
	one_port();
	ck_assert_msg(unshare(CLONE_NEWNS) == 0 &&
			      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			      mount("tmpfs", "/dev", "tmpfs", 0, NULL) == 0,
		      "no /dev of our own: %s", strerror(errno));
}

static int listener(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&dev_log, sizeof dev_log), 0);
	ck_assert(type == SOCK_DGRAM || listen(fd, 2) == 0);
	return fd;
}

static void must_be_the_line(const char *line, ssize_t size)
{
	char expected[512];
	int length = snprintf(expected, sizeof expected,
			      "<12>%s[%ld]: libnoselfconn: destination=127.0.0.1:%d "
			      "self-connects=1 undone=yes result=ECONNREFUSED",
			      program_invocation_short_name, (long)getpid(), PORT);

	ck_assert_int_eq(size, length);
	ck_assert_mem_eq(line, expected, (size_t)length);
}

static bool line_arrived(int fd)
{
	char line[512];
	ssize_t size = recv(fd, line, sizeof line, 0);

	if (size >= 0)
		must_be_the_line(line, size);
	return size >= 0;
}

static void connect_and_close(struct fault wanted)
{
	int fd = tcp_socket(AF_INET, 0);
	int free_before = lowest_free_descriptor();

	must_be_refused(fd, connect_with_fault(fd, wanted));
	ck_assert_int_eq(lowest_free_descriptor(), free_before);
	close_with_reset(fd);
}

START_TEST(datagram_listener)
{
	int reader = listener(SOCK_DGRAM);

	connect_and_close((struct fault){0});
	ck_assert_int_eq(line_arrived(reader), !control);
}
END_TEST

START_TEST(link_to_a_listener)
{
	int reader = listener(SOCK_DGRAM);

	ck_assert_int_eq(rename("/dev/log", "/dev/elsewhere"), 0);
	ck_assert_int_eq(symlink("/dev/elsewhere", "/dev/log"), 0);
	connect_and_close((struct fault){0});
	ck_assert_int_eq(line_arrived(reader), !control);
}
END_TEST

START_TEST(no_dev_log)
{
	connect_and_close((struct fault){0});
}
END_TEST

START_TEST(full_queue)
{
	int reader = listener(SOCK_DGRAM);
	int writer = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[16];

	while (sendto(writer, "text", 4, 0, (const struct sockaddr *)&dev_log, sizeof dev_log) == 4)
		;
	ck_assert_int_eq(errno, EAGAIN);
	connect_and_close((struct fault){0});
	while (recv(reader, text, sizeof text, 0) > 0)
		ck_assert_mem_eq(text, "text", 4);
}
END_TEST

/* As syslog(3) does: where /dev/log takes no datagrams a message ends with '\0'. */
static bool stream_line_arrived(int server)
{
	char line[512];
	char more;
	int reader = accept(server, NULL, NULL);

	if (reader < 0)
		return false;
	ssize_t size = recv(reader, line, sizeof line, 0);
	ck_assert_int_eq(recv(reader, &more, 1, 0), 0);
	close(reader);
	if (size == 0)
		return false;
	ck_assert_int_eq(line[size - 1], '\0');
	must_be_the_line(line, size - 1);
	return true;
}

START_TEST(stream)
{
	int server = listener(SOCK_STREAM);

	connect_and_close((struct fault){0});
	ck_assert_int_eq(stream_line_arrived(server), !control);
}
END_TEST

/* The server accepts no connection, and its queue is full. */
START_TEST(full_queue_of_a_stream)
{
	int server = listener(SOCK_STREAM);

	for (int error = 0; error == 0;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		error = connect(fd, (const struct sockaddr *)&dev_log, sizeof dev_log) ? errno : 0;
		ck_assert(error == 0 || error == EAGAIN);
	}
	connect_and_close((struct fault){0});
	for (int fd; (fd = accept(server, NULL, NULL)) >= 0; close(fd))
		;
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(stream_reader_gone)
{
	close(listener(SOCK_STREAM));
	connect_and_close((struct fault){0});
}
END_TEST

START_TEST(reader_gone)
{
	close(listener(SOCK_DGRAM));
	connect_and_close((struct fault){0});
}
END_TEST

static const struct {
	__rlimit_resource_t resource;
	bool line;
} used_up[] = {{RLIMIT_NOFILE, false}, {RLIMIT_AS, true}, {RLIMIT_STACK, true}};

START_TEST(resource_used_up)
{
	int reader = listener(SOCK_DGRAM);
	int fd = tcp_socket(AF_INET, 0);
	struct rlimit before;

	ck_assert_int_eq(getrlimit(used_up[_i].resource, &before), 0);
	struct rlimit nothing = {.rlim_cur = 0, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(used_up[_i].resource, &nothing), 0);
	int error = connect_with_fault(fd, (struct fault){0});
	ck_assert_int_eq(setrlimit(used_up[_i].resource, &before), 0);
	must_be_refused(fd, error);
	ck_assert_int_eq(line_arrived(reader), used_up[_i].line && !control);
}
END_TEST

static const struct {
	int call;
	bool line;
} failures[] = {{SOCKET, false}, {SENDTO, false}, {CLOSE, true}};

START_TEST(every_errno)
{
	int reader = listener(SOCK_DGRAM);

	for (int error = 1; error <= ERRNOS; error++) {
		connect_and_close((struct fault){.calls = failures[_i].call, .error = error});
		ck_assert_int_eq(line_arrived(reader), failures[_i].line && !control);
	}
}
END_TEST

static const struct {
	int call;
	bool line;
} stream_failures[] = {{SOCKET, false}, {CONNECT_LOG, false}, {SENDTO, false}, {CLOSE, true}};

START_TEST(every_errno_of_a_stream)
{
	int server = listener(SOCK_STREAM);

	for (int error = 1; error <= ERRNOS; error++) {
		connect_and_close(
			(struct fault){.calls = stream_failures[_i].call, .error = error});
		ck_assert_int_eq(stream_line_arrived(server), stream_failures[_i].line && !control);
	}
}
END_TEST

static const int cancelled[] = {GETSOCKNAME, DUPLICATE, GET_PEER, GET_TYPE, GET_PROTOCOL,
				RESET,	     GET_ERROR, SOCKET,	  SENDTO,   CLOSE};

enum { ROUNDS = 20000, CANCELLED = sizeof cancelled / sizeof *cancelled };

START_TEST(cancellation)
{
	int reader = listener(SOCK_DGRAM);

	for (int round = 0; round < ROUNDS / CANCELLED; round++) {
		must_outlast_cancellation(cancelled[_i]);
		ck_assert_int_eq(line_arrived(reader), !control);
	}
}
END_TEST

/* connect() to /dev/log would be such a point, and so would what ends it. */
static const int cancelled_in_stream[] = {SOCKET, CONNECT_LOG, SENDTO, CLOSE};

START_TEST(cancellation_in_a_stream)
{
	int server = listener(SOCK_STREAM);

	must_outlast_cancellation(cancelled_in_stream[_i]);
	ck_assert_int_eq(stream_line_arrived(server), !control);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *tests = add_case(suite, "/dev/log", own_dev);

	tcase_add_test(tests, datagram_listener);
	tcase_add_test(tests, link_to_a_listener);
	tcase_add_test(tests, no_dev_log);
	tcase_add_test(tests, full_queue);
	tcase_add_test(tests, stream);
	tcase_add_test(tests, full_queue_of_a_stream);
	tcase_add_test(tests, stream_reader_gone);
	tcase_add_test(tests, reader_gone);
	tcase_add_loop_test(tests, resource_used_up, 0, sizeof used_up / sizeof *used_up);
	tcase_add_loop_test(tests, every_errno, 0, sizeof failures / sizeof *failures);
	tcase_add_loop_test(tests, every_errno_of_a_stream, 0,
			    sizeof stream_failures / sizeof *stream_failures);
	tcase_add_loop_test(tests, cancellation, 0, CANCELLED);
	tcase_add_loop_test(tests, cancellation_in_a_stream, 0,
			    sizeof cancelled_in_stream / sizeof *cancelled_in_stream);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
