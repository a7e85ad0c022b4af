/* Event loops: what a thread sees that waits on the socket all the while. */
#include "scenario.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

/* What a program takes an event for, by the readiness and SO_ERROR. */
enum news { NOTHING, CONNECTED, RESET, REFUSED, KINDS_OF_NEWS };

struct watcher {
	int fd;
	int bell; /* readable when the thread shall look a last time */
	int epoll;
	int (*wait)(const struct watcher *);

	pthread_t thread;
	sem_t watching;
	atomic_bool last_round;
	enum news last;
	int last_readiness;
	int seen[KINDS_OF_NEWS];
};

static int wait_in_epoll(const struct watcher *watcher)
{
	struct epoll_event events[2];
	int count = epoll_wait(watcher->epoll, events, 2, -1);

	for (int i = 0; i < count; i++)
		if (events[i].data.fd == watcher->fd)
			return (int)events[i].events;
	return 0;
}

static int wait_in_poll(const struct watcher *watcher)
{
	struct pollfd descriptors[] = {{.fd = watcher->fd, .events = POLLIN | POLLOUT},
				       {.fd = watcher->bell, .events = POLLIN}};

	poll(descriptors, 2, -1);
	return descriptors[0].revents;
}

static int wait_in_select(const struct watcher *watcher)
{
	int most = watcher->fd > watcher->bell ? watcher->fd : watcher->bell;
	fd_set readable;
	fd_set writable;

	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(watcher->fd, &readable);
	FD_SET(watcher->bell, &readable);
	FD_SET(watcher->fd, &writable);
	select(most + 1, &readable, &writable, NULL, NULL);
	/* A hang-up makes a socket readable (POLLIN_SET, fs/select.c). */
	return (FD_ISSET(watcher->fd, &readable) ? POLLIN : 0) |
	       (FD_ISSET(watcher->fd, &writable) ? POLLOUT : 0);
}

static const struct {
	const char *name;
	int (*wait)(const struct watcher *);
	uint32_t events; /* for epoll */
} loops[] = {
	{"epoll, level-triggered", wait_in_epoll, EPOLLIN | EPOLLOUT},
	{"epoll, edge-triggered", wait_in_epoll, EPOLLIN | EPOLLOUT | EPOLLET},
	{"poll", wait_in_poll, 0},
	{"select", wait_in_select, 0},
};

enum { LOOPS = sizeof loops / sizeof *loops };

static enum news news_in(int readiness, int error)
{
	if (error == ECONNREFUSED)
		return REFUSED;
	if (error == ECONNRESET)
		return RESET;
	ck_assert_msg(error == 0, "%s", strerror(error));
	return (readiness & (POLLIN | POLLOUT | POLLHUP)) == POLLOUT ? CONNECTED : NOTHING;
}

static void look(struct watcher *watcher)
{
	int readiness = watcher->wait(watcher);

	if (readiness == 0)
		return;
	enum news news = news_in(readiness, option(watcher->fd, SOL_SOCKET, SO_ERROR));
	watcher->last_readiness = readiness;
	if (news == NOTHING || news == watcher->last)
		return;
	watcher->last = news;
	watcher->seen[news]++;
}

static void *watch(void *argument)
{
	struct watcher *watcher = argument;
	bool last;

	do {
		last = atomic_load(&watcher->last_round);
		look(watcher);
		/* A socket that was never connected hangs up, so there is a first event. */
		sem_post(&watcher->watching);
	} while (!last);
	return NULL;
}

