/* Connections that sendto(), sendmsg() and sendmmsg() open with MSG_FASTOPEN. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SENDTO, SENDMSG, SENDMMSG, CALLS };
enum { LIVE_PORT = PORT + 1, BIG = 64 << 20, CALLER_ERRNO = EXDEV };

static const char ping[] = "ping";

/* Opens the connection with one of the calls; returns what it has sent, or -errno. */
static ssize_t open_with(int call, int fd, const struct iovec *parts, size_t count, int flags,
			 int port)
{
	union address address = address_of("127.0.0.1", port);
	struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
					      .msg_namelen = length_of(&address),
					      .msg_iov = (struct iovec *)parts,
					      .msg_iovlen = count}};
	ssize_t result;

	errno = CALLER_ERRNO;
	if (call == SENDTO)
		result = sendto(fd, parts->iov_base, parts->iov_len, flags | MSG_FASTOPEN,
				&address.any, length_of(&address));
	else if (call == SENDMSG)
		result = sendmsg(fd, &message.msg_hdr, flags | MSG_FASTOPEN);
	else if ((result = sendmmsg(fd, &message, 1, flags | MSG_FASTOPEN)) == 1)
		result = (ssize_t)message.msg_len;
	if (result < 0)
		return -errno;
	ck_assert_int_eq(errno, CALLER_ERRNO);
	return result;
}

static ssize_t open_with_ping(int call, int fd, int flags, int port)
{
	struct iovec part = {.iov_base = (char *)ping, .iov_len = sizeof ping};

	return open_with(call, fd, &part, 1, flags, port);
}

static int fast_server(int port)
{
	int fd = listen_on("127.0.0.1", port);
	int queue = 8;

	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue), 0);
	return fd;
}

/* A server that gives a cookie, and is gone. The client knows it by address, not by port. */
static void get_cookie(void)
{
	int server = fast_server(LIVE_PORT);
	int client = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(open_with_ping(SENDTO, client, 0, LIVE_PORT), sizeof ping);
	close_with_reset(client);
	close(server);
}

static void enable_fast_open(void)
{
	run("echo 3 > /proc/sys/net/ipv4/tcp_fastopen");
}

static void no_cookie(void)
{
	other_ports();
	enable_fast_open();
}

static void cookie(void)
{
	no_cookie();
	get_cookie();
}

static void no_cookie_one_port(void)
{
	one_port();
	enable_fast_open();
}

static void cookie_one_port(void)
{
	cookie();
	set_port_range(PORT, PORT);
}

static void must_count(int active)
{
	run("nstat -asz TcpExtTCPFastOpenActive | grep -q 'Active  *%d '", active);
}

/* The self-connect */

START_TEST(self_connect_is_refused)
{
	int fd = tcp_socket(AF_INET, 0);
	char echo[sizeof ping];
	ssize_t sent = open_with_ping(_i, fd, 0, PORT);

	must_be_refused(fd, sent < 0 ? (int)-sent : 0);
	if (control) {
		ck_assert_int_eq(sent, sizeof ping);
		ck_assert_int_eq(recv(fd, echo, sizeof echo, 0), sizeof ping);
		return;
	}
	ck_assert_int_eq(recv(fd, echo, sizeof echo, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, ENOTCONN);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_ERROR), 0);
	must_be_free("127.0.0.1", PORT);
}
END_TEST

static void refuse_without_waiting(int fd, ssize_t sent)
{
	char echo[sizeof ping];
	int error = sent < 0 ? (int)-sent : EINPROGRESS;

	must_be_refused(fd, error == EINPROGRESS ? wait_for_connect(fd) : error);
	if (control)
		return;
	/* The kernel refused the connection, so reading gives the end of the stream. */
	ck_assert_int_eq(recv(fd, echo, sizeof echo, MSG_DONTWAIT), 0);
	must_be_free("127.0.0.1", PORT);
}

START_TEST(self_connect_of_non_blocking_socket_is_refused)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	refuse_without_waiting(fd, open_with_ping(_i, fd, 0, PORT));
}
END_TEST

START_TEST(self_connect_of_non_blocking_call_is_refused)
{
	int fd = tcp_socket(AF_INET, 0);

	refuse_without_waiting(fd, open_with_ping(_i, fd, MSG_DONTWAIT, PORT));
}
END_TEST

