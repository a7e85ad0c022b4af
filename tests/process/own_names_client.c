/*
 * own_names_client WAY: meets itself at PORT, in one of the ways below. Exits with 0 or errno, or
 * with CALLED and a line on standard error when a function of own_names.c is called. The program
 * does not call them either.
 */
#include "own_names.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The next definition, which is libc's. */
static void *next(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol)
		_exit(CALLED);
	return symbol;
}

void is_called(const char *name)
{
	__typeof__(write) *libc_write = next("write");

	for (; *name; name++)
		libc_write(STDERR_FILENO, name, 1);
	libc_write(STDERR_FILENO, "() is called\n", sizeof "() is called\n" - 1);
	_exit(CALLED);
}

static struct sockaddr_in destination = {.sin_family = AF_INET};

/* Without htons() and htonl(). */
static void set_destination(void)
{
	unsigned char *port = (unsigned char *)&destination.sin_port;
	unsigned char *address = (unsigned char *)&destination.sin_addr;

	port[0] = PORT >> 8;
	port[1] = PORT & 0xff;
	address[0] = 127;
	address[3] = 1;
}

static int wait_for(int fd)
{
	__typeof__(poll) *libc_poll = next("poll");
	__typeof__(getsockopt) *libc_getsockopt = next("getsockopt");
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t length = sizeof error;

	libc_poll(&descriptor, 1, 10000);
	libc_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

int main(int argc, char **argv)
{
	__typeof__(socket) *libc_socket = next("socket");
	char way = argc > 1 ? *argv[1] : '0';
	int fd = libc_socket(AF_INET, SOCK_STREAM | (way == '1' ? SOCK_NONBLOCK : 0), 0);
	const struct sockaddr *address = (const struct sockaddr *)&destination;
	static char data[] = "x";
	static struct iovec part = {.iov_base = data, .iov_len = 1};
	static struct mmsghdr message = {.msg_hdr = {.msg_name = &destination,
						     .msg_namelen = sizeof destination,
						     .msg_iov = &part,
						     .msg_iovlen = 1}};
	long result = 0;

	set_destination();
	switch (way) {
	case '0':
	case '1':
		result = connect(fd, address, sizeof destination);
		break;
	case '2':
		result = sendto(fd, data, 1, MSG_FASTOPEN, address, sizeof destination);
		break;
	case '3':
		result = sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN);
		break;
	default:
		result = sendmmsg(fd, &message, 1, MSG_FASTOPEN);
	}
	return result >= 0 ? 0 : errno == EINPROGRESS ? wait_for(fd) : errno;
}
