/* Uses sockets in many ways other than a self-connect, while strace(1) watches. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIVE_PORT = 50000, FULL_PORT = 50001, DEAD_PORT = 50002 };

static struct sockaddr_in v4(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((in_port_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct sockaddr_in6 v6(int port)
{
	return (struct sockaddr_in6){.sin6_family = AF_INET6,
				     .sin6_port = htons((in_port_t)port),
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
}

static int listener(int port, int backlog)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	bind(fd, (struct sockaddr *)&any, sizeof any);
	listen(fd, backlog);
	return fd;
}

static int connected(int type, const void *address, socklen_t length)
{
	const struct sockaddr *any = address;
	int fd = socket(any->sa_family, type, 0);

	connect(fd, any, length);
	return fd;
}

/* Connects, waits for the outcome, and connects again. */
static void connect_twice(int type, const void *address, socklen_t length)
{
	int fd = connected(type, address, length);
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

	poll(&descriptor, 1, -1);
	connect(fd, address, length);
	connect(fd, &unspecified, sizeof unspecified);
	connect(fd, address, length);
	close(fd);
}

static void connect_to_ports(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM};
	static const int ports[] = {LIVE_PORT, DEAD_PORT};

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 2; j++) {
			struct sockaddr_in address4 = v4(ports[j]);
			struct sockaddr_in6 address6 = v6(ports[j]);
			connect_twice(types[i], &address4, sizeof address4);
			connect_twice(types[i], &address6, sizeof address6);
		}
}

static void interrupt(int signal)
{
	(void)signal;
}

/* A full queue drops the SYN. */
static void wait_in_vain(void)
{
	struct sockaddr_in full = v4(FULL_PORT);
	struct sigaction action = {.sa_handler = interrupt};
	/* The timer repeats, because its first signal may come before the call, under strace too.
	 */
	struct itimerval soon = {.it_value.tv_usec = 10000, .it_interval.tv_sec = 1};
	static const struct itimerval never;

	connected(SOCK_STREAM, &full, sizeof full);

	int timed = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(timed, SOL_SOCKET, SO_SNDTIMEO, &soon.it_value, sizeof soon.it_value);
	connect(timed, (struct sockaddr *)&full, sizeof full);

	int interrupted = socket(AF_INET, SOCK_STREAM, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	connect(interrupted, (struct sockaddr *)&full, sizeof full);
	setitimer(ITIMER_REAL, &never, NULL);
}

static void fail(void)
{
	struct sockaddr_in address = v4(LIVE_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static const struct sockaddr *const nowhere;

	connect(-1, (struct sockaddr *)&address, sizeof address);
	connect(STDIN_FILENO, (struct sockaddr *)&address, sizeof address);
	connect(fd, nowhere, sizeof address);
	connect(fd, (struct sockaddr *)&address, 1);
	address.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, to which there is no route */
	connect(fd, (struct sockaddr *)&address, sizeof address);
}

static void connect_locally(void)
{
	/* Autobound: an abstract name that the kernel has chosen. */
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(sa_family_t);
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	bind(server, (struct sockaddr *)&name, length);
	listen(server, 1);
	length = sizeof name;
	getsockname(server, (struct sockaddr *)&name, &length);
	send(connected(SOCK_STREAM, &name, length), "x", 1, 0);
	close(server);
	connected(SOCK_STREAM, &name, length);
}

static void send_in_every_way(int type)
{
	struct sockaddr_in address = v4(LIVE_PORT);
	struct iovec data = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &data, .msg_iovlen = 1}}};
	int fd = connected(type, &address, sizeof address);

	messages[1] = messages[0];
	write(fd, "x", 1);
	send(fd, "x", 1, MSG_NOSIGNAL);
	sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
	sendmsg(fd, &messages[0].msg_hdr, MSG_NOSIGNAL);
	sendmmsg(fd, messages, 2, MSG_NOSIGNAL);

	int unconnected = socket(AF_INET, type, 0);
	sendto(unconnected, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
	sendmsg(unconnected, &messages[0].msg_hdr, MSG_NOSIGNAL);
	sendmmsg(unconnected, messages, 2, MSG_NOSIGNAL);
}

int main(void)
{
	/* system_calls.sh takes the first socket() for the start of main(). */
	listener(LIVE_PORT, 64);
	listener(FULL_PORT, 0);
	connect_to_ports();
	wait_in_vain();
	fail();
	connect_locally();
	send_in_every_way(SOCK_STREAM);
	send_in_every_way(SOCK_DGRAM);
	return 0;
}
