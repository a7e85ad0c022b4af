/*
 * A call with MSG_FASTOPEN that connects and then fails because of its data, or waits for room, is
 * still examined for a self-connect.
 */
#include "faults.h"
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

static union address destination;
static char data[1 << 20];

static int result_of(ssize_t sent)
{
	return sent < 0 ? errno : 0;
}

/* An unmapped page: without a cookie the kernel reads the data after it has connected. */
static int sends_what_is_not_there(int fd)
{
	char *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result_of(
		sendto(fd, page, 1, MSG_FASTOPEN, &destination.any, length_of(&destination)));
}

static struct msghdr message_with(struct iovec *part, void *control_message, size_t length)
{
	return (struct msghdr){.msg_name = &destination,
			       .msg_namelen = length_of(&destination),
			       .msg_iov = part,
			       .msg_iovlen = 1,
			       .msg_control = control_message,
			       .msg_controllen = length};
}

/* SO_MARK takes more than one byte. */
static int sends_a_bad_control_message(int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(1)];
	} bad = {.header = {
			 .cmsg_level = SOL_SOCKET, .cmsg_type = SO_MARK, .cmsg_len = CMSG_LEN(1)}};
	struct iovec part = {.iov_base = data, .iov_len = 1};
	struct msghdr message = message_with(&part, &bad, sizeof bad);

	return result_of(sendmsg(fd, &message, MSG_FASTOPEN));
}

static int sends_several_of_which_none_is_there(int fd)
{
	struct iovec part = {.iov_base =
				     mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			     .iov_len = 1};
	struct mmsghdr messages[2] = {{.msg_hdr = message_with(&part, NULL, 0)}};

	messages[1] = messages[0];
	return result_of(sendmmsg(fd, messages, 2, MSG_FASTOPEN));
}

static const struct {
	int (*call)(int fd); /* 0 or errno */
	int error;	     /* without the library */
} calls[] = {
	{sends_what_is_not_there, EFAULT},
	{sends_a_bad_control_message, EINVAL},
	{sends_several_of_which_none_is_there, EFAULT},
};

enum { CALLS = sizeof calls / sizeof *calls };

START_TEST(failing_self_connect_is_undone)
{
	int fd = tcp_socket(AF_INET, 0);

	destination = address_of("127.0.0.1", PORT);
	ck_assert_int_eq(calls[_i].call(fd), control ? calls[_i].error : ECONNREFUSED);
	ck_assert(is_self_connected(fd) == control);
	if (!control)
		must_be_free("127.0.0.1", PORT);
}
END_TEST

/* The same call to a server fails as it does without the library, and leaves the connection. */
START_TEST(failing_call_to_a_server_keeps_its_connection)
{
	int fd = tcp_socket(AF_INET, 0);
	int listener = listen_on("127.0.0.1", PORT + 1);
	char byte;

	destination = address_of("127.0.0.1", PORT + 1);
	ck_assert_int_eq(calls[_i].call(fd), calls[_i].error);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	ck_assert_int_eq(recv(accept(listener, NULL, NULL), &byte, 1, 0), 1);
}
END_TEST

struct sender {
	int fd;
	ssize_t sent;
	int error;
	atomic_bool returned;
};

static void *send_more_than_there_is_room_for(void *argument)
{
	struct sender *sender = argument;

	sender->sent = sendto(sender->fd, data, sizeof data, MSG_FASTOPEN, &destination.any,
			      length_of(&destination));
	sender->error = errno;
	atomic_store(&sender->returned, true);
	return NULL;
}

static void interrupt(int number)
{
	(void)number;
}

static int unsent(int fd)
{
	int size = 0;

	ioctl(fd, TIOCOUTQ, &size);
	return size;
}

/*
 * The call waits for a reader, as it does without the library, and the only possible reader is the
 * socket itself. The library examines the socket when a signal ends the call, as here.
 */
START_TEST(more_data_than_the_buffers_hold)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct sender sender = {.fd = tcp_socket(AF_INET, 0)};
	int little = 4096;
	pthread_t thread;
	int waited = 0;

	setsockopt(sender.fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
	setsockopt(sender.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	destination = address_of("127.0.0.1", PORT);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, send_more_than_there_is_room_for, &sender),
			 0);
	while (!atomic_load(&sender.returned))
		if (is_self_connected(sender.fd) && unsent(sender.fd) > 0) {
			waited++;
			pthread_kill(thread, SIGUSR1);
		}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_gt(waited, 0);
	if (control) {
		ck_assert_int_gt(sender.sent, 0);
		ck_assert_int_lt(sender.sent, sizeof data);
		ck_assert(is_self_connected(sender.fd));
	} else {
		ck_assert_int_eq(sender.sent, -1);
		ck_assert_int_eq(sender.error, ECONNREFUSED);
		ck_assert(!is_self_connected(sender.fd));
	}
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "fast open", one_port);

	tcase_add_loop_test(one, failing_self_connect_is_undone, 0, CALLS);
	tcase_add_loop_test(one, failing_call_to_a_server_keeps_its_connection, 0, CALLS);
	tcase_add_test(one, more_data_than_the_buffers_hold);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