static void add_to_epoll(const struct watcher *watcher, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	ck_assert_int_eq(epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static void set_up(struct watcher *watcher, int loop)
{
	*watcher = (struct watcher){.wait = loops[loop].wait};
	watcher->bell = eventfd(0, 0);
	watcher->epoll = epoll_create1(0);
	watcher->fd = tcp_socket(AF_INET, SOCK_NONBLOCK);
	add_to_epoll(watcher, watcher->bell, EPOLLIN);
	add_to_epoll(watcher, watcher->fd, loops[loop].events);
}

/* An ordinary close() would hold the port of a self-connect for a minute. */
static void clean_up(struct watcher *watcher)
{
	struct linger reset_on_close = {.l_onoff = 1};

	setsockopt(watcher->fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	close(watcher->fd);
	close(watcher->epoll);
	close(watcher->bell);
}

static void ring(const struct watcher *watcher)
{
	ck_assert_int_eq(eventfd_write(watcher->bell, 1), 0);
}

/* Connects while another thread watches; leaves the socket for a look. */
static int connect_watched(struct watcher *watcher, int loop)
{
	set_up(watcher, loop);
	ck_assert_int_eq(sem_init(&watcher->watching, 0, 0), 0);
	ck_assert_int_eq(pthread_create(&watcher->thread, NULL, watch, watcher), 0);
	sem_wait(&watcher->watching);

	int error = connect_to(watcher->fd, "127.0.0.1", PORT);
	if (error == EINPROGRESS) {
		struct pollfd descriptor = {.fd = watcher->fd, .events = POLLOUT};
		ck_assert_int_eq(poll(&descriptor, 1, 10000), 1);
	}
	atomic_store(&watcher->last_round, true);
	ring(watcher);
	ck_assert_int_eq(pthread_join(watcher->thread, NULL), 0);
	sem_destroy(&watcher->watching);
	return error;
}

static void last_event_must_be_true(const struct watcher *watcher, int error)
{
	if (is_self_connected(watcher->fd)) {
		ck_assert(control);
		ck_assert_int_eq(watcher->last, CONNECTED);
	} else if (error == EINPROGRESS) {
		ck_assert_int_eq(watcher->last, REFUSED);
	} else {
		/* connect() itself has told it; the socket is as if it had never connected. */
		ck_assert_int_eq(error, ECONNREFUSED);
		ck_assert_int_ne(watcher->last, REFUSED);
		ck_assert_int_ne(watcher->last_readiness & (POLLHUP | POLLIN), 0);
	}
}

/* Every try meets itself; under the library as often as there are tries in one connect(). */
START_TEST(watched_in_one_port)
{
	enum { CONNECTS = 1000, TRIES_IN_A_CONNECT = 1 + 3 };
	int seen[KINDS_OF_NEWS] = {0};

	for (int i = 0; i < CONNECTS; i++) {
		struct watcher watcher;
		int error = connect_watched(&watcher, _i);

		last_event_must_be_true(&watcher, error);
		ck_assert_int_eq(error, control ? EINPROGRESS : ECONNREFUSED);
		for (int kind = 0; kind < KINDS_OF_NEWS; kind++)
			seen[kind] += watcher.seen[kind];
		clean_up(&watcher);
	}
	if (!control)
		printf("%s: %d self-connects undone, a waiting thread saw %d times connected, "
		       "%d times reset\n",
		       loops[_i].name, CONNECTS * TRIES_IN_A_CONNECT, seen[CONNECTED], seen[RESET]);
	fflush(stdout);
}
END_TEST

enum { TRIES = 200 };

/* One in four tries meets itself, and the next try is mostly refused by the kernel. */
START_TEST(watched_in_some_ports)
{
	int meetings = 0;

	for (int i = 0; i < TRIES; i++) {
		struct watcher watcher;
		int error = connect_watched(&watcher, _i);

		last_event_must_be_true(&watcher, error);
		meetings += is_self_connected(watcher.fd);
		clean_up(&watcher);
	}
	ck_assert_int_eq(meetings > 0, control);
}
END_TEST

/* A loop of one thread: the first event after connect() is the outcome, and no other follows. */
START_TEST(own_loop_in_some_ports)
{
	int meetings = 0;

	for (int i = 0; i < TRIES; i++) {
		struct watcher watcher;

		set_up(&watcher, _i);
		look(&watcher);
		int error = connect_to(watcher.fd, "127.0.0.1", PORT);
		if (error == EINPROGRESS) {
			look(&watcher);
			ck_assert_int_eq(watcher.last,
					 is_self_connected(watcher.fd) ? CONNECTED : REFUSED);
		}
		ring(&watcher);
		look(&watcher);
		last_event_must_be_true(&watcher, error);
		ck_assert_int_eq(watcher.seen[RESET], 0);
		ck_assert_int_eq(watcher.seen[CONNECTED] + watcher.seen[REFUSED],
				 error == EINPROGRESS);
		meetings += is_self_connected(watcher.fd);
		clean_up(&watcher);
	}
	ck_assert_int_eq(meetings > 0, control);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);
	tcase_add_loop_test(one, watched_in_one_port, 0, LOOPS);

	TCase *some = add_case(suite, "some ports", some_ports);
	tcase_add_loop_test(some, watched_in_some_ports, 0, LOOPS);
	tcase_add_loop_test(some, own_loop_in_some_ports, 0, LOOPS);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
