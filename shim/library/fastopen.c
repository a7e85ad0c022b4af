/*
 * Connections that sendto(), sendmsg() and sendmmsg() open with MSG_FASTOPEN. What has gone to the
 * socket itself is dropped when that is undone, and the next attempt sends it again.
 */
#include "library.h"

#include <errno.h>
#include <limits.h>

ssize_t noselfconn_sendto(int fd, const void *data, size_t size, int flags,
			  const struct sockaddr *destination, socklen_t length)
{
	if (__builtin_expect(!(flags & MSG_FASTOPEN), true))
		return libc_sendto(fd, data, size, flags, destination, length);

	/* sendto() cuts a size that sendmsg() rejects, to a little less (MAX_RW_COUNT). */
	struct iovec whole = {.iov_base = (void *)data, .iov_len = size < INT_MAX ? size : INT_MAX};
	struct msghdr message = {.msg_name = (void *)destination,
				 .msg_namelen = length,
				 .msg_iov = &whole,
				 .msg_iovlen = 1};
	struct call call = {.fd = fd, .message = &message, .flags = flags, .caller_errno = errno};
	return look_after(&call, libc_sendto(fd, data, size, flags, destination, length));
}

ssize_t noselfconn_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (__builtin_expect(!(flags & MSG_FASTOPEN), true))
		return libc_sendmsg(fd, message, flags);

	struct call call = {.fd = fd, .message = message, .flags = flags, .caller_errno = errno};
	return look_after(&call, libc_sendmsg(fd, message, flags));
}

/*
 * The first message opens the connection, and no other one is sent; sendmmsg(2) may always send
 * fewer than it was given. It goes by itself, since the next definition would fill in the length of
 * what is then undone.
 */
__attribute__((cold, noinline)) static int open_by_first(int fd, struct mmsghdr *first, int flags)
{
	ssize_t sent = noselfconn_sendmsg(fd, &first->msg_hdr, flags);

	/* Where the kernel cannot write, a write of our own would be a crash. */
	if (sent < 0 || !get_option(fd, SOL_SOCKET, SO_TYPE, &first->msg_len, sizeof(int)))
		return -1;
	first->msg_len = (unsigned int)sent;
	return 1;
}

int noselfconn_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return flags & MSG_FASTOPEN && count > 0 && !settings.value[DISABLE]
		       ? open_by_first(fd, messages, flags)
		       : libc_sendmmsg(fd, messages, count, flags);
}
