/* A second thread watches the socket all the time, and never sees it connected. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { TRIES = 20000 };

enum { NOTHING = -1, THE_END = -2 };

static atomic_int watched = NOTHING;
static atomic_bool looking;
static atomic_bool seen_connected;
static atomic_long looks;

static void look_at(int fd)
{
	union address peer;
	socklen_t length = sizeof peer;
	uint8_t state = TCP_CLOSE; /* the first member of struct tcp_info */
	socklen_t state_length = sizeof state;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &state_length) == 0 &&
	    state == TCP_ESTABLISHED && getpeername(fd, &peer.any, &length) == 0)
		seen_connected = true;
	looks++;
}

static void *watch(void *nothing)
{
	int fd;

	do {
		looking = true;
		fd = watched;
		if (fd >= 0)
			look_at(fd);
		looking = false;
	} while (fd != THE_END);
	return nothing;
}

/* The kernel closes a socket when the last system call on it is over. */
static void close_when_nobody_looks(int fd)
{
	watched = NOTHING;
	while (looking)
		;
	close_with_reset(fd);
}

START_TEST(no_thread_sees_a_connection)
{
	pthread_t watcher;

	ck_assert_int_eq(pthread_create(&watcher, NULL, watch, NULL), 0);
	for (int try = 0; try < TRIES; try++) {
		int fd = tcp_socket(AF_INET, try % 2 ? SOCK_NONBLOCK : 0);

		watched = fd;
		int error = connect_to(fd, "127.0.0.1", PORT);
		if (error == EINPROGRESS)
			error = wait_for_connect(fd);
		must_be_refused(fd, error);
		close_when_nobody_looks(fd);
	}
	watched = THE_END;
	pthread_join(watcher, NULL);
	ck_assert_int_gt(looks, TRIES / 10);
	ck_assert(seen_connected == control);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_test(add_case(suite, "watched", one_port), no_thread_sees_a_connection);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