/* Another socket's bind() keeps the next attempt from getting a port at all. */
START_TEST(chosen_port_is_taken)
{
	int fd = tcp_socket(AF_INET, 0);

	bind_to(fd, "127.0.0.1", 0);
	bind_to(tcp_socket(AF_INET, 0), "127.0.0.2", PORT);
	ssize_t sent = open_with_ping(_i, fd, 0, PORT);
	must_be_refused(fd, sent < 0 ? (int)-sent : 0);
}
END_TEST

static volatile sig_atomic_t interruptions;

static void interrupted(int number)
{
	(void)number;
	interruptions++;
}

static bool is_full(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	uint8_t state = TCP_CLOSE; /* the first member of struct tcp_info */
	socklen_t length = sizeof state;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length) == 0 &&
	       state == TCP_ESTABLISHED && poll(&descriptor, 1, 0) == 0;
}

/* Signals this process again and again while there is no room, so that its call has to wait. */
static pid_t start_interrupter(int fd)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child != 0)
		return child;
	while (getppid() == parent)
		if (is_full(fd))
			kill(parent, SIGUSR1);
	_exit(0);
}

static void end_interrupter(pid_t interrupter)
{
	kill(interrupter, SIGKILL);
	waitpid(interrupter, NULL, 0);
}

/*
 * Nobody reads, so a call with more data than the buffers hold ends only by a signal, with and
 * without the library: see libnoselfconn(7).
 */
START_TEST(self_connect_with_much_data_waits)
{
	struct sigaction action = {.sa_handler = interrupted};
	struct iovec big = {.iov_base = calloc(1, BIG), .iov_len = BIG};
	int fd = tcp_socket(AF_INET, 0);

	sigaction(SIGUSR1, &action, NULL);
	pid_t interrupter = start_interrupter(fd);
	ssize_t sent = open_with(_i, fd, &big, 1, 0, PORT);
	end_interrupter(interrupter);
	ck_assert_int_gt(interruptions, 0);
	ck_assert_int_lt(sent, BIG);
	must_be_refused(fd, sent < 0 ? (int)-sent : 0);
	free(big.iov_base);
}
END_TEST

/*
 * bind() has chosen the port, and NAT makes a server answer where the socket seems to meet itself.
 * The server gets the data of each attempt.
 */
START_TEST(retry_reaches_a_server)
{
	int server = listen_on("127.0.0.1", LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);
	char received[sizeof ping];

	run("nft 'table ip nat { chain output { type nat hook output priority -100; "
	    "tcp dport %d redirect to :%d; }; }'",
	    PORT, LIVE_PORT);
	bind_to(fd, "127.0.0.1", 0);
	set_port_range(PORT + 10, PORT + 200);
	ck_assert_int_eq(open_with_ping(_i, fd, 0, PORT), sizeof ping);
	ck_assert(is_self_connected(fd) == control);
	for (int attempt = control ? 1 : 0; attempt < 2; attempt++)
		ck_assert_int_eq(
			recv(accept(server, NULL, NULL), received, sizeof received, MSG_WAITALL),
			sizeof ping);
}
END_TEST

START_TEST(options_stay)
{
	int fd = tcp_socket(AF_INET, 0);
	int yes = 1;
	struct timeval timeout = {.tv_sec = 7};
	struct timeval timeout_after;
	socklen_t length = sizeof timeout_after;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	int flags = fcntl(fd, F_GETFL);
	open_with_ping(_i, fd, 0, PORT);
	ck_assert_int_eq(fcntl(fd, F_GETFL), flags);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 0);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_LINGER), 0);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout_after, &length), 0);
	ck_assert_int_eq(timeout_after.tv_sec, 7);
}
END_TEST

/* Everything from here on is the same with and without the library. */

/* The server must get the data, and this number of SYNs must have been sent. */
static void must_reach_server(int call, int syns)
{
	int server = fast_server(LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);
	char received[sizeof ping];

	ck_assert_int_eq(open_with_ping(call, fd, 0, LIVE_PORT), sizeof ping);
	must_count(syns);
	ck_assert_int_eq(recv(accept(server, NULL, NULL), received, sizeof received, 0),
			 sizeof ping);
	ck_assert_str_eq(received, ping);
}

