/* A descriptor is in the same state after a refusal by the library as after a true one. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *label;
	int level;
	int name;
	int value;
} options[] = {
	{"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1},
	{"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 12345},
	{"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77},
	{"TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 2},
	{"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
	{"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 0},
	{"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1},
	{"SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 3},
	{"IP_TOS", IPPROTO_IP, IP_TOS, 0x10},
	{"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 5},
	{"IP_TTL", IPPROTO_IP, IP_TTL, 33},
};

enum { OPTIONS = sizeof options / sizeof *options };

/* With a range of one port, every attempt is a self-connect. */
static int meet(int flags)
{
	int fd = tcp_socket(AF_INET, flags);

	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	return fd;
}

START_TEST(options_stay)
{
	int fd = tcp_socket(AF_INET, SOCK_CLOEXEC);
	struct timeval timeout = {.tv_sec = 9};
	struct timeval kept;
	socklen_t length = sizeof kept;

	for (int i = 0; i < OPTIONS; i++)
		ck_assert_int_eq(setsockopt(fd, options[i].level, options[i].name,
					    &options[i].value, sizeof options[i].value),
				 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout), 0);
	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	for (int i = 0; i < OPTIONS; i++)
		ck_assert_msg(option(fd, options[i].level, options[i].name) == options[i].value,
			      "%s is %d, was %d", options[i].label,
			      option(fd, options[i].level, options[i].name), options[i].value);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kept, &length), 0);
	ck_assert_int_eq(kept.tv_sec, timeout.tv_sec);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(non_blocking_stays)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);
	int error = connect_to(fd, "127.0.0.1", PORT);

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(descriptor_is_the_same_file)
{
	int fd = tcp_socket(AF_INET, 0);
	int duplicate = dup(fd);
	struct stat before;
	struct stat after;
	struct stat of_duplicate;

	ck_assert_int_eq(fstat(fd, &before), 0);
	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	ck_assert_int_eq(fstat(fd, &after), 0);
	ck_assert_int_eq(fstat(duplicate, &of_duplicate), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_eq(before.st_ino, of_duplicate.st_ino);

	/* No descriptor was leaked: the next one has the next number. */
	ck_assert_int_eq(tcp_socket(AF_INET, 0), duplicate + 1);
}
END_TEST

START_TEST(no_error_is_left)
{
	ck_assert_int_eq(option(meet(0), SOL_SOCKET, SO_ERROR), 0);
}
END_TEST

START_TEST(nothing_can_be_read)
{
	char byte;
	int fd = meet(0);
	ssize_t received = recv(fd, &byte, 1, MSG_DONTWAIT);

	ck_assert_int_eq(received, -1);
	ck_assert_int_eq(errno, control ? EAGAIN : ENOTCONN);
}
END_TEST

START_TEST(port_is_free)
{
	int fd = meet(0);

	if (control) {
		union address address = address_of("127.0.0.1", PORT);
		int server = tcp_socket(AF_INET, 0);
		ck_assert_int_eq(bind(server, &address.any, length_of(&address)), -1);
		ck_assert_int_eq(errno, EADDRINUSE);
	} else {
		must_be_free("127.0.0.1", PORT);
	}
	close(fd);
}
END_TEST

/* The same descriptor can then reach a server on the very port where it met itself. */
START_TEST(can_connect_again)
{
	int fd = meet(0);

	set_port_range(PORT + 1, PORT + 1);
	if (control) {
		ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), EISCONN);
		return;
	}
	int listener = listen_on("127.0.0.1", PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
	ck_assert_int_eq(local_port(fd), PORT + 1);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	char byte;
	ck_assert_int_eq(recv(accept(listener, NULL, NULL), &byte, 1, 0), 1);
}
END_TEST

static uint32_t events_of(int epoll)
{
	struct epoll_event event = {.events = 0};

	return epoll_wait(epoll, &event, 1, 0) == 1 ? event.events : 0;
}

START_TEST(epoll_registration_stays)
{
	int epoll = epoll_create1(0);
	int fd = tcp_socket(AF_INET, 0);
	struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT};

	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted), 0);
	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
	/* Like a socket that was never connected. */
	ck_assert_uint_eq(events_of(epoll), control ? EPOLLOUT : EPOLLOUT | EPOLLHUP);
	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted), -1);
	ck_assert_int_eq(errno, EEXIST);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *descriptor = add_case(suite, "descriptor", one_port);

	tcase_add_test(descriptor, options_stay);
	tcase_add_test(descriptor, non_blocking_stays);
	tcase_add_test(descriptor, descriptor_is_the_same_file);
	tcase_add_test(descriptor, no_error_is_left);
	tcase_add_test(descriptor, nothing_can_be_read);
	tcase_add_test(descriptor, port_is_free);
	tcase_add_test(descriptor, can_connect_again);
	tcase_add_test(descriptor, epoll_registration_stays);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
