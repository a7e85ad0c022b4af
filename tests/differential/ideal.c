/*
 * After a self-connect in the plain run and a refusal in the other, the rest of a sequence could
 * not be compared. So the plain worker also keeps the library's promise, by other means: it
 * examines the socket after every call, whatever the result, and asks the kernel for the peer.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

bool is_tcp(int fd)
{
	int protocol = option_of(fd, SOL_SOCKET, SO_PROTOCOL);

	return option_of(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

static bool is_closed(int fd)
{
	struct tcp_info info = {.tcpi_state = TCP_CLOSE};
	socklen_t length = sizeof info;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
	return info.tcpi_state == TCP_CLOSE || info.tcpi_state == TCP_LISTEN;
}

/*
 * Unlike getpeername(), SO_PEERNAME names the peer in SYN_SENT (inet_getname(), peer == 2), and
 * until somebody asks for the result of the handshake.
 */
static bool read_names(int fd, union address *local, union address *peer)
{
	socklen_t length = sizeof *local;

	*local = *peer = (union address){0};
	if (!is_tcp(fd) || getsockname(fd, &local->any, &length) != 0)
		return false;
	length = local->family == AF_INET ? sizeof local->v4 : sizeof local->v6;
	return getsockopt(fd, SOL_SOCKET, SO_PEERNAME, peer, &length) == 0;
}

bool has_peer(int fd)
{
	union address local;
	union address peer;

	return read_names(fd, &local, &peer);
}

/* A closed socket does not count, because it keeps its names after a refusal or a reset. */
static bool is_own_peer(int fd)
{
	union address local;
	union address peer;

	if (!read_names(fd, &local, &peer) || local.v4.sin_port != peer.v4.sin_port ||
	    is_closed(fd))
		return false;
	return local.family == AF_INET ? local.v4.sin_addr.s_addr == peer.v4.sin_addr.s_addr
				       : memcmp(&local.v6.sin6_addr, &peer.v6.sin6_addr,
						sizeof local.v6.sin6_addr) == 0;
}

static bool is_wildcard(const union address *address)
{
	const struct in6_addr *v6 = &address->v6.sin6_addr;

	if (address->family == AF_INET)
		return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr32[3] == 0);
}

/*
 * After shutdown() a connection ends as soon as data arrive or are sent, too early for a look after
 * the call. But nobody other than the socket itself can be at its own port. sendmmsg() does not
 * report the errors of messages after the first.
 */
static bool has_ended_itself(const struct call *call, int fd, long result, int error)
{
	bool ended = result < 0 ? error == ECONNRESET || error == ECONNABORTED
				: call->operation == SENDMMSG && result > 0;
	union address local = {0};
	union address destination;
	socklen_t length = sizeof local;

	make_address(&destination, &hosts[call->host], call->port);
	return ended && is_tcp(fd) && getsockname(fd, &local.any, &length) == 0 &&
	       local.v4.sin_port == destination.v4.sin_port &&
	       (is_wildcard(&local) || is_wildcard(&destination) ||
		memcmp(&local, &destination, length) == 0);
}

static void undo(int fd)
{
	static const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

	connect(fd, &unspecified, sizeof unspecified);
	option_of(fd, SOL_SOCKET, SO_ERROR);
}

static bool is_non_blocking(const struct call *call, int fd)
{
	return (is_fast_open(call) && send_flags[call->other] & MSG_DONTWAIT) ||
	       fcntl(fd, F_GETFL) & O_NONBLOCK;
}

/*
 * No kernel refuses a non-blocking call at once, so it is made again, to port 0, where nobody
 * listens. With TCP_FASTOPEN_CONNECT the SYN waits for data, and on an IPv6 socket that was once
 * refused at a mapped address the kernel does not hear of a refusal at ::1.
 */
static long refuse(const struct call *call, int fd)
{
	if (is_non_blocking(call, fd)) {
		to_port_0 = true;
		long result = perform(call);
		to_port_0 = false;
		if (is_closed(fd))
			return result;
		undo(fd);
	}
	errno = ECONNREFUSED;
	return -1;
}

long without_self_connect(const struct call *call, long result, struct record *record,
			  bool had_peer)
{
	int fd = descriptor_of(call->slot);
	int before = record->error;
	int error = errno;

	while (is_own_peer(fd)) {
		undo(fd);
		errno = before;
		/* After a signal, another attempt would wait again. */
		result = ++record->self_connects > RETRIES || error == EINTR ? refuse(call, fd)
									     : perform(call);
		error = errno;
	}
	if (record->self_connects > 0 && error == EADDRNOTAVAIL)
		error = ECONNREFUSED;
	record->ended_itself = !had_peer && has_ended_itself(call, fd, result, error);
	errno = error;
	return result;
}