START_TEST(server_is_reached_without_cookie)
{
	must_reach_server(_i, 0);
}
END_TEST

START_TEST(server_is_reached_with_cookie)
{
	must_reach_server(_i, 1);
}
END_TEST

START_TEST(non_blocking_call_with_cookie_sends_at_once)
{
	int server = fast_server(LIVE_PORT);
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);
	char received[sizeof ping];

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), sizeof ping);
	ck_assert_int_eq(wait_for_connect(fd), 0);
	must_count(1);
	ck_assert_int_eq(recv(accept(server, NULL, NULL), received, sizeof received, 0),
			 sizeof ping);
}
END_TEST

START_TEST(non_blocking_call_without_cookie_only_starts)
{
	fast_server(LIVE_PORT);
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -EINPROGRESS);
	ck_assert_int_eq(wait_for_connect(fd), 0);
}
END_TEST

/* A stream in which each byte depends on its position. */
static unsigned char nth_byte(size_t n)
{
	return (unsigned char)(n * 2654435761U >> 24);
}

/* Reads in a child to the end of the stream; returns the child. */
static pid_t start_reader(int server, size_t expected)
{
	pid_t child = fork();

	if (child != 0)
		return child;

	static unsigned char buffer[1 << 16];
	int fd = accept(server, NULL, NULL);
	size_t total = 0;
	ssize_t received;
	while ((received = recv(fd, buffer, sizeof buffer, 0)) > 0)
		for (ssize_t i = 0; i < received; i++)
			if (buffer[i] != nth_byte(total++))
				_exit(1);
	_exit(received == 0 && total == expected ? 0 : 2);
}

static void must_have_read_all(pid_t reader)
{
	int status = -1;

	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	ck_assert_int_eq(status, 0);
}

static unsigned char *buffer_of(size_t size)
{
	unsigned char *buffer = malloc(size);

	ck_assert_ptr_nonnull(buffer);
	for (size_t i = 0; i < size; i++)
		buffer[i] = nth_byte(i);
	return buffer;
}

START_TEST(big_buffer_arrives_whole)
{
	int server = fast_server(LIVE_PORT);
	pid_t reader = start_reader(server, BIG);
	int fd = tcp_socket(AF_INET, 0);
	struct iovec whole = {.iov_base = buffer_of(BIG), .iov_len = BIG};

	ck_assert_int_eq(open_with(_i, fd, &whole, 1, 0, LIVE_PORT), BIG);
	close(fd);
	must_have_read_all(reader);
	free(whole.iov_base);
}
END_TEST

/* Many short and empty parts, so that the data in the SYN end in the middle of a part. */
START_TEST(many_parts_arrive_whole)
{
	enum { PARTS = 1024 };
	int server = fast_server(LIVE_PORT);
	unsigned char *buffer = buffer_of(4 << 20);
	struct iovec parts[PARTS];
	size_t size = 0;

	for (size_t i = 0; i < PARTS; i++) {
		size_t length = i % 5 == 0 || i > PARTS - 3 ? 0 : i == 900 ? 1 << 20 : i * 7 % 997;
		parts[i] = (struct iovec){.iov_base = buffer + size, .iov_len = length};
		size += length;
	}
	pid_t reader = start_reader(server, size);
	int fd = tcp_socket(AF_INET, 0);
	ck_assert_int_eq(open_with(_i, fd, parts, PARTS, 0, LIVE_PORT), (ssize_t)size);
	close(fd);
	must_have_read_all(reader);
	free(buffer);
}
END_TEST

START_TEST(refused_socket_can_connect_again)
{
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -ECONNREFUSED);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_ERROR), 0);
	listen_on("127.0.0.1", LIVE_PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), 0);
}
END_TEST

START_TEST(connected_socket_returns_EISCONN)
{
	fast_server(LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), sizeof ping);
	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -EISCONN);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EISCONN);
}
END_TEST

static int send_three(int fd, int flags)
{
	union address address = address_of("127.0.0.1", LIVE_PORT);
	struct iovec part = {.iov_base = (char *)ping, .iov_len = sizeof ping};
	struct mmsghdr messages[3];

	for (int i = 0; i < 3; i++)
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &address,
							   .msg_namelen = length_of(&address),
							   .msg_iov = &part,
							   .msg_iovlen = 1}};
	int count = sendmmsg(fd, messages, 3, flags | MSG_FASTOPEN);
	for (int i = 0; i < count; i++)
		ck_assert_uint_eq(messages[i].msg_len, sizeof ping);
	return count;
}

