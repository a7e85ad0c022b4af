/* The exported functions, and nothing else. */
#include "noselfconn.h"

#pragma GCC visibility push(default)
/* glibc declares the address as a transparent union, which other libcs do not have. */
#pragma GCC diagnostic ignored "-Wpedantic"

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return noselfconn_connect(fd, address, length);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
	       socklen_t length)
{
	return noselfconn_sendto(fd, data, size, flags, address, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return noselfconn_sendmsg(fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return noselfconn_sendmmsg(fd, messages, count, flags);
}
