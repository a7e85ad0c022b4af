/* The exported functions, and nothing else. */
#include "library.h"

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

/* The only type in which libcs differ. */
#ifdef __GLIBC__
typedef int sendmmsg_flags;
#else
typedef unsigned int sendmmsg_flags;
#endif

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, sendmmsg_flags flags)
{
	return noselfconn_sendmmsg(fd, messages, count, (int)flags);
}

#if defined(__GLIBC__) && __SIZEOF_POINTER__ == 4
/* In programs with 64-bit times (_TIME_BITS, glibc 2.34) <sys/socket.h> uses these names. */
__typeof__(sendmsg) __sendmsg64 __attribute__((alias("sendmsg")));
__typeof__(sendmmsg) __sendmmsg64 __attribute__((alias("sendmmsg")));
#endif
