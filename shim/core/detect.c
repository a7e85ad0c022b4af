/* Is this socket its own peer? */
#include "core.h"

#include <errno.h>
#include <string.h>

#ifndef IPPROTO_MPTCP
enum { IPPROTO_MPTCP = 262 };
#endif

/* The kernel accepts an IPv6 address without scope: SIN6_LEN_RFC2133 in net/ipv6/af_inet6.c. */
enum { IN6_LENGTH_WITHOUT_SCOPE = 24 };

static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

bool read_destination(union endpoint *destination, const struct msghdr *message)
{
	socklen_t length = message->msg_namelen;
	sa_family_t family;

	if (!message->msg_name || length < sizeof destination->v4)
		return false;
	memcpy(&family, message->msg_name, sizeof family);
	if (family != AF_INET && (family != AF_INET6 || length < IN6_LENGTH_WITHOUT_SCOPE))
		return false;
	*destination = (union endpoint){0};
	memcpy(destination, message->msg_name,
	       length < sizeof *destination ? length : sizeof *destination);
	return true;
}

static struct in6_addr mapped(in_addr_t v4)
{
	struct in6_addr address = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	memcpy(&address.s6_addr[12], &v4, sizeof v4);
	return address;
}

static struct in6_addr in6_of(const union endpoint *endpoint)
{
	return endpoint->family == AF_INET ? mapped(endpoint->v4.sin_addr.s_addr)
					   : endpoint->v6.sin6_addr;
}

static bool is_inet(const union endpoint *endpoint)
{
	return endpoint->family == AF_INET || endpoint->family == AF_INET6;
}

static bool equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/*
 * Where the kernel really connects to:
 * - 0.0.0.0 becomes the source address (ip_route_output_key_hash_rcu(), net/ipv4/route.c), and so
 *   does ::ffff:0.0.0.0, which tcp_v6_connect() hands to tcp_v4_connect();
 * - :: becomes the loopback address of the family that the source address is of, whatever that
 *   address is (tcp_v6_connect(), net/ipv6/tcp_ipv6.c).
 */
static struct in6_addr real_destination(const struct in6_addr *local, struct in6_addr destination)
{
	struct in6_addr mapped_any = mapped(htonl(INADDR_ANY));

	if (equal(&destination, &mapped_any))
		return *local;
	if (IN6_IS_ADDR_UNSPECIFIED(&destination))
		return IN6_IS_ADDR_V4MAPPED(local) ? mapped(htonl(INADDR_LOOPBACK)) : loopback;
	return destination;
}

/*
 * A scope is not compared: the kernel lets a socket connect to a link-local address only in the
 * scope that it is itself bound to (tcp_v6_connect()), and the caller may have left it out.
 */
bool same_endpoint(const union endpoint *local, const union endpoint *destination)
{
	/* sin_port and sin6_port are the same bytes. */
	if (local->v4.sin_port != destination->v4.sin_port || !is_inet(local) ||
	    !is_inet(destination))
		return false;

	struct in6_addr from = in6_of(local);
	struct in6_addr to = real_destination(&from, in6_of(destination));
	return equal(&from, &to);
}

bool is_tcp(int fd)
{
	int type;
	int protocol;
	socklen_t length = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM)
		return false;
	length = sizeof protocol;
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/*
 * A connect() that only waits for an earlier one to end ignores its address
 * (__inet_stream_connect(), SS_CONNECTING), so the destination that we were given need not be the
 * peer. Unlike getpeername(), SO_PEERNAME tells in SYN_SENT too (inet_getname(), peer != 1), where
 * ENOTCONN stands for a peer with port 0, but takes no length above the address's.
 */
static bool has_another_peer(int fd, const union endpoint *local)
{
	union endpoint peer;
	socklen_t length = local->family == AF_INET ? sizeof peer.v4 : sizeof peer.v6;

	return getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &peer, &length) == 0
		       ? !same_endpoint(local, &peer)
		       : errno == ENOTCONN;
}

bool is_self_connected(int fd, const union endpoint *destination)
{
	union endpoint local;
	socklen_t length = sizeof local;

	/* The port is final as soon as the SYN is sent, so this one look is enough. */
	return getsockname(fd, &local.any, &length) == 0 && same_endpoint(&local, destination) &&
	       is_tcp(fd) && !has_another_peer(fd, &local);
}
