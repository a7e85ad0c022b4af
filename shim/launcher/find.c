/* --find: lists the sockets of this host that are connected to themselves. */
#include "launcher.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NONE = 0, FOUND = 2 };

enum { COLUMN = 300 };

/* The field with this number in a line of /proc/PID/stat, proc_pid_stat(5); 0 if it is missing. */
static unsigned long long stat_field(const char *line, int number)
{
	/* The second field, the program's name in parentheses, can contain any character. */
	const char *field = strrchr(line, ')');

	for (int i = 2; field && i < number; i++)
		field = strchr(field + 1, ' ');
	return field ? strtoull(field, NULL, 10) : 0;
}

/* Tells in seconds how long the process has run. Returns false if it has ended. */
static bool age_of(const char *process, unsigned long long *age)
{
	enum { START_TIME = 22 };
	char line[1024];
	struct timespec now;
	FILE *file = open_of(process, "stat");
	bool read = file && fgets(line, sizeof line, file);

	if (file)
		fclose(file);
	if (!read)
		return false;
	clock_gettime(CLOCK_BOOTTIME, &now);
	*age = (unsigned long long)now.tv_sec -
	       stat_field(line, START_TIME) / (unsigned long)sysconf(_SC_CLK_TCK);
	return true;
}

/*
 * How long TIME_WAIT still lasts, else how long the process has run: no file of /proc says since
 * when a socket has been connected.
 */
static const char *time_text(const struct tcp_socket *socket, char text[COLUMN])
{
	unsigned long long age;

	if (socket->state == TCP_TIME_WAIT)
		snprintf(text, COLUMN, "left:%lus",
			 socket->timer / (unsigned long)sysconf(_SC_CLK_TCK));
	else if (*socket->process && age_of(socket->process, &age))
		snprintf(text, COLUMN, "runs:%llus", age);
	else
		strcpy(text, "-");
	return text;
}

/*
 * The container or the unit of a process. A process has a path in each hierarchy of cgroups(7); the
 * last part of the longest one is the name.
 */
static void unit_text(const char *process, char text[COLUMN])
{
	char line[4096];
	size_t longest = strlen("/");
	FILE *file = open_of(process, "cgroup");

	*text = '\0';
	while (file && fgets(line, sizeof line, file)) {
		const char *path = strchr(line, '/');
		line[strcspn(line, "\n")] = '\0';
		if (path && strlen(path) > longest) {
			longest = strlen(path);
			snprintf(text, COLUMN, "%s", strrchr(path, '/') + 1);
		}
	}
	if (file)
		fclose(file);
	as_word(text);
}

/* "own", or the network namespace as "ls -l /proc/PID/ns" shows it, or "-" if that is denied. */
static const char *network_text(const struct host *host, size_t network, char text[COLUMN])
{
	char path[64];
	ssize_t length;

	if (network == 0)
		return strcpy(text, "own");
	snprintf(path, sizeof path, "/proc/%s/ns/net", host->networks[network].process);
	length = readlink(path, text, COLUMN - 1);
	strcpy(text + (length > 0 ? length : 0), length > 0 ? "" : "-");
	return text;
}

static const char row[] = "%-*s %-11s %-11s %7s %4s %-15s %-17s %s\n";

static void print_socket(const struct host *host, const struct tcp_socket *socket, int width)
{
	char address[ENDPOINT_TEXT];
	char time[COLUMN];
	char fd[COLUMN] = "-";
	char program[PROGRAM_NAME + 16] = "-";
	char network[COLUMN];
	char unit[COLUMN] = "-";
	const char *process = *socket->process ? socket->process : "-";

	if (*socket->process) {
		snprintf(fd, sizeof fd, "%d", socket->fd);
		program_name(process, program);
		unit_text(process, unit);
	} else if (socket->network != 0) {
		unit_text(host->networks[socket->network].process, unit);
	}
	if (socket->holders > 1)
		snprintf(program + strlen(program), 16, "+%u", socket->holders - 1);
	printf(row, width, endpoint_text(&socket->local, address), state_name(socket->state),
	       time_text(socket, time), process, fd, program,
	       network_text(host, socket->network, network), unit);
}

static int by_address(const void *a, const void *b)
{
	const struct tcp_socket *left = a;
	const struct tcp_socket *right = b;
	int ports = ntohs(left->local.v4.sin_port) - ntohs(right->local.v4.sin_port);
	char texts[2][ENDPOINT_TEXT];

	if (ports != 0)
		return ports;
	if (left->network != right->network)
		return left->network < right->network ? -1 : 1;
	return strcmp(endpoint_text(&left->local, texts[0]),
		      endpoint_text(&right->local, texts[1]));
}

static int widest_address(const struct socket_list *list)
{
	char text[ENDPOINT_TEXT];
	size_t widest = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t width = strlen(endpoint_text(&list->sockets[i].local, text));
		if (width > widest)
			widest = width;
	}
	return (int)widest;
}

static void print_all(struct host *host)
{
	bool are_unknown = false;
	int width;

	find_holders(&host->sockets);
	qsort(host->sockets.sockets, host->sockets.count, sizeof *host->sockets.sockets,
	      by_address);
	width = widest_address(&host->sockets);
	printf(row, width, "ADDRESS", "STATE", "TIME", "PID", "FD", "PROGRAM", "NETWORK", "UNIT");
	for (size_t i = 0; i < host->sockets.count; i++) {
		const struct tcp_socket *socket = &host->sockets.sockets[i];
		print_socket(host, socket, width);
		are_unknown = are_unknown || (socket->inode != 0 && socket->holders == 0);
	}
	if (!are_unknown)
		return;
	fflush(stdout);
	fprintf(stderr,
		"noselfconn: the sockets without PID are open in no process that you may "
		"examine%s\n",
		geteuid() == 0 ? "" : ": ask root");
}

static int report(struct host *host, const char *port)
{
	if (host->sockets.count > 0) {
		print_all(host);
		return FOUND;
	}
	printf("no socket%s%s is connected to itself in the %zu network namespace%s that processes "
	       "live in%s\n",
	       port ? " of port " : "", port ? port : "", host->network_count,
	       host->network_count == 1 ? "" : "s",
	       host->is_complete ? "" : "; others could not be looked at");
	return host->is_complete ? NONE : UNKNOWN;
}

int find(const struct options *options)
{
	const char *given = options->operands[0];
	struct host host;
	uint16_t port;
	int status = UNKNOWN;

	if (given && !read_port(given, &port))
		fail(OWN_FAILURE, "--find %s: expected a port from 1 to 65535", given);
	if (look_at_host(&host, is_own_peer)) {
		if (given)
			keep_port(&host.sockets, port);
		status = report(&host, given);
	}
	free_host(&host);
	return status;
}
