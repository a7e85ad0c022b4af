/* --free: ends the self-connected sockets that hold a port. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREE = 0, TAKEN = 2 };

/* Older headers lack these. Every architecture uses the same numbers. */
#ifndef SYS_pidfd_open
enum { SYS_pidfd_open = 434 };
#endif
#ifndef SYS_pidfd_getfd
enum { SYS_pidfd_getfd = 438 };
#endif

static bool is_that_socket(int fd, const struct tcp_socket *socket)
{
	struct stat status;
	union endpoint peer = {0};

	return fstat(fd, &status) == 0 && status.st_ino == socket->inode &&
	       is_self_connected(fd, &peer);
}

/* Unlike undo_self_connect() this leaves the error, so that the program's next call reports it. */
static int reset(int fd)
{
	static const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};

	return connect(fd, &unspecified, sizeof unspecified) == 0 ? 0 : errno;
}

/* Resets the socket through the descriptor of its program. Returns 0 or an errno. */
static int reset_in_process(const struct tcp_socket *socket)
{
	int process = (int)syscall(SYS_pidfd_open, strtol(socket->process, NULL, 10), 0);
	int fd = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, socket->fd, 0);
	int error = errno;

	if (fd >= 0) {
		error = is_that_socket(fd, socket) ? reset(fd) : ESRCH;
		close(fd);
	}
	if (process >= 0)
		close(process);
	return error;
}

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 socket;
};

static struct request request_for(uint16_t type, uint16_t flags, sa_family_t family,
				  const struct inet_diag_sockid *id)
{
	return (struct request){
		.header = {.nlmsg_len = sizeof(struct request),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | flags},
		.socket = {.sdiag_family = (uint8_t)family,
			   .sdiag_protocol = IPPROTO_TCP,
			   .idiag_states = ~(1U << TCP_LISTEN),
			   .id = *id},
	};
}

static bool is_message_of(const struct inet_diag_msg *message, const struct tcp_socket *socket)
{
	bool is_v6 = socket->local.family == AF_INET6;
	const void *address = is_v6 ? (const void *)&socket->local.v6.sin6_addr
				    : (const void *)&socket->local.v4.sin_addr;
	size_t size = is_v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);

	return message->idiag_state != TCP_LISTEN && message->idiag_inode == socket->inode &&
	       message->id.idiag_sport == socket->local.v4.sin_port &&
	       message->id.idiag_dport == socket->local.v4.sin_port &&
	       memcmp(message->id.idiag_src, address, size) == 0 &&
	       memcmp(message->id.idiag_dst, address, size) == 0;
}

/*
 * Reads answers until a dump ends or an acknowledgement comes. If one of them is about the socket,
 * its id goes into *id. Returns 0 or an errno.
 */
static int read_answers(int netlink, const struct tcp_socket *socket, struct inet_diag_sockid *id)
{
	_Alignas(struct nlmsghdr) char buffer[32768];

	for (;;) {
		ssize_t size = recv(netlink, buffer, sizeof buffer, 0);
		if (size < 0)
			return errno;
		unsigned int left = (unsigned int)size;
		for (struct nlmsghdr *answer = (void *)buffer; NLMSG_OK(answer, left);
		     answer = NLMSG_NEXT(answer, left)) {
			if (answer->nlmsg_type == NLMSG_ERROR)
				return -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
			if (answer->nlmsg_type == NLMSG_DONE)
				return -*(int *)NLMSG_DATA(answer);
			const struct inet_diag_msg *message = NLMSG_DATA(answer);
			if (is_message_of(message, socket))
				*id = message->id;
		}
	}
}

static int ask(int netlink, const struct request *request, const struct tcp_socket *socket,
	       struct inet_diag_sockid *id)
{
	if (send(netlink, request, sizeof *request, 0) < 0)
		return errno;
	return read_answers(netlink, socket, id);
}

