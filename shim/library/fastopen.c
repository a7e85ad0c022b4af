/* Connections that sendto(), sendmsg() and sendmmsg() open with MSG_FASTOPEN. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A connection that is there, or under way, has been looked at by the call that opened it. */
static bool is_closed(int fd)
{
	uint8_t state; /* the first member of struct tcp_info */
	socklen_t length = sizeof state;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length) != 0 || state == TCP_CLOSE;
}

/* All that a call without the flag costs. */
static inline bool is_fast_open(int flags)
{
	return flags & MSG_FASTOPEN && !settings.value[DISABLE];
}

/* Sets *blocking to whether the call waits. Keeps errno. */
static bool may_open_connection(int fd, int flags, bool *blocking)
{
	int caller_errno = errno;
	/* Where a filter forbids fcntl(), nobody can tell whether the call has to wait. */
	int status = is_tcp(fd) && is_closed(fd) ? fcntl(fd, F_GETFL) : -1;
	*blocking = !(flags & MSG_DONTWAIT) && !(status & O_NONBLOCK);
	errno = caller_errno;
	return status >= 0;
}

/*
 * The kernel notes in the socket how a handshake ended only when connect() asks (SS_CONNECTING in
 * __inet_stream_connect()), and before that answers the next connect() or MSG_FASTOPEN as if it
 * were still under way. Asking with AF_UNSPEC is for one that failed: should another thread have
 * made an end of it, the caller's address would start a new one. connect() would be a
 * cancellation point. Keeps errno.
 */
static void note_end_of_handshake(int fd, const struct sockaddr *address, socklen_t length)
{
	/* sendmsg() cuts a length that connect() rejects (copy_msghdr_from_user()). */
	const socklen_t most = sizeof(struct sockaddr_storage);
	int outcome = errno;

	syscall(SYS_connect, fd, address, length < most ? length : most);
	errno = outcome;
}

/* Not every error is the handshake's. Keeps errno. */
static bool has_failed(int fd)
{
	int outcome = errno;
	bool closed = is_closed(fd);

	errno = outcome;
	return closed;
}

/*
 * Waits until the handshake is over, as a blocking call with MSG_FASTOPEN does: sending nothing
 * in SYN_SENT waits in sk_stream_wait_connect(). A connection that failed must not cost a SIGPIPE,
 * which the call with the flag would not have raised. The control messages come along, since only
 * after the handshake tcp_sendmsg_locked() rejects a bad one, with EINVAL. EPIPE after shutdown()
 * is the data's, too.
 */
static bool wait_for_handshake(int fd, const struct msghdr *message)
{
	static const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
	const struct msghdr nothing = {.msg_control = message->msg_control,
				       .msg_controllen = message->msg_controllen};
	bool sent = libc_sendmsg(fd, &nothing, MSG_NOSIGNAL) == 0;

	if (sent || errno == EINVAL || errno == EPIPE)
		note_end_of_handshake(fd, message->msg_name, message->msg_namelen);
	else if (errno != EAGAIN && errno != EINTR && has_failed(fd))
		note_end_of_handshake(fd, &unspecified, sizeof unspecified);
	return sent || errno == EPIPE;
}

/* musl's count is an int, and what pads it to a size_t need not be 0. */
static unsigned int count_of(const struct msghdr *message)
{
	return (unsigned int)message->msg_iovlen;
}

/* Sends what is left of the message after its first bytes, to where the socket is connected. */
static ssize_t send_from(int fd, const struct msghdr *message, size_t done, int flags)
{
	struct msghdr rest = *message;
	ssize_t sent = 0;

	rest.msg_name = NULL;
	rest.msg_namelen = 0;
	rest.msg_iovlen = (__typeof__(rest.msg_iovlen))count_of(message);
	if (done == 0)
		return libc_sendmsg(fd, &rest, flags);
	for (; rest.msg_iovlen > 0 && done >= rest.msg_iov->iov_len; rest.msg_iov++) {
		done -= rest.msg_iov->iov_len;
		rest.msg_iovlen--;
	}
	if (done > 0) {
		struct iovec part = {.iov_base = (char *)rest.msg_iov->iov_base + done,
				     .iov_len = rest.msg_iov->iov_len - done};
		struct msghdr first = rest;

		first.msg_iov = &part;
		first.msg_iovlen = 1;
		sent = libc_sendmsg(fd, &first, flags);
		if (sent < (ssize_t)part.iov_len)
			return sent;
		rest.msg_iov++;
		rest.msg_iovlen--;
	}
	if (rest.msg_iovlen == 0)
		return sent;

	ssize_t more = libc_sendmsg(fd, &rest, flags);
	return more >= 0 ? sent + more : sent > 0 ? sent : more;
}

