/* connect() is a cancellation point, and the library adds no others. */
#include "namespace.h"
#include "scenario.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENING_PORT = 50000 };

struct caller {
	int fd;
	int port;
	int error; /* -1 while connect() has not returned */
};

static void *call_connect(void *argument)
{
	struct caller *caller = argument;

	caller->error = connect_to(caller->fd, "127.0.0.1", caller->port);
	pthread_testcancel();
	return NULL;
}

static int open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void must_be_cancelled(pthread_t thread)
{
	void *result;

	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_eq(result, PTHREAD_CANCELED);
}

/* A listener whose queue is full drops the SYN (tcp_conn_request(), net/ipv4/tcp_input.c). */
static void fill_queue(int listener)
{
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LISTENING_PORT), 0);
}

static int state_of(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof info;

	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
	return info.tcpi_state;
}

START_TEST(cancelled_while_it_waits)
{
	int listener = listen_on("127.0.0.1", LISTENING_PORT);
	struct caller caller = {.fd = tcp_socket(AF_INET, 0), .port = LISTENING_PORT, .error = -1};
	pthread_t thread;

	fill_queue(listener);
	int descriptors = open_descriptors();
	ck_assert_int_eq(pthread_create(&thread, NULL, call_connect, &caller), 0);
	while (state_of(caller.fd) != TCP_SYN_SENT)
		;
	ck_assert_int_eq(pthread_cancel(thread), 0);
	must_be_cancelled(thread);
	ck_assert_int_eq(caller.error, -1);
	ck_assert_int_eq(open_descriptors(), descriptors);
}
END_TEST

/*
 * below_cancel.c makes the cancellation pending as soon as the socket is its own peer. It has to
 * wait until the program's next cancellation point: the library's attempts are not such points.
 */
START_TEST(cancelled_in_a_self_connect)
{
	struct caller caller = {.fd = tcp_socket(AF_INET, 0), .port = PORT, .error = -1};
	int descriptors = open_descriptors();
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_connect, &caller), 0);
	must_be_cancelled(thread);
	ck_assert_int_eq(open_descriptors(), descriptors);
	must_be_refused(caller.fd, caller.error);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/* A port for the client that fills the queue, and one for the caller. */
static void two_ports(void)
{
	one_port();
	set_port_range(PORT, PORT + 2);
}

static void add_tests(Suite *suite)
{
	tcase_add_test(add_case(suite, "two ports", two_ports), cancelled_while_it_waits);
	tcase_add_test(add_case(suite, "one port", one_port), cancelled_in_a_self_connect);
}

/* The library looks at stderr when it is loaded, and writes to a socket in another way. */
static void start_again_with_stderr(const char *kind, char **argv)
{
	int ends[2];

	if (strcmp(kind, "socket") == 0)
		socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	else
		ends[1] = open("/dev/null", O_WRONLY);
	dup2(ends[1], STDERR_FILENO);
	unsetenv("KIND_OF_STDERR");
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	const char *kind = getenv("KIND_OF_STDERR");

	if (kind)
		start_again_with_stderr(kind, argv);
	return scenario_main(argc, argv, add_tests);
}