static int open_sock_diag(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

/*
 * Ends the socket by sock_diag(7). SOCK_DESTROY needs two values from a dump: the device, or it
 * would miss a socket that is bound to one, and the cookie, or it could hit a server that listens
 * there by now (inet_diag_find_one_icsk(), net/ipv4/inet_diag.c). Returns 0 or an errno, ESRCH if
 * there is no such socket.
 */
static int destroy(struct tcp_socket *socket)
{
	const struct inet_diag_sockid ports = {.idiag_sport = socket->local.v4.sin_port,
					       .idiag_dport = socket->local.v4.sin_port};
	struct inet_diag_sockid id = {0};
	struct request request =
		request_for(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, socket->local.family, &ports);
	int netlink = open_sock_diag();
	int error;

	if (netlink < 0)
		return errno;
	error = ask(netlink, &request, socket, &id);
	if (error == 0 && id.idiag_sport == 0)
		error = ESRCH;
	if (error == 0) {
		/* A link-local address cannot be bound without it, and it is not in /proc. */
		socket->local.v6.sin6_scope_id = id.idiag_if;
		request = request_for(SOCK_DESTROY, NLM_F_ACK, socket->local.family, &id);
		error = ask(netlink, &request, socket, &id);
		/* Another socket is there by now (ESTALE), or none (ENOENT). */
		if (error == ESTALE || error == ENOENT)
			error = ESRCH;
	}
	close(netlink);
	return error;
}

static void print_socket(const struct tcp_socket *socket)
{
	char address[ENDPOINT_TEXT];
	char program[PROGRAM_NAME];

	printf("%s %s", endpoint_text(&socket->local, address), state_name(socket->state));
	if (*socket->process)
		printf(" of %s, process %s, descriptor %d", program_name(socket->process, program),
		       socket->process, socket->fd);
}

/* sock_diag answers EINVAL before Linux 4.5, and ENOENT without the kernel module. */
static bool is_unknown_to_kernel(int error)
{
	return error == EOPNOTSUPP || error == EINVAL || error == ENOENT ||
	       error == EPROTONOSUPPORT;
}

static void say_why(const struct tcp_socket *socket, int in_process, int by_kernel)
{
	if (*socket->process)
		printf("; through its descriptor: %s", strerror(in_process));
	printf("; through sock_diag: %s", is_unknown_to_kernel(by_kernel)
						  ? "this kernel cannot do it (INET_DIAG_DESTROY, "
						    "for TIME_WAIT since Linux 6.0)"
						  : strerror(by_kernel));
	if (by_kernel == EPERM)
		printf("; ask root");
	if (socket->state == TCP_TIME_WAIT)
		printf("; it will end in %lu s",
		       socket->timer / (unsigned long)sysconf(_SC_CLK_TCK));
}

/*
 * sock_diag comes first: a program that waits in recv() then gets ECONNABORTED. A reset through the
 * descriptor would give it EPIPE since Linux 6.5 (sk_wait_event(), include/net/sock.h). outside is
 * 0, or the errno for which the network namespace could not be entered.
 */
static bool free_socket(struct tcp_socket *socket, int outside)
{
	int by_kernel = outside != 0 ? outside : destroy(socket);
	bool is_free = by_kernel == 0 || by_kernel == ESRCH;
	int in_process = ESRCH;

	if (!is_free && *socket->process) {
		in_process = reset_in_process(socket);
		is_free = in_process == 0;
	}
	printf("%s: ", by_kernel == ESRCH ? "already gone" : is_free ? "freed" : "not freed");
	print_socket(socket);
	if (!is_free)
		say_why(socket, in_process, by_kernel);
	putchar('\n');
	return is_free;
}

/* Whether a server without SO_REUSEADDR fails to bind the address. */
static bool is_taken(const union endpoint *address)
{
	int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = address->family == AF_INET ? sizeof address->v4 : sizeof address->v6;
	bool is_in_use = bind(fd, &address->any, size) != 0 && errno == EADDRINUSE;

	close(fd);
	return is_in_use;
}

static bool check_freed(const struct tcp_socket *socket)
{
	char address[ENDPOINT_TEXT];

	if (!is_taken(&socket->local))
		return true;
	printf("still taken: %s: another socket has the port, or the program bound it itself and "
	       "keeps it until it closes the socket\n",
	       endpoint_text(&socket->local, address));
	return false;
}

/* Returns 0 or an errno. */
static int enter_network_of(const char *process)
{
	char path[64];
	int fd;
	int error = 0;

	snprintf(path, sizeof path, "/proc/%s/ns/net", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (setns(fd, CLONE_NEWNET) != 0)
		error = errno;
	close(fd);
	return error;
}

static size_t index_of(const struct host *host, const char *port, const char *process)
{
	ino_t id;
	size_t i = 0;

	if (!find_network(process, &id))
		fail(OWN_FAILURE, "--free %s %s: there is no such process, or it is hidden", port,
		     process);
	while (i < host->network_count && host->networks[i].id != id)
		i++;
	if (i == host->network_count)
		fail(UNKNOWN, "--free %s %s: its network namespace was not looked at", port,
		     process);
	return i;
}

static bool free_all(const struct socket_list *list, size_t network, int outside)
{
	bool is_free = true;

	for (size_t i = 0; i < list->count; i++)
		if (list->sockets[i].network == network && !free_socket(&list->sockets[i], outside))
			is_free = false;
	for (size_t i = 0; is_free && outside == 0 && i < list->count; i++)
		if (list->sockets[i].network == network && !check_freed(&list->sockets[i]))
			is_free = false;
	return is_free;
}

static bool is_ordinary(const struct tcp_socket *socket)
{
	return !is_own_peer(socket);
}

/* An administrator who cannot start a server wants to know of other sockets too. */
static void tell_of_ordinary(const char *process, bool is_own_network, uint16_t port)
{
	struct socket_list list = {0};

	if (list_sockets(&list, process, is_ordinary))
		keep_port(&list, port);
	if (list.count > 0) {
		printf("another socket has the port; to see it: ");
		if (!is_own_network)
			printf("nsenter -n -t %s ", process);
		printf("ss -tanp 'sport = :%u'\n", port);
	}
	free(list.sockets);
}

static size_t count_in(const struct socket_list *list, size_t network)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->sockets[i].network == network;
	return count;
}

static void tell_of_others(const struct host *host, size_t network, uint16_t port)
{
	for (size_t i = 0; i < host->network_count; i++)
		if (i != network && count_in(&host->sockets, i) > 0)
			printf("left alone: %zu in another network namespace; to free them: "
			       "noselfconn --free %u %s\n",
			       count_in(&host->sockets, i), port, host->networks[i].process);
}

static int free_in(const struct host *host, size_t network, const char *process, uint16_t port)
{
	int outside = network == 0 ? 0 : enter_network_of(process);
	bool is_free;

	if (count_in(&host->sockets, network) == 0) {
		printf("no socket of port %u is connected to itself in %s network namespace\n",
		       port, network == 0 ? "this" : "that");
		tell_of_ordinary(process, network == 0, port);
	}
	is_free = free_all(&host->sockets, network, outside);
	tell_of_others(host, network, port);
	return is_free ? FREE : TAKEN;
}

int free_port(const struct options *options)
{
	const char *given = options->operands[0];
	const char *process = options->operands[1];
	struct host host;
	uint16_t port;
	size_t network = 0;
	int status = UNKNOWN;

	if (!read_port(given, &port))
		fail(OWN_FAILURE, "--free %s: expected a port from 1 to 65535", given);
	if (process && !is_process(process))
		fail(OWN_FAILURE, "--free %s %s: expected the number of a process", given, process);
	if (look_at_host(&host, is_own_peer)) {
		keep_port(&host.sockets, port);
		find_holders(&host.sockets);
		if (process)
			network = index_of(&host, given, process);
		status = free_in(&host, network, process ? process : "self", port);
	}
	free_host(&host);
	return status;
}