/* The second message finds the socket connected (EISCONN), about which sendmmsg() is silent. */
START_TEST(one_of_three_messages_is_sent)
{
	fast_server(LIVE_PORT);
	ck_assert_int_eq(send_three(tcp_socket(AF_INET, 0), 0), 1);
}
END_TEST

/*
 * Without waiting, the second finds it connecting (EALREADY), or, if the handshake is over
 * meanwhile, is sent as well. Over loopback it is, unless the machine is busy with other packets.
 */
START_TEST(non_blocking_call_sends_two_of_three_messages)
{
	int server = fast_server(LIVE_PORT);
	int most = 0;

	for (int try = 0; try < 10000 && most < 2; try++) {
		int fd = tcp_socket(AF_INET, 0);
		int count = send_three(fd, MSG_DONTWAIT);
		most = count > most ? count : most;
		close(accept(server, NULL, NULL)); /* which leaves room in the queue */
		close_with_reset(fd);
	}
	ck_assert_int_eq(most, 2);
}
END_TEST

/* A message that is sent in part is the last one, although the handshake is nearly always over. */
START_TEST(non_blocking_call_sends_nothing_after_half_a_message)
{
	int server = fast_server(LIVE_PORT);
	union address address = address_of("127.0.0.1", LIVE_PORT);
	struct iovec parts[] = {{.iov_base = buffer_of(1 << 20), .iov_len = 1 << 20},
				{.iov_base = (char *)ping, .iov_len = sizeof ping}};
	struct mmsghdr messages[2];

	for (int i = 0; i < 2; i++)
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &address,
							   .msg_namelen = length_of(&address),
							   .msg_iov = &parts[i],
							   .msg_iovlen = 1}};
	for (int try = 0; try < 10; try++) {
		int fd = tcp_socket(AF_INET, 0);
		ck_assert_int_eq(sendmmsg(fd, messages, 2, MSG_FASTOPEN | MSG_DONTWAIT), 1);
		ck_assert_uint_lt(messages[0].msg_len, 1 << 20);
		ck_assert_int_eq(wait_for_connect(fd), 0);
		pid_t reader = start_reader(server, messages[0].msg_len);
		shutdown(fd, SHUT_WR);
		must_have_read_all(reader);
		close(fd);
	}
	free(parts[0].iov_base);
}
END_TEST

/* The call under way */

/* A server whose queue is full drops every SYN. */
static void silent_server(void)
{
	int server = listen_on("127.0.0.1", LIVE_PORT);

	listen(server, 0);
	ck_assert_int_eq(connect_to(tcp_socket(AF_INET, 0), "127.0.0.1", LIVE_PORT), 0);
}

