/* What can be seen of a descriptor. */
#include "worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

int option_of(int fd, int level, int name)
{
	int value;
	socklen_t length = sizeof value;

	return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

/* Prints no number, which is the kernel's choice, but whether it is in the range. */
static void print_port(char *text, size_t size, uint16_t port)
{
	static const char *const names[] = {
		[DEAD] = "dead", [LIVE] = "live", [FULL] = "full", [ANOTHER_DEAD] = "another dead"};
	int low;
	int high;

	range_of(sequence, &low, &high);
	for (enum port i = DEAD; i < ANY; i++)
		if (port == number_of(sequence, i) && (i != DEAD || low != port || high == low)) {
			snprintf(text, size, "%s", names[i]);
			return;
		}
	if (port >= low && port <= high)
		snprintf(text, size, "one of the range");
	else
		snprintf(text, size, "%d", port);
}

typedef int get_name(int, struct sockaddr *, socklen_t *);

static void print_name(char *text, size_t size, int fd, get_name *get)
{
	union address address = {0};
	socklen_t length = sizeof address;
	char host[INET6_ADDRSTRLEN] = "";
	char port[20];

	if (get(fd, &address.any, &length) != 0) {
		snprintf(text, size, "error %d", errno);
		return;
	}
	print_port(port, sizeof port, ntohs(address.v4.sin_port));
	if (address.family == AF_INET)
		inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
	else if (address.family == AF_INET6)
		inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
	if (*host)
		snprintf(text, size, "%.24s %s", host, port);
	else
		snprintf(text, size, "family %d, length %d", address.family, (int)length);
}

static int64_t read_option(const struct option *option, int fd)
{
	unsigned char value[64] = {0};
	socklen_t length = sizeof value;
	int64_t number = 0;

	if (getsockopt(fd, option->level, option->number, value, &length) != 0)
		return -errno;
	for (socklen_t i = length < sizeof value ? length : sizeof value; i > 0; i--)
		number = (number << 8 ^ number >> 40 ^ value[i - 1]) & INT64_MAX;
	return number;
}

void read_options(int64_t values[], int fd)
{
	for (size_t i = 0; i < option_count; i++)
		values[i] = read_option(&options[i], fd);
}

/* The other end may acknowledge a FIN at any time: the states before and after are one. */
static uint8_t state_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof info;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info.tcpi_state == TCP_FIN_WAIT2 ? TCP_FIN_WAIT1 : info.tcpi_state;
}

static bool is_sniffer(int fd)
{
	return option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_RAW ||
	       option_of(fd, SOL_SOCKET, SO_DOMAIN) == AF_PACKET;
}

/* MPTCP closes its connections later, in a kernel thread (mptcp_worker()). */
static bool closes_late(void)
{
	for (int i = 0; i < sequence->count; i++)
		if (sequence->calls[i].operation == SOCKET &&
		    sequence->calls[i].protocol == IPPROTO_MPTCP)
			return something_closed;
	return false;
}

bool is_left_to_chance(int fd)
{
	return is_sniffer(fd) || closes_late();
}

void observe(struct record *record, int fd)
{
	struct pollfd descriptor = {.fd = fd,
				    .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDBAND};
	int queued = 0;

	errno = 0;
	record->descriptor = fd;
	record->status_flags = fcntl(fd, F_GETFL) ^ fcntl(fd, F_GETFD) << 30;
	print_name(record->local, sizeof record->local, fd, getsockname);
	print_name(record->peer, sizeof record->peer, fd, getpeername);
	if (is_left_to_chance(fd))
		return;
	poll(&descriptor, 1, 0);
	record->readiness = descriptor.revents;
	record->queued = ioctl(fd, FIONREAD, &queued) == 0 ? queued : -errno;
	record->state = state_of(fd);
}
