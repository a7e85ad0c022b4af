/* No call leaks or closes a descriptor, and the log never goes to a descriptor that was reused. */
#include "scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIVE_PORT = 50000 };

static void list_descriptors(char *list, size_t size)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t length = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		char target[64] = "";
		ssize_t ignored =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
		(void)ignored;
		length += (size_t)snprintf(list + length, size - length, "%s %s\n", entry->d_name,
					   target);
		ck_assert_uint_lt(length, size);
	}
	closedir(directory);
}

/* Ways to open a connection. Each returns 0 or errno. */
static int connects(int fd)
{
	return connect_to(fd, "127.0.0.1", PORT);
}

static int connects_to_live_port(int fd)
{
	return connect_to(fd, "127.0.0.1", LIVE_PORT);
}

static int connects_to_nowhere(int fd)
{
	return connect(fd, NULL, sizeof(struct sockaddr_in)) == 0 ? 0 : errno;
}

static int sends_to(int fd)
{
	union address address = address_of("127.0.0.1", PORT);

	return sendto(fd, "x", 1, MSG_FASTOPEN, &address.any, length_of(&address)) == 1 ? 0 : errno;
}

static int sends_message(int fd)
{
	union address address = address_of("127.0.0.1", PORT);
	struct iovec data = {.iov_base = "x", .iov_len = 1};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = length_of(&address),
				 .msg_iov = &data,
				 .msg_iovlen = 1};

	return sendmsg(fd, &message, MSG_FASTOPEN) == 1 ? 0 : errno;
}

static int sends_messages(int fd)
{
	union address address = address_of("127.0.0.1", PORT);
	struct iovec data = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
					      .msg_namelen = length_of(&address),
					      .msg_iov = &data,
					      .msg_iovlen = 1}};

	return sendmmsg(fd, &message, 1, MSG_FASTOPEN) == 1 ? 0 : errno;
}

static const struct {
	int (*call)(int fd);
	int type;
	bool meets_itself;
	int error; /* if not */
} calls[] = {
	{connects, SOCK_STREAM, true, 0},
	{connects, SOCK_STREAM | SOCK_NONBLOCK, true, 0},
	{connects, SOCK_DGRAM, false, 0},
	{connects_to_live_port, SOCK_STREAM, false, 0},
	{connects_to_live_port, SOCK_STREAM | SOCK_NONBLOCK, false, EINPROGRESS},
	{connects_to_nowhere, SOCK_STREAM, false, EFAULT},
	{sends_to, SOCK_STREAM, true, 0},
	{sends_message, SOCK_STREAM, true, 0},
	{sends_messages, SOCK_STREAM, true, 0},
};

enum { CALLS = sizeof calls / sizeof *calls };

START_TEST(no_descriptor_is_leaked_or_closed)
{
	char before[4096];
	char after[4096];

	listen_on("127.0.0.1", LIVE_PORT);
	int fd = socket(AF_INET, calls[_i].type, 0);
	list_descriptors(before, sizeof before);
	int error = calls[_i].call(fd);
	list_descriptors(after, sizeof after);
	ck_assert_str_eq(before, after);
	if (calls[_i].meets_itself)
		must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	else
		ck_assert_int_eq(error, calls[_i].error);
}
END_TEST

/* Returns 0 or errno. For a process in which Check's assertions do not work. */
static int connect_plainly(int fd, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

/* Whether the refusal, or in the control the self-connect, comes as it should. */
static bool connects_to_itself(int fd)
{
	struct linger reset_on_close = {.l_onoff = 1};
	bool right = connect_plainly(fd, PORT) == (control ? 0 : ECONNREFUSED);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	close(fd);
	return right;
}

static bool is_stderr(int fd)
{
	return fd == STDERR_FILENO;
}

/*
 * Like many daemons, closes all descriptors, so that the next socket gets the number of stderr:
 * here one with a peer, then one that connects to itself. Returns the exit status.
 */
static int be_a_daemon(void)
{
	if (!connects_to_itself(socket(AF_INET, SOCK_STREAM, 0)))
		return 1;
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	close(STDERR_FILENO);
	int reused = socket(AF_INET, SOCK_STREAM, 0);
	if (!is_stderr(reused) || connect_plainly(reused, LIVE_PORT) != 0)
		return 2;
	if (!connects_to_itself(socket(AF_INET, SOCK_STREAM, 0)))
		return 3;
	close(reused);
	reused = socket(AF_INET, SOCK_STREAM, 0);
	return is_stderr(reused) && connects_to_itself(reused) ? 0 : 4;
}

static void make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe(ends), 0);
}

static void make_sockets(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void make_file(int ends[2])
{
	ends[0] = memfd_create("stderr", 0);
	ends[1] = dup(ends[0]);
	ck_assert_int_ge(ends[1], 0);
}

static void (*const make_stderr[])(int ends[2]) = {make_pipe, make_sockets, make_file};

static pid_t start_daemon(int its_stderr)
{
	pid_t child = fork();

	if (child == 0) {
		dup2(its_stderr, STDERR_FILENO);
		setenv("NOSELFCONN_LOG", "stderr", 1);
		execl("/proc/self/exe", "daemon", control ? "--control" : NULL, NULL);
		_exit(127);
	}
	return child;
}

START_TEST(reused_stderr_gets_no_log)
{
	int ends[2];
	int status;
	char log[1024] = "";

	make_stderr[_i](ends);
	int listener = listen_on("127.0.0.1", LIVE_PORT);
	pid_t child = start_daemon(ends[1]);
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	int peer = accept(listener, NULL, NULL);
	ck_assert_int_eq(recv(peer, log, sizeof log, 0), 0);

	lseek(ends[0], 0, SEEK_SET);
	ssize_t length = read(ends[0], log, sizeof log);
	if (control)
		ck_assert_int_eq(length, 0);
	else /* one line, from the time before */
		ck_assert_ptr_eq(memchr(log, '\n', sizeof log), log + length - 1);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);

	tcase_add_loop_test(one, no_descriptor_is_leaked_or_closed, 0, CALLS);
	tcase_add_loop_test(one, reused_stderr_gets_no_log, 0, 3);
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "daemon") == 0) {
		control = argc > 1;
		return be_a_daemon();
	}
	return scenario_main(argc, argv, add_tests);
}
