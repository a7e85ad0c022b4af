/* --risk: lists the servers on whose port a client of this network namespace can meet itself. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOT_AT_RISK = 0, AT_RISK = 2 };

enum { TRIES_A_SECOND = 10, SYSCTL_SIZE = 4000 };

static const char range_file[] = "/proc/sys/net/ipv4/ip_local_port_range";
static const char reserved_file[] = "/proc/sys/net/ipv4/ip_local_reserved_ports";

/* The longest list has ranges of two ports, with 12 characters for every three ports. */
enum { LONGEST_LIST = 4 * PORTS };

/*
 * One read(), large enough for all: the kernel cuts the list of reserved ports to the size of the
 * first, and a second one gets nothing (proc_do_large_bitmap(), kernel/sysctl.c).
 */
static const char *read_sysctl(const char *path)
{
	static char text[LONGEST_LIST + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, LONGEST_LIST);

	if (length < 0)
		fail(UNKNOWN, "cannot read %s: %s", path, strerror(errno));
	close(fd);
	text[length] = '\0';
	return text;
}

static void read_ephemeral_ports(struct ephemeral_ports *ports)
{
	const char *text = read_sysctl(range_file);
	char *second;

	ports->low = (unsigned int)strtoul(text, &second, 10);
	ports->high = (unsigned int)strtoul(second, NULL, 10);
	if (ports->low == 0 || ports->low > ports->high || ports->high >= PORTS)
		fail(UNKNOWN, "%s: %s: expected two ports", range_file, text);
	text = read_sysctl(reserved_file);
	if (!read_port_list(ports->reserved, text))
		fail(UNKNOWN, "%s: %s: expected a list of ports", reserved_file, text);
}

static unsigned int port_of(const union endpoint *endpoint)
{
	return ntohs(endpoint->v4.sin_port);
}

/* Whether a client still waits for an answer from an address of this host. */
static bool is_trying(const struct tcp_socket *socket)
{
	union endpoint peer = socket->peer;

	peer.v4.sin_port = socket->local.v4.sin_port;
	return socket->state == TCP_SYN_SENT && same_endpoint(&socket->local, &peer);
}

static bool is_concerned(const struct tcp_socket *socket)
{
	return socket->state == TCP_LISTEN || is_own_peer(socket) || is_trying(socket);
}

static int by_port(const void *a, const void *b)
{
	const struct tcp_socket *left = a;
	const struct tcp_socket *right = b;

	if (port_of(&left->local) != port_of(&right->local))
		return port_of(&left->local) < port_of(&right->local) ? -1 : 1;
	return (right->state == TCP_LISTEN) - (left->state == TCP_LISTEN);
}

/* Keeps the sockets of the launcher's network namespace that concern an ephemeral port. */
static void keep_concerned(struct socket_list *list, const struct ephemeral_ports *ports)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->sockets[i].network == 0 &&
		    is_ephemeral(ports, port_of(list->sockets[i].state == TCP_LISTEN
							? &list->sockets[i].local
							: &list->sockets[i].peer)))
			list->sockets[kept++] = list->sockets[i];
	list->count = kept;
	find_holders(list);
	if (list->count > 0)
		qsort(list->sockets, list->count, sizeof *list->sockets, by_port);
}

static void print_program(const struct tcp_socket *socket)
{
	char name[PROGRAM_NAME];

	if (*socket->process)
		printf("%s (process %s)", program_name(socket->process, name), socket->process);
	else
		printf("an unknown program");
}

static void print_chance(double tries)
{
	double seconds = tries / TRIES_A_SECOND;

	if (tries == 1)
		printf("every try connects to itself");
	else if (seconds < 120)
		printf("one try in %.*f connects to itself: at ten tries a second, after %.1f "
		       "seconds on average",
		       tries < TRIES_A_SECOND ? 1 : 0, tries, seconds);
	else
		printf("one try in %.0f connects to itself: at ten tries a second, after %.0f "
		       "minutes on average",
		       tries, seconds / 60);
}

static void print_chances(const struct chance *chance, bool has_own_source)
{
	if (chance->connect > 0 && has_own_source) {
		printf("  if the server stops, ");
		print_chance(chance->connect);
	} else if (chance->bound > 0) {
		printf("  if the server stops, for a client that binds %s address first, ",
		       has_own_source ? "an" : "this");
		print_chance(chance->bound);
		printf("; for others %s",
		       has_own_source ? "only when all ports of the other parity are in use"
				      : "never");
	} else if (!has_own_source) {
		printf("  if the server stops, only a client that binds this address first can get "
		       "its port, and only when others are in use");
	} else {
		printf("  if the server stops, a client gets its port only when others are in use");
	}
	putchar('\n');
}

/*
 * Whether a connection to this address gets it as its source too, without which there is no
 * self-connect. For 127.0.0.2 the kernel chooses 127.0.0.1, and for a second address of a subnet
 * the first one. A UDP socket asks it without sending anything.
 */
static bool is_own_source(const union endpoint *address)
{
	union endpoint source = {0};
	union endpoint peer = {0};
	socklen_t size = sizeof source;
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_known = connect(fd, &address->any, sizeof *address) == 0 &&
			getsockname(fd, &source.any, &size) == 0 &&
			getpeername(fd, &peer.any, &size) == 0;

	close(fd);
	source.v4.sin_port = peer.v4.sin_port;
	return !is_known || same_endpoint(&source, &peer);
}

