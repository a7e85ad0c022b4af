/*
 * Connections that sendto(), sendmsg() and sendmmsg() open with MSG_FASTOPEN. If the socket is
 * connected to itself, the reset drops the data that it has received from itself, and the retry
 * sends the data again.
 */
#include "library.h"

#include <errno.h>
#include <limits.h>

ssize_t noselfconn_sendto(int fd, const void *data, size_t size, int flags,
			  const struct sockaddr *destination, socklen_t length)
{
	if (__builtin_expect(!(flags & MSG_FASTOPEN), true))
		return libc_sendto(fd, data, size, flags, destination, length);

	/*
	 * sendto() cuts a size above MAX_RW_COUNT, which is a little less than INT_MAX; sendmsg()
	 * would reject a size above INT_MAX.
	 */
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

/* In musl msg_iovlen is an int, and its padding up to a size_t need not be 0. */
static size_t size_of(const struct msghdr *message)
{
	size_t size = 0;

	for (unsigned int i = 0; i < (unsigned int)message->msg_iovlen; i++)
		size += message->msg_iov[i].iov_len;
	return size;
}

/*
 * Sends the first message, which opens the connection, in a call of its own. Otherwise the next
 * definition would report lengths of messages that are then undone. As in the kernel
 * (__sys_sendmmsg()), a message that is sent in part is the last one, and only an error of the
 * first message is returned.
 */
__attribute__((cold, noinline)) static int open_by_first(int fd, struct mmsghdr *messages,
							 unsigned int count, int flags)
{
	int caller_errno = errno;
	int more = 0;
	ssize_t sent = noselfconn_sendmsg(fd, &messages->msg_hdr, flags);

	/* The kernel writes here first, because our own write would crash if it is not possible. */
	if (sent < 0 || !get_option(fd, SOL_SOCKET, SO_TYPE, &messages->msg_len, sizeof(int)))
		return -1;
	messages->msg_len = (unsigned int)sent;
	if (count > 1 && (size_t)sent == size_of(&messages->msg_hdr))
		more = libc_sendmmsg(fd, messages + 1, count - 1, flags);
	errno = caller_errno;
	return more > 0 ? 1 + more : 1;
}

int noselfconn_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return flags & MSG_FASTOPEN && count > 0 && !settings.value[DISABLE]
		       ? open_by_first(fd, messages, count, flags)
		       : libc_sendmmsg(fd, messages, count, flags);
}