static int impatient_socket(int milliseconds)
{
	struct timeval timeout = {.tv_sec = milliseconds / 1000,
				  .tv_usec = milliseconds % 1000 * 1000};
	int fd = tcp_socket(AF_INET, 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	return fd;
}

/*
 * The server takes what its buffer has room for. On a busy machine the time may be over before the
 * handshake is.
 */
START_TEST(timeout_in_the_middle)
{
	fast_server(LIVE_PORT);
	struct iovec parts[] = {{.iov_base = buffer_of(BIG), .iov_len = BIG},
				{.iov_base = (char *)ping, .iov_len = sizeof ping}};
	ssize_t result = -EINPROGRESS;

	for (int time = 20; result == -EINPROGRESS && time < 60000; time *= 8)
		result = open_with(_i, impatient_socket(time), parts, _i == SENDTO ? 1 : 2, 0,
				   LIVE_PORT);
	ck_assert_int_gt(result, (ssize_t)sizeof ping);
	ck_assert_int_lt(result, BIG);
}
END_TEST

/* For drain(). */
static int listener;
static int peer = -1;
static size_t drained;
static size_t out_of_place;

static void drain(int number)
{
	static unsigned char buffer[1 << 16];
	int flags = number == SIGUSR1 ? MSG_DONTWAIT : 0;
	int error = errno;
	ssize_t received;

	if (peer < 0)
		peer = accept(listener, NULL, NULL);
	while ((received = recv(peer, buffer, sizeof buffer, flags)) > 0)
		for (ssize_t i = 0; i < received; i++)
			out_of_place += buffer[i] != nth_byte(drained++);
	errno = error;
}

/* The signal handler makes room in the buffer, but the rest of the data must not use it. */
START_TEST(interruption_in_the_middle)
{
	/* Far more than the buffers of the sockets. */
	enum { SIZE = 4 << 20 };
	int buffer = 1 << 16;
	struct sigaction action = {.sa_handler = drain};
	struct iovec parts[] = {{.iov_base = buffer_of(SIZE), .iov_len = SIZE},
				{.iov_base = (char *)ping, .iov_len = sizeof ping}};
	int fd = tcp_socket(AF_INET, 0);

	listener = fast_server(LIVE_PORT);
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	sigaction(SIGUSR1, &action, NULL);
	pid_t interrupter = start_interrupter(fd);
	ssize_t result = open_with(_i, fd, parts, 2, 0, LIVE_PORT);
	end_interrupter(interrupter);
	shutdown(fd, SHUT_WR);
	drain(0);
	ck_assert_int_gt(result, 0);
	ck_assert_int_lt(result, SIZE);
	ck_assert_uint_eq(drained, (size_t)result);
	ck_assert_uint_eq(out_of_place, 0);
	free(parts[0].iov_base);
}
END_TEST

START_TEST(timeout_without_cookie)
{
	silent_server();
	int fd = impatient_socket(20);

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -EINPROGRESS);
	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -EALREADY);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
}
END_TEST

/* The data in the SYN count as sent. */
START_TEST(timeout_with_cookie)
{
	silent_server();
	int fd = impatient_socket(20);

	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), sizeof ping);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
}
END_TEST

/*
 * The timer repeats, because its first signal may come before the call. A second is enough to get
 * there, on a busy machine too.
 */
START_TEST(interruption)
{
	struct sigaction action = {.sa_handler = interrupted};
	struct itimerval timer = {.it_value.tv_usec = 50000, .it_interval.tv_sec = 1};
	struct itimerval never = {0};

	silent_server();
	int fd = tcp_socket(AF_INET, 0);

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ck_assert_int_eq(open_with_ping(_i, fd, 0, LIVE_PORT), -EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EALREADY);
}
END_TEST

/* shutdown() ends the call that waits. In Linux 5.10 it waits until there is no retry left. */
START_TEST(shutdown_during_the_call)
{
	silent_server();
	int fd = tcp_socket(AF_INET, 0);
	int one = 1;
	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof one), 0);
	pid_t child = fork();

	if (child == 0) {
		/* Until the other process is in SYN_SENT, there is nothing to shut down. */
		while (shutdown(fd, SHUT_RDWR) != 0 && errno == ENOTCONN)
			;
		_exit(0);
	}
	ssize_t result = open_with_ping(_i, fd, 0, LIVE_PORT);
	ck_assert_msg(result == -ECONNRESET || result == -ETIMEDOUT, "%zd", result);
	waitpid(child, NULL, 0);
}
END_TEST

/* Bad arguments */

static void *no_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(page, MAP_FAILED);
	return page;
}

