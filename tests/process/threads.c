/* Threads connect at the same time, with forks and a signal handler that also connects. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* One in 31 connections to PORT starts from it. */
enum { THREADS = 8, CONNECTS = 1000, CONNECTS_TO_A_FORK = 16, PORTS = 61, LIVE_PORT = 50000 };

static struct sockaddr_in dead;
static struct sockaddr_in live;
static atomic_int self_connects;
static atomic_int handled;
static atomic_int failed_in_handler;

/* Whether the bytes come back from the server. */
static bool is_answered(int fd)
{
	char byte = 'x';

	return send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && (byte = 0, recv(fd, &byte, 1, 0)) == 1 &&
	       byte == 'x';
}

/*
 * Whether a connection to the port without a server is refused, and the one to the server works.
 * Async-signal-safe.
 */
static bool connects_as_it_should(const struct sockaddr_in *destination)
{
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = connect(fd, (const struct sockaddr *)destination, sizeof *destination) == 0
			    ? 0
			    : errno;
	bool right = destination == &live ? error == 0 && is_answered(fd) : error == ECONNREFUSED;

	if (destination == &dead && error == 0 && is_self_connected(fd)) {
		atomic_fetch_add(&self_connects, 1);
		right = control;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	close(fd);
	return right;
}

static bool connects_in_a_fork(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(connects_as_it_should(&dead) && connects_as_it_should(&live) ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void ring_in(suseconds_t microseconds)
{
	struct itimerval timer = {.it_value.tv_usec = microseconds};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Rings again only when it is over, so that it leaves the threads time however slow it is. */
static void connect_in_handler(int signal)
{
	int interrupted_errno = errno;

	(void)signal;
	atomic_fetch_add(connects_as_it_should(&dead) ? &handled : &failed_in_handler, 1);
	ring_in(1000);
	errno = interrupted_errno;
}

/* Returns "" or a description of the fault. */
static void *connect_in_turn(void *unused)
{
	for (int i = 0; i < CONNECTS; i++) {
		if (!connects_as_it_should(&dead))
			return "dead port";
		if (!connects_as_it_should(&live))
			return "live port";
		if (i % CONNECTS_TO_A_FORK == 0 && !connects_in_a_fork())
			return "in a fork";
	}
	return unused;
}

static void *echo(void *argument)
{
	int listener = *(int *)argument;
	int client;
	char byte;

	while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (recv(client, &byte, 1, 0) == 1)
			send(client, &byte, 1, MSG_NOSIGNAL);
		close(client);
	}
	return NULL;
}

/* Blocked while the threads that do not connect are started, so that only the others get it. */
static void block_alarm(int how)
{
	sigset_t alarm_only;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	ck_assert_int_eq(pthread_sigmask(how, &alarm_only, NULL), 0);
}

START_TEST(threads_forks_and_a_handler)
{
	struct sigaction action = {.sa_handler = connect_in_handler, .sa_flags = SA_RESTART};
	int listener = listen_on("127.0.0.1", LIVE_PORT);
	pthread_t server;
	pthread_t threads[THREADS];
	void *failed;

	dead = address_of("127.0.0.1", PORT).v4;
	live = address_of("127.0.0.1", LIVE_PORT).v4;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	block_alarm(SIG_BLOCK);
	ck_assert_int_eq(pthread_create(&server, NULL, echo, &listener), 0);
	block_alarm(SIG_UNBLOCK);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, connect_in_turn, ""), 0);
	block_alarm(SIG_BLOCK);
	ring_in(1000);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_str_eq(failed, "");
	}
	ring_in(0);
	shutdown(listener, SHUT_RD);
	ck_assert_int_eq(pthread_join(server, NULL), 0);

	ck_assert_int_gt(handled, 0);
	ck_assert_int_eq(failed_in_handler, 0);
	ck_assert_int_eq(self_connects > 0, control);
}
END_TEST

static void many_ports(void)
{
	one_port();
	set_port_range(PORT, PORT + PORTS - 1);
}

static void add_tests(Suite *suite)
{
	tcase_add_test(add_case(suite, "many ports", many_ports), threads_forks_and_a_handler);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
