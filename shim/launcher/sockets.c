/* Reads the TCP sockets that /proc lists. */
#include "launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORD = 8, V4 = WORD, V6 = 4 * WORD };

static bool take_number(const char **text, int base, uint64_t *number)
{
	char *end;
	const char *start = *text;

	*number = strtoull(start, &end, base);
	*text = end;
	return end != start;
}

static bool take_character(const char **text, char character)
{
	return *(*text)++ == character;
}

/*
 * The kernel prints an address as words of the machine, "%08X" of the bytes as they are in memory
 * (get_tcp4_sock(), net/ipv4/tcp_ipv4.c): 127.0.0.1 is 0100007F, or 7F000001 on a big-endian one.
 */
static void read_words(uint32_t *words, const char *text, size_t length)
{
	char word[WORD + 1] = "";

	for (size_t i = 0; i < length; i += WORD) {
		memcpy(word, text + i, WORD);
		*words++ = (uint32_t)strtoul(word, NULL, 16);
	}
}

static bool take_endpoint(const char **text, union endpoint *endpoint)
{
	const char *address = *text + strspn(*text, " ");
	size_t length = strspn(address, "0123456789ABCDEF");
	uint64_t port;

	*text = address + length;
	*endpoint = (union endpoint){0};
	if ((length != V4 && length != V6) || !take_character(text, ':') ||
	    !take_number(text, 16, &port))
		return false;
	endpoint->family = length == V4 ? AF_INET : AF_INET6;
	endpoint->v4.sin_port = htons((uint16_t)port);
	read_words(length == V4 ? &endpoint->v4.sin_addr.s_addr : endpoint->v6.sin6_addr.s6_addr32,
		   address, length);
	return true;
}

/*
 * The columns are sl, local_address, rem_address, st, queues, tr and tm->when, retrnsmt, uid,
 * timeout and inode.
 */
bool read_tcp_line(struct tcp_socket *socket, const char *line)
{
	uint64_t ignored;
	uint64_t state;
	uint64_t timer;
	uint64_t user;

	if (!take_number(&line, 10, &ignored) || !take_character(&line, ':') ||
	    !take_endpoint(&line, &socket->local) || !take_endpoint(&line, &socket->peer) ||
	    !take_number(&line, 16, &state) || !take_number(&line, 16, &ignored) ||
	    !take_character(&line, ':') || !take_number(&line, 16, &ignored) ||
	    !take_number(&line, 16, &ignored) || !take_character(&line, ':') ||
	    !take_number(&line, 16, &timer) || !take_number(&line, 16, &ignored) ||
	    !take_number(&line, 10, &user) || !take_number(&line, 10, &ignored) ||
	    !take_number(&line, 10, &socket->inode))
		return false;
	socket->state = (unsigned int)state;
	socket->timer = (unsigned long)timer;
	socket->user = (uid_t)user;
	return socket->local.family == socket->peer.family;
}

bool is_own_peer(const struct tcp_socket *socket)
{
	return socket->state != TCP_LISTEN && socket->local.v4.sin_port != 0 &&
	       same_endpoint(&socket->local, &socket->peer);
}

const char *endpoint_text(const union endpoint *endpoint, char text[ENDPOINT_TEXT])
{
	bool is_v6 = endpoint->family == AF_INET6;
	const void *address = is_v6 ? (const void *)&endpoint->v6.sin6_addr
				    : (const void *)&endpoint->v4.sin_addr;
	char host[INET6_ADDRSTRLEN];

	inet_ntop(endpoint->family, address, host, sizeof host);
	snprintf(text, ENDPOINT_TEXT, is_v6 ? "[%s]:%u" : "%s:%u", host,
		 ntohs(endpoint->v4.sin_port));
	return text;
}

const char *state_name(unsigned int state)
{
	static const char names[][12] = {
		[TCP_ESTABLISHED] = "ESTABLISHED",
		[TCP_SYN_SENT] = "SYN_SENT",
		[TCP_SYN_RECV] = "SYN_RECV",
		[TCP_FIN_WAIT1] = "FIN_WAIT1",
		[TCP_FIN_WAIT2] = "FIN_WAIT2",
		[TCP_TIME_WAIT] = "TIME_WAIT",
		[TCP_CLOSE] = "CLOSE",
		[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_LAST_ACK] = "LAST_ACK",
		[TCP_LISTEN] = "LISTEN",
		[TCP_CLOSING] = "CLOSING",
	};

	return state < sizeof names / sizeof *names && *names[state] ? names[state] : "-";
}

static bool add_socket(struct socket_list *list, const struct tcp_socket *socket)
{
	void *larger = reallocarray(list->sockets, list->count + 1, sizeof *socket);

	if (!larger)
		return false;
	list->sockets = larger;
	list->sockets[list->count++] = *socket;
	return true;
}

static bool read_lines(struct socket_list *list, FILE *table,
		       bool (*is_wanted)(const struct tcp_socket *socket))
{
	char *line = NULL;
	size_t size = 0;
	struct tcp_socket socket = {0};
	bool good = getline(&line, &size, table) >= 0; /* the names of the columns */

	while (good && (errno = 0, getline(&line, &size, table) >= 0)) {
		good = read_tcp_line(&socket, line);
		if (!good)
			errno = EBADMSG;
		else if (is_wanted(&socket))
			good = add_socket(list, &socket);
	}
	free(line);
	return good && errno == 0;
}

FILE *open_of(const char *process, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/%s", process, name);
	return fopen(path, "re");
}

static bool read_table(struct socket_list *list, const char *process, const char *name,
		       bool (*is_wanted)(const struct tcp_socket *socket))
{
	FILE *table = open_of(process, name);
	int error;
	bool good;

	if (!table)
		return false;
	good = read_lines(list, table, is_wanted);
	error = errno;
	fclose(table);
	errno = error;
	return good;
}

/* A kernel without IPv6 has no tcp6. If the process has ended, net/tcp is missing too. */
static bool has_only_ipv4(const char *process)
{
	FILE *table;

	if (errno != ENOENT || !(table = open_of(process, "net/tcp")))
		return false;
	fclose(table);
	return true;
}

bool list_sockets(struct socket_list *list, const char *process,
		  bool (*is_wanted)(const struct tcp_socket *socket))
{
	size_t count = list->count;

	if (read_table(list, process, "net/tcp", is_wanted) &&
	    (read_table(list, process, "net/tcp6", is_wanted) || has_only_ipv4(process)))
		return true;
	list->count = count;
	return false;
}

void keep_port(struct socket_list *list, uint16_t port)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->sockets[i].local.v4.sin_port == htons(port))
			list->sockets[kept++] = list->sockets[i];
	list->count = kept;
}

DIR *open_descriptors(const char *process)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/fd", process);
	return opendir(path);
}

bool next_socket(DIR *descriptors, int *fd, uint64_t *inode)
{
	static const char socket[] = "socket:[";
	const struct dirent *entry;
	char link[64];

	while ((entry = readdir(descriptors))) {
		ssize_t length =
			readlinkat(dirfd(descriptors), entry->d_name, link, sizeof link - 1);
		link[length > 0 ? length : 0] = '\0';
		if (strncmp(link, socket, strlen(socket)) == 0) {
			*inode = strtoull(link + strlen(socket), NULL, 10);
			*fd = (int)strtol(entry->d_name, NULL, 10);
			return true;
		}
	}
	return false;
}
