/*
 * Theory of operation
 *
 * A client connects to a port of its own host on which nobody listens, and the kernel happens to
 * give it that very port as its source port. The SYN comes back to the socket that sent it. TCP
 * takes it for a simultaneous open (RFC 9293, 3.5), and the socket is connected to itself.
 *
 * One look is enough. Source address and port are final as soon as the SYN is sent, so one
 * getsockname() after the call finds every self-connect, blocking or not. Nothing more is asked
 * unless that port is the destination's, which is rare: about one refused connection in 14,000.
 * Then the kernel names both ends of the socket, so no rule of the kernel's is imitated here.
 *
 * Undo in place. connect() with AF_UNSPEC takes the connection back and frees the port at once. The
 * descriptor, its duplicates, its options and its epoll registrations stay. close() would leave the
 * real server's port in TIME_WAIT for a minute.
 *
 * Retry first. On the next attempt the kernel picks another port, and its answer is the true one: a
 * refusal, or a server that has come up or that stands behind NAT. The retries are bounded, since a
 * socket that is bound to the destination's port meets itself each time.
 *
 * Let the kernel refuse. No kernel refuses a non-blocking connect() at once, and programs rely on
 * that. When the retries are used up, such a socket is connected to port 0 of the same address,
 * where nobody can listen. The refusal then arrives with the kernel's own events and errors.
 *
 * The pin. Another thread may close the descriptor or put another socket there at any time. A
 * duplicate stays what it is, so everything that is asked of the socket or done to it, the retry
 * included, goes through the duplicate.
 */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/net.h>
#include <sys/syscall.h>

/* The port of an address that the kernel has accepted, in network byte order; 0 if it has none. */
static inline in_port_t port_of(const void *address, socklen_t length)
{
	struct {
		sa_family_t family;
		in_port_t port;
	} start; /* of struct sockaddr_in and of sockaddr_in6 */

	if (length < sizeof(struct sockaddr_in))
		return 0;
	__builtin_memcpy(&start, address, sizeof start);
	return start.family == AF_INET || start.family == AF_INET6 ? start.port : 0;
}

/* Leaves errno at the given value where the kernel does not tell the port. */
static inline bool has_local_port(int fd, in_port_t port, int error)
{
	union endpoint local;
	socklen_t length = sizeof local;

	if (port == 0 || settings.value[DISABLE])
		return false;
	if (libc_getsockname(fd, &local.any, &length) == 0)
		return local.v4.sin_port == port;
	errno = error;
	return false;
}

/* After EINTR and an expired SO_SNDTIMEO (EINPROGRESS) the kernel goes on connecting. */
static inline bool is_under_way(int outcome)
{
	return outcome == 0 || outcome == EINPROGRESS || outcome == EINTR;
}

/*
 * The message is read only after the kernel has read it, so that a bad pointer gives EFAULT and no
 * crash. A Fast Open can fail because of its data although it has connected the socket, and with
 * MPTCP it returns EALREADY when SO_SNDTIMEO expires. EISCONN means that an earlier call made the
 * connection.
 */
static bool is_suspect(const struct call *call, int outcome)
{
	const struct msghdr *message = call->message;

	if (is_under_way(outcome))
		return message->msg_name &&
		       has_local_port(call->fd, port_of(message->msg_name, message->msg_namelen),
				      outcome);
	return call->flags & MSG_FASTOPEN && !settings.value[DISABLE] && outcome != EISCONN;
}

/*
 * Makes the caller's call once more. Not a cancellation point, because a thread that ended here
 * would leave the pin open.
 */
static ssize_t repeat(const struct call *call, int pin)
{
	/* In musl the two lengths are ints, and their padding up to a size_t need not be 0. */
	const struct msghdr *given = call->message;
	const struct msghdr message = {.msg_name = given->msg_name,
				       .msg_namelen = given->msg_namelen,
				       .msg_iov = given->msg_iov,
				       .msg_iovlen = given->msg_iovlen & INT_MAX,
				       .msg_control = given->msg_control,
				       .msg_controllen = given->msg_controllen & INT_MAX};

	return (call->flags & MSG_FASTOPEN)
		       ? socket_call(SYS_SENDMSG, pin, (long)&message, call->flags, 0, 0, 0)
		       : socket_call(SYS_CONNECT, pin, (long)message.msg_name,
				     (long)message.msg_namelen, 0, 0, 0);
}

