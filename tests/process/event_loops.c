/* Event loops: what a thread or a handler sees that waits on the socket during connect(). */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

/* How a program interprets an event, by the readiness and SO_ERROR. */
enum news { NOTHING, CONNECTED, RESET, REFUSED, SURPRISE, KINDS_OF_NEWS };

struct watcher {
	int fd;
	int bell; /* readable when the thread has to look for the last time */
	int epoll;
	int (*wait)(const struct watcher *);

	pthread_t thread;
	sem_t watching;
	atomic_bool last_round;
	enum news last;
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
	switch (error) {
	case 0:
		return (readiness & (POLLIN | POLLOUT | POLLHUP)) == POLLOUT ? CONNECTED : NOTHING;
	case ECONNRESET:
		return RESET;
	case ECONNREFUSED:
		return REFUSED;
	default:
		return SURPRISE;
	}
}

/* Async-signal-safe. */
static void look(struct watcher *watcher)
{
	int readiness = watcher->wait(watcher);
	int error = 0;
	socklen_t length = sizeof error;

	if (readiness == 0)
		return;
	getsockopt(watcher->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	enum news news = news_in(readiness, error);
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

/* Connects while another thread watches. The caller examines and closes the socket. */
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
	bool met_itself = is_self_connected(watcher->fd);

	ck_assert_int_eq(error, EINPROGRESS);
	ck_assert_int_eq(watcher->seen[SURPRISE], 0);
	ck_assert(control || !met_itself);
	ck_assert_int_eq(watcher->last, met_itself ? CONNECTED : REFUSED);
}

enum { CONNECTS = 1000, TRIES_IN_A_CONNECT = 1 + 3 };

static void add_and_clean_up(int seen[KINDS_OF_NEWS], struct watcher *watcher)
{
	for (int kind = 0; kind < KINDS_OF_NEWS; kind++)
		seen[kind] += watcher->seen[kind];
	clean_up(watcher);
}

static void print_seen(const char *who, const int seen[KINDS_OF_NEWS])
{
	if (!control)
		printf("%s: of %d undone self-connects %d were seen connected, %d reset\n", who,
		       CONNECTS * TRIES_IN_A_CONNECT, seen[CONNECTED], seen[RESET]);
	fflush(stdout);
}

/* Every attempt is a self-connect, including each retry of the library. */
START_TEST(watched_in_one_port)
{
	int seen[KINDS_OF_NEWS] = {0};

	for (int i = 0; i < CONNECTS; i++) {
		struct watcher watcher;
		int error = connect_watched(&watcher, _i);

		last_event_must_be_true(&watcher, error);
		ck_assert_int_eq(error, EINPROGRESS);
		add_and_clean_up(seen, &watcher);
	}
	print_seen(loops[_i].name, seen);
}
END_TEST

static struct watcher in_handler;

static int ask_at_once(const struct watcher *watcher)
{
	struct pollfd descriptor = {.fd = watcher->fd, .events = POLLIN | POLLOUT};

	poll(&descriptor, 1, 0);
	return descriptor.revents;
}

static void look_in_handler(int signal)
{
	int interrupted_errno = errno;

	(void)signal;
	look(&in_handler);
	errno = interrupted_errno;
}

static int connect_signalled(void)
{
	set_up(&in_handler, 0);
	in_handler.wait = ask_at_once;
	ck_assert(signal(SIGIO, look_in_handler) != SIG_ERR);
	ck_assert_int_eq(fcntl(in_handler.fd, F_SETOWN, getpid()), 0);
	ck_assert_int_eq(fcntl(in_handler.fd, F_SETFL, O_NONBLOCK | O_ASYNC), 0);

	int error = connect_to(in_handler.fd, "127.0.0.1", PORT);
	/* The last signal may still be on its way. */
	for (int waits = 0; error == EINPROGRESS && waits < 1000; waits++) {
		if (in_handler.last == (is_self_connected(in_handler.fd) ? CONNECTED : REFUSED))
			break;
		poll(NULL, 0, 10);
	}
	ck_assert_int_eq(fcntl(in_handler.fd, F_SETFL, O_NONBLOCK), 0);
	return error;
}

/* The handler of SIGIO runs between the library's calls, in the thread that makes them. */
START_TEST(signalled_in_one_port)
{
	int seen[KINDS_OF_NEWS] = {0};

	for (int i = 0; i < CONNECTS; i++) {
		int error = connect_signalled();

		last_event_must_be_true(&in_handler, error);
		ck_assert_int_eq(error, EINPROGRESS);
		add_and_clean_up(seen, &in_handler);
	}
	print_seen("SIGIO", seen);
}
END_TEST

enum { TRIES = 200 };

START_TEST(signalled_in_some_ports)
{
	int meetings = 0;

	for (int i = 0; i < TRIES; i++) {
		last_event_must_be_true(&in_handler, connect_signalled());
		meetings += is_self_connected(in_handler.fd);
		clean_up(&in_handler);
	}
	ck_assert_int_eq(meetings > 0, control);
}
END_TEST

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

/* In a loop with a single thread the first event after connect() is the only one: the outcome. */
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
	tcase_add_test(one, signalled_in_one_port);

	TCase *some = add_case(suite, "some ports", some_ports);
	tcase_add_loop_test(some, watched_in_some_ports, 0, LOOPS);
	tcase_add_test(some, signalled_in_some_ports);
	tcase_add_loop_test(some, own_loop_in_some_ports, 0, LOOPS);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
