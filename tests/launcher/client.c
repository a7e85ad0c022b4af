/*
 * client ADDRESS[%DEVICE] [bound] [address] [device] [mptcp] [forked] [renamed] [nameless]
 * [polling] [closed] [leaving]
 *
 * Connects to port 40000 of the address, expects to be connected to itself, prints "connected", and
 * then prints how reading from the socket ends.
 *
 * client ADDRESS server: only binds that port, as a server does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 40000, MPTCP = 262 };

static char **how;

static bool is(const char *what)
{
	for (char **word = how; *word; word++)
		if (strcmp(*word, what) == 0)
			return true;
	return false;
}

static void must(int result)
{
	if (result < 0)
		err(1, "client");
}

/* Prints the errors of recv() and its first result, for at most three calls. */
static void tell_how_reading_ends(int fd)
{
	char byte;
	ssize_t size = -1;

	if (is("polling"))
		must(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1));
	for (int i = 0; size < 0 && i < 3; i++) {
		size = recv(fd, &byte, 1, 0);
		puts(size < 0 ? strerrorname_np(errno) : size == 0 ? "end" : "data");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	char *zone = strchr(argv[1], '%');
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(PORT),
				  .sin6_scope_id = zone ? if_nametoindex(zone + 1) : 0};
	bool is_v4 = inet_pton(AF_INET, argv[1], &v4.sin_addr) == 1;
	const struct sockaddr *address = is_v4 ? (void *)&v4 : (void *)&v6;
	socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
	struct sockaddr_storage ends[2] = {{0}};
	int fd;

	(void)argc;
	how = argv + 2;
	if (zone)
		*zone = '\0';
	inet_pton(AF_INET6, argv[1], &v6.sin6_addr);
	fd = socket(address->sa_family, SOCK_STREAM, is("mptcp") ? MPTCP : 0);
	must(fd);
	if (is("server") || is("bound"))
		must(bind(fd, address, size));
	if (is("server"))
		return 0;
	if (is("address")) {
		struct sockaddr_in alone = {.sin_family = AF_INET, .sin_addr = v4.sin_addr};
		must(bind(fd, (void *)&alone, sizeof alone));
	}
	if (is("device"))
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	must(connect(fd, address, size));
	must(getsockname(fd, (void *)&ends[0], &size));
	must(getpeername(fd, (void *)&ends[1], &size));
	if (memcmp(&ends[0], &ends[1], sizeof ends[0]) != 0)
		errx(1, "not connected to itself");
	if (is("renamed"))
		prctl(PR_SET_NAME, "a b\tc");
	if (is("nameless"))
		prctl(PR_SET_NAME, "");
	if (is("closed"))
		close(fd);
	if (is("forked") && fork() == 0)
		pause();
	puts("connected");
	fflush(stdout);
	if (is("leaving"))
		return 0;
	if (!is("closed"))
		tell_how_reading_ends(fd);
	pause();
}