START_TEST(bad_pointers)
{
	fast_server(LIVE_PORT);
	union address address = address_of("127.0.0.1", LIVE_PORT);
	struct msghdr message = {.msg_name = no_memory(), .msg_namelen = length_of(&address)};
	int fd = tcp_socket(AF_INET, _i);

	ck_assert_int_eq(
		sendto(fd, ping, sizeof ping, MSG_FASTOPEN, no_memory(), length_of(&address)), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(sendmsg(fd, no_memory(), MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(sendmsg(fd, &message, MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EFAULT);
	message.msg_name = &address;
	message.msg_iov = no_memory();
	message.msg_iovlen = 1;
	ck_assert_int_eq(sendmsg(fd, &message, MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(sendmmsg(fd, no_memory(), 2, MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(sendto(fd, ping, sizeof ping, MSG_FASTOPEN, NULL, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), _i ? EINPROGRESS : 0);
}
END_TEST

START_TEST(read_only_message)
{
	fast_server(LIVE_PORT);
	union address address = address_of("127.0.0.1", LIVE_PORT);
	struct iovec data = {.iov_base = (char *)ping, .iov_len = sizeof ping};
	struct mmsghdr *message = no_memory();
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(mprotect(message, 4096, PROT_READ | PROT_WRITE), 0);
	message->msg_hdr.msg_name = &address;
	message->msg_hdr.msg_namelen = length_of(&address);
	message->msg_hdr.msg_iov = &data;
	message->msg_hdr.msg_iovlen = 1;
	ck_assert_int_eq(mprotect(message, 4096, PROT_READ), 0);
	ck_assert_int_eq(sendmmsg(fd, message, 1, MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

START_TEST(bad_data)
{
	fast_server(LIVE_PORT);
	struct iovec parts[] = {{.iov_base = (char *)ping, .iov_len = sizeof ping},
				{.iov_base = no_memory(), .iov_len = 1}};
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(open_with(_i, fd, &parts[1], 1, 0, LIVE_PORT), -EFAULT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EISCONN);
	if (_i == SENDTO)
		return;
	fd = tcp_socket(AF_INET, 0);
	ck_assert_int_eq(open_with(_i, fd, parts, 2, 0, LIVE_PORT), sizeof ping);
}
END_TEST

/* The kernel complains of a bad control message only when the connection is there. */
START_TEST(bad_control_message)
{
	int server = fast_server(LIVE_PORT);
	union address address = address_of("127.0.0.1", LIVE_PORT);
	struct iovec part = {.iov_base = (char *)ping, .iov_len = sizeof ping};
	struct cmsghdr control_message = {
		.cmsg_level = SOL_SOCKET, .cmsg_type = -1, .cmsg_len = sizeof control_message};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = length_of(&address),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control_message,
				 .msg_controllen = sizeof control_message};
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(sendmsg(fd, &message, MSG_FASTOPEN), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_ge(accept(server, NULL, NULL), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", LIVE_PORT), EISCONN);
}
END_TEST

static struct sock_extended_err next_notification(int fd)
{
	char space[256];
	struct msghdr message = {.msg_control = space, .msg_controllen = sizeof space};
	struct sock_extended_err notification;
	ssize_t result;

	/* It may still be on its way. */
	for (int waits = 0; (result = recvmsg(fd, &message, MSG_ERRQUEUE)) < 0 && waits < 1000;
	     waits++)
		poll(NULL, 0, 10);
	ck_assert_int_eq(result, 0);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ck_assert_ptr_nonnull(header);
	memcpy(&notification, CMSG_DATA(header), sizeof notification);
	return notification;
}

/* Each MSG_ZEROCOPY call of a program causes exactly one notification. */
START_TEST(zero_copy_is_counted_once)
{
	int server = fast_server(LIVE_PORT);
	int fd = tcp_socket(AF_INET, 0);
	int yes = 1;
	struct iovec whole = {.iov_base = buffer_of(1 << 18), .iov_len = 1 << 18};
	pid_t reader = start_reader(server, 1 << 18);
	char space[256];
	struct msghdr message = {.msg_control = space, .msg_controllen = sizeof space};

	setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &yes, sizeof yes);
	ck_assert_int_eq(open_with(_i, fd, &whole, 1, MSG_ZEROCOPY, LIVE_PORT), 1 << 18);
	shutdown(fd, SHUT_WR);
	must_have_read_all(reader);
	struct sock_extended_err notification = next_notification(fd);
	ck_assert_uint_eq(notification.ee_info, 0);
	ck_assert_uint_eq(notification.ee_data, 0);
	ck_assert_int_eq(recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT), -1);
	free(whole.iov_base);
}
END_TEST

/* The kernel counts each attempt that was undone: see libnoselfconn(7). */
START_TEST(zero_copy_that_meets_itself)
{
	int fd = tcp_socket(AF_INET, 0);
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &yes, sizeof yes);
	ssize_t sent = open_with_ping(_i, fd, MSG_ZEROCOPY, PORT);
	must_be_refused(fd, sent < 0 ? (int)-sent : 0);
	ck_assert_uint_eq(next_notification(fd).ee_info, 0);
}
END_TEST

START_TEST(zero_copy_that_is_refused)
{
	int fd = tcp_socket(AF_INET, 0);
	int yes = 1;
	char space[256];
	struct msghdr message = {.msg_control = space, .msg_controllen = sizeof space};

	setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &yes, sizeof yes);
	ck_assert_int_eq(open_with_ping(_i, fd, MSG_ZEROCOPY, LIVE_PORT), -ECONNREFUSED);
	ck_assert_int_eq(recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT), -1);
}
END_TEST

START_TEST(udp_is_left_alone)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char received[sizeof ping];

	bind_to(fd, "127.0.0.1", PORT);
	ck_assert_int_eq(open_with_ping(_i, fd, 0, PORT), sizeof ping);
	ck_assert_int_eq(recv(fd, received, sizeof received, 0), sizeof ping);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port, no cookie", no_cookie_one_port);
	tcase_add_loop_test(one, self_connect_is_refused, 0, CALLS);
	tcase_add_loop_test(one, self_connect_of_non_blocking_socket_is_refused, 0, CALLS);
	tcase_add_loop_test(one, self_connect_of_non_blocking_call_is_refused, 0, CALLS);
	tcase_add_loop_test(one, chosen_port_is_taken, 0, CALLS);
	tcase_add_loop_test(one, self_connect_with_much_data_waits, 0, CALLS);
	tcase_add_loop_test(one, zero_copy_that_meets_itself, 0, CALLS);
	tcase_add_loop_test(one, retry_reaches_a_server, 0, CALLS);
	tcase_add_loop_test(one, options_stay, 0, CALLS);
	tcase_add_loop_test(one, udp_is_left_alone, 0, CALLS);

	TCase *one_with_cookie = add_case(suite, "one port, cookie", cookie_one_port);
	tcase_add_loop_test(one_with_cookie, self_connect_is_refused, 0, CALLS);
	tcase_add_loop_test(one_with_cookie, self_connect_of_non_blocking_socket_is_refused, 0,
			    CALLS);
	tcase_add_loop_test(one_with_cookie, self_connect_of_non_blocking_call_is_refused, 0,
			    CALLS);
	tcase_add_loop_test(one_with_cookie, self_connect_with_much_data_waits, 0, CALLS);

	TCase *without = add_case(suite, "no cookie", no_cookie);
	tcase_add_loop_test(without, server_is_reached_without_cookie, 0, CALLS);
	tcase_add_loop_test(without, non_blocking_call_without_cookie_only_starts, 0, CALLS);
	tcase_add_loop_test(without, timeout_without_cookie, 0, CALLS);

	TCase *with = add_case(suite, "cookie", cookie);
	tcase_add_loop_test(with, server_is_reached_with_cookie, 0, CALLS);
	tcase_add_loop_test(with, non_blocking_call_with_cookie_sends_at_once, 0, CALLS);
	tcase_add_test(with, non_blocking_call_sends_two_of_three_messages);
	tcase_add_loop_test(with, timeout_with_cookie, 0, CALLS);
	tcase_add_loop_test(with, zero_copy_that_is_refused, 0, CALLS);
	tcase_add_loop_test(with, timeout_in_the_middle, 0, CALLS);
	tcase_add_loop_test(with, interruption_in_the_middle, SENDMSG, CALLS);
	tcase_add_test(with, non_blocking_call_sends_nothing_after_half_a_message);

	TCase *both[] = {without, with};
	for (int i = 0; i < 2; i++) {
		tcase_add_loop_test(both[i], big_buffer_arrives_whole, 0, CALLS);
		tcase_add_loop_test(both[i], many_parts_arrive_whole, SENDMSG, CALLS);
		tcase_add_loop_test(both[i], refused_socket_can_connect_again, 0, CALLS);
		tcase_add_loop_test(both[i], connected_socket_returns_EISCONN, 0, CALLS);
		tcase_add_test(both[i], one_of_three_messages_is_sent);
		tcase_add_loop_test(both[i], interruption, 0, CALLS);
		tcase_add_loop_test(both[i], shutdown_during_the_call, 0, CALLS);
		tcase_add_test(both[i], bad_pointers);
		tcase_add_test(both[i], read_only_message);
		tcase_add_loop_test(both[i], bad_data, 0, CALLS);
		tcase_add_test(both[i], bad_control_message);
		tcase_add_loop_test(both[i], zero_copy_is_counted_once, 0, CALLS);
	}
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