/* How many sockets, from this one on, listen on the same port. */
static size_t count_of_port(const struct socket_list *list, size_t first)
{
	size_t end = first + 1;

	while (end < list->count && list->sockets[end].state == TCP_LISTEN &&
	       list->sockets[end].local.v4.sin_port == list->sockets[first].local.v4.sin_port)
		end++;
	return end - first;
}

static void print_server(const struct socket_list *list, size_t first,
			 const struct ephemeral_ports *ports)
{
	const struct tcp_socket *socket = &list->sockets[first];
	size_t count = count_of_port(list, first);
	struct chance chance = chance_of(ports, port_of(&socket->local));
	bool has_own_source = false;
	char address[ENDPOINT_TEXT];

	printf("at risk: port %u, where ", port_of(&socket->local));
	print_program(socket);
	printf(" listens on %s", endpoint_text(&socket->local, address));
	if (count > 1)
		printf(" and %zu more sockets", count - 1);
	putchar('\n');
	for (size_t i = first; i < first + count; i++)
		has_own_source = has_own_source || is_own_source(&list->sockets[i].local);
	print_chances(&chance, has_own_source);
}

static void print_client(const struct tcp_socket *socket)
{
	char address[ENDPOINT_TEXT];

	printf("%s: %s, by ", is_own_peer(socket) ? "connected to itself" : "no answer yet",
	       endpoint_text(&socket->peer, address));
	print_program(socket);
	putchar('\n');
}

static bool has_server(const struct socket_list *list, unsigned int port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->sockets[i].state == TCP_LISTEN &&
		    port_of(&list->sockets[i].local) == port)
			return true;
	return false;
}

/* Returns whether there was a finding, and adds the ports concerned to those to be reserved. */
static bool print_findings(const struct socket_list *list, const struct ephemeral_ports *ports,
			   bool to_reserve[PORTS])
{
	bool found = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct tcp_socket *socket = &list->sockets[i];
		unsigned int port = port_of(&socket->local);
		if (socket->state == TCP_LISTEN) {
			if (!to_reserve[port])
				print_server(list, i, ports);
		} else {
			port = port_of(&socket->peer);
			if (!is_own_peer(socket) && has_server(list, port))
				continue;
			print_client(socket);
		}
		to_reserve[port] = true;
		found = true;
	}
	return found;
}

static void print_where_to_move(const struct ephemeral_ports *ports)
{
	if (ports->low > 1 && ports->high < PORTS - 1)
		printf("a port below %u or above %u", ports->low, ports->high);
	else if (ports->low > 1)
		printf("a port below %u", ports->low);
	else if (ports->high < PORTS - 1)
		printf("a port above %u", ports->high);
	else
		printf("a port outside net.ipv4.ip_local_port_range, after making that smaller");
}

/* The kernel takes one page of a list at a time, and sysctl(8) does not write the rest. */
static void print_reservation(const bool ports[PORTS])
{
	char *list = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&list, &size);

	print_port_list(ports, file);
	fclose(file);
	if (size < SYSCTL_SIZE)
		printf("     sysctl -w net.ipv4.ip_local_reserved_ports=%s", list);
	else
		printf("     net.ipv4.ip_local_reserved_ports=%s\n"
		       "     with systemd-sysctl(8), since sysctl(8) cuts off so long a list",
		       list);
	free(list);
}

static void print_remedies(const struct ephemeral_ports *ports, bool to_reserve[PORTS])
{
	unsigned int left = 0;

	printf("Any of these is a cure, best first:\n"
	       "  1. move the server to ");
	print_where_to_move(ports);
	printf("\n  2. reserve all these ports, and for the next boot in /etc/sysctl.d too:\n");
	for (unsigned int port = 0; port < PORTS; port++) {
		to_reserve[port] = to_reserve[port] || ports->reserved[port];
		left += port >= ports->low && port <= ports->high && !to_reserve[port];
	}
	print_reservation(to_reserve);
	if (left == 0)
		printf("\n     but that leaves no port for clients: make the range larger first");
	printf("\n  3. run its clients under noselfconn(1), or set the host rule, "
	       "noselfconn-host(8)\n");
}

static bool has_ports(const bool ports[PORTS])
{
	for (unsigned int port = 0; port < PORTS; port++)
		if (ports[port])
			return true;
	return false;
}

static void print_no_risk(const struct ephemeral_ports *ports)
{
	printf("not at risk: no server listens on a port that the kernel gives to clients, %u to "
	       "%u",
	       ports->low, ports->high);
	if (has_ports(ports->reserved)) {
		printf(" except ");
		print_port_list(ports->reserved, stdout);
	}
	putchar('\n');
}

static void print_limits(const struct host *host)
{
	printf("Not visible: servers that are not running, and clients that are refused at "
	       "once.\n");
	if (host->network_count > 1)
		printf("Not examined: other network namespaces (%zu), which have their own "
		       "settings: nsenter -n -t %s noselfconn --risk\n",
		       host->network_count - 1, host->networks[1].process);
}

static int report(struct host *host, const struct ephemeral_ports *ports)
{
	static bool to_reserve[PORTS];
	bool is_at_risk;

	keep_concerned(&host->sockets, ports);
	is_at_risk = print_findings(&host->sockets, ports, to_reserve);
	if (is_at_risk)
		print_remedies(ports, to_reserve);
	else
		print_no_risk(ports);
	print_limits(host);
	return is_at_risk ? AT_RISK : NOT_AT_RISK;
}

int risk(const struct options *options)
{
	static struct ephemeral_ports ports;
	struct host host;
	int status = UNKNOWN;

	(void)options;
	read_ephemeral_ports(&ports);
	if (look_at_host(&host, is_concerned))
		status = report(&host, &ports);
	free_host(&host);
	return status;
}
