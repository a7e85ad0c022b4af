/* Detects whether a socket is connected to itself. */
#include "core.h"

#include <errno.h>
#include <linux/net.h>
#include <netinet/tcp.h>

#ifndef IPPROTO_MPTCP
enum { IPPROTO_MPTCP = 262 };
#endif

bool read_endpoint(union endpoint *endpoint, const void *address, socklen_t length)
{
	if (!address || length < sizeof endpoint->v4)
		return false;
	if (length > sizeof *endpoint)
		length = sizeof *endpoint;
	*endpoint = (union endpoint){0};
	for (socklen_t i = 0; i < length; i++)
		((char *)endpoint)[i] = ((const char *)address)[i];
	return endpoint->family == AF_INET || endpoint->family == AF_INET6;
}

bool same_endpoint(const union endpoint *a, const union endpoint *b)
{
	if (a->family != b->family || a->v4.sin_port != b->v4.sin_port)
		return false;
	if (a->family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->family == AF_INET6 && IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

static bool is_tcp(int fd)
{
	int type;
	int protocol;

	return get_option(fd, SOL_SOCKET, SO_TYPE, &type, sizeof type) && type == SOCK_STREAM &&
	       get_option(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, sizeof protocol) &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/*
 * Asks the kernel for the peer, because only the kernel knows which address a wildcard became.
 * getpeername() fails with ENOTCONN in SYN_SENT. SO_PEERNAME does not (inet_getname(), peer != 1),
 * but rejects a length above that of the address (sk_getsockopt()). qemu-user has no SO_PEERNAME.
 * There *peer stays unchanged until getpeername() succeeds.
 */
static bool read_peer(int fd, sa_family_t family, union endpoint *peer)
{
	socklen_t length = family == AF_INET ? sizeof peer->v4 : sizeof peer->v6;

	if (get_option(fd, SOL_SOCKET, SO_PEERNAME, peer, length))
		return true;
	if (errno == ENOTCONN)
		return false;
	socket_call(SYS_GETPEERNAME, fd, (long)peer, (long)&length, 0, 0, 0);
	return true;
}

/* MPTCP sockets have TCP_INFO since Linux 5.16. */
bool is_closed(int fd)
{
	uint8_t state; /* the first member of struct tcp_info */

	return get_option(fd, IPPROTO_TCP, TCP_INFO, &state, sizeof state) && state == TCP_CLOSE;
}

/* A refused socket keeps both addresses of its last attempt, so its state matters too. */
bool is_self_connected(int fd, union endpoint *peer)
{
	union endpoint local;
	socklen_t length = sizeof local;

	return is_tcp(fd) &&
	       socket_call(SYS_GETSOCKNAME, fd, (long)&local, (long)&length, 0, 0, 0) == 0 &&
	       read_peer(fd, local.family, peer) && same_endpoint(&local, peer) && !is_closed(fd);
}