static bool is_non_blocking(int fd)
{
	long status = system_call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

	return status >= 0 && status & O_NONBLOCK;
}

/*
 * For a non-blocking call, lets the kernel refuse a connection to port 0 of the same address.
 * Returns false if the call blocks, or if the refusal does not come at once, for instance because a
 * filter drops packets to port 0. Then no connection is under way.
 */
static bool kernel_refuses(const struct call *call, int pin)
{
	const int flags = MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL;
	const struct msghdr *message = call->message;
	union endpoint nobody;

	if (!read_endpoint(&nobody, message->msg_name, message->msg_namelen) ||
	    !(call->flags & MSG_DONTWAIT || is_non_blocking(pin)))
		return false;
	nobody.v4.sin_port = 0;
	if (((call->flags & MSG_FASTOPEN)
		     ? socket_call(SYS_SENDTO, pin, 0, 0, flags, (long)&nobody, sizeof nobody)
		     : socket_call(SYS_CONNECT, pin, (long)&nobody, sizeof nobody, 0, 0, 0)) < 0 &&
	    errno != EINPROGRESS)
		return false;
	if (is_closed(pin))
		return true;
	undo_self_connect(pin);
	return false;
}

/* Undoes and retries until the socket is not connected to itself. Returns 0 or an errno. */
static int step_in(struct call *call, int pin, ssize_t *result, int outcome)
{
	const struct msghdr *message = call->message;
	union endpoint peer = {0};

	/* After EINTR the connection may be one that an earlier call began, to another address. */
	if (outcome == 0 || outcome == EINPROGRESS)
		read_endpoint(&peer, message->msg_name, message->msg_namelen);
	while (is_self_connected(pin, &peer)) {
		call->self_connects++;
		call->stuck = !undo_self_connect(pin);
		/* After a signal, another attempt could wait once more. */
		if (call->stuck || outcome == EINTR)
			return ECONNREFUSED;
		if (call->self_connects > settings.value[RETRIES])
			return !kernel_refuses(call, pin) ? ECONNREFUSED
			       : outcome		  ? EINPROGRESS
							  : 0;
		*result = repeat(call, pin);
		outcome = *result < 0 ? errno : 0;
	}
	/* Only a retry needs a second port, so finding none is a refusal too. */
	return call->self_connects > 0 && outcome == EADDRNOTAVAIL ? ECONNREFUSED : outcome;
}

__attribute__((cold)) ssize_t look_after(struct call *call, ssize_t result)
{
	int outcome = result < 0 ? errno : 0;

	if (is_suspect(call, outcome)) {
		/* Not 0 to 2: if one of these is closed, the program may expect to open it next. */
		long duplicate = system_call(SYS_fcntl, call->fd, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
		/* At the limit of open files there is no pin, and the descriptor itself is used. */
		outcome =
			step_in(call, duplicate < 0 ? call->fd : (int)duplicate, &result, outcome);
		if (duplicate >= 0)
			system_call(SYS_close, duplicate, 0, 0, 0, 0, 0);
	}
	if (call->self_connects > 0)
		report(call, outcome);
	errno = outcome ? outcome : call->caller_errno;
	return outcome ? -1 : result;
}

int noselfconn_connect(int fd, const struct sockaddr *destination, socklen_t length)
{
	int caller_errno = errno;
	int result = libc_connect(fd, destination, length);
	int outcome = result < 0 ? errno : 0;

	if (!is_under_way(outcome) ||
	    !has_local_port(fd, port_of(destination, length), outcome ? outcome : caller_errno))
		return result;

	struct msghdr named = {.msg_name = (void *)destination, .msg_namelen = length};
	struct call call = {.fd = fd, .message = &named, .caller_errno = caller_errno};
	return (int)look_after(&call, result);
}