/*
 * Goes on from an attempt that did not wait, to the result that a blocking call has. As in
 * tcp_sendmsg_locked() the handshake's error counts whatever the SYN has carried, unless it is
 * that SO_SNDTIMEO has run out, and a later one only if nothing was sent.
 */
static ssize_t finish(const struct encounter *encounter, int flags, ssize_t sent)
{
	int outcome = errno;

	if (sent < 0 && errno != EINPROGRESS && errno != EALREADY && errno != EAGAIN)
		return sent;
	if (!wait_for_handshake(encounter->fd, encounter->message)) {
		if (errno != EAGAIN)
			return -1;
		errno = outcome;
		return sent;
	}

	size_t done = sent > 0 ? (size_t)sent : 0;
	flags &= ~MSG_FASTOPEN;
	/* Each call with MSG_ZEROCOPY is told of, and there has been one. */
	if (done > 0)
		flags = (flags & ~MSG_ZEROCOPY) | MSG_NOSIGNAL;
	ssize_t more = send_from(encounter->fd, encounter->message, done, flags);
	if (more < 0 && done == 0)
		return more;
	errno = encounter->caller_errno;
	return (ssize_t)done + (more > 0 ? more : 0);
}

ssize_t noselfconn_sendto(int fd, const void *data, size_t size, int flags,
			  const struct sockaddr *destination, socklen_t length)
{
	bool blocking;

	if (!is_fast_open(flags) || !may_open_connection(fd, flags, &blocking))
		return libc_sendto(fd, data, size, flags, destination, length);

	/* sendto() cuts a size that sendmsg() rejects, to a little less (MAX_RW_COUNT). */
	struct iovec whole = {.iov_base = (void *)data, .iov_len = size < INT_MAX ? size : INT_MAX};
	struct msghdr message = {.msg_name = (void *)destination,
				 .msg_namelen = length,
				 .msg_iov = &whole,
				 .msg_iovlen = 1};
	struct encounter encounter = {.fd = fd, .message = &message, .caller_errno = errno};
	ssize_t sent;

	do
		sent = libc_sendto(fd, data, size, flags | MSG_DONTWAIT, destination, length);
	while (met_itself(&encounter, &sent));
	return blocking ? finish(&encounter, flags, sent) : sent;
}

ssize_t noselfconn_sendmsg(int fd, const struct msghdr *message, int flags)
{
	bool blocking;

	if (!is_fast_open(flags) || !may_open_connection(fd, flags, &blocking))
		return libc_sendmsg(fd, message, flags);

	struct encounter encounter = {.fd = fd, .message = message, .caller_errno = errno};
	ssize_t sent;

	do
		sent = libc_sendmsg(fd, message, flags | MSG_DONTWAIT);
	while (met_itself(&encounter, &sent));
	return blocking ? finish(&encounter, flags, sent) : sent;
}

static size_t size_of(const struct msghdr *message)
{
	size_t size = 0;

	for (unsigned int i = 0; i < count_of(message); i++)
		size += message->msg_iov[i].iov_len;
	return size;
}

/* Lets the kernel try, which says EFAULT where a write of our own would be a crash. */
static bool is_writable(int fd, unsigned int *number)
{
	socklen_t length = sizeof *number;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, number, &length) == 0;
}

/*
 * A blocking caller's first message is the only one that is sent: for the next one the socket is
 * connected (EISCONN), and __sys_sendmmsg() keeps silent about an error that is not the first
 * message's. Without waiting one more may be, if the first is sent whole: it finds the handshake
 * over (SS_CONNECTING in __inet_stream_connect()). The first goes by itself, since the next
 * definition would write its msg_len even if the attempt is undone.
 */
int noselfconn_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	bool blocking;

	if (!is_fast_open(flags) || count == 0 || !may_open_connection(fd, flags, &blocking))
		return libc_sendmmsg(fd, messages, count, flags);

	struct encounter encounter = {
		.fd = fd, .message = &messages->msg_hdr, .caller_errno = errno};
	ssize_t sent;

	do
		sent = libc_sendmsg(fd, &messages->msg_hdr, flags | MSG_DONTWAIT);
	while (met_itself(&encounter, &sent));
	if (blocking)
		sent = finish(&encounter, flags, sent);
	if (sent < 0 || !is_writable(fd, &messages->msg_len))
		return -1;
	messages->msg_len = (unsigned int)sent;
	if (blocking || count == 1 || (size_t)sent < size_of(&messages->msg_hdr))
		return 1;

	int more = libc_sendmmsg(fd, messages + 1, count - 1, flags);
	errno = encounter.caller_errno;
	return 1 + (more > 0 ? more : 0);
}
