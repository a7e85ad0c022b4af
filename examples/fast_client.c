/*
 * Connects to a port of 127.0.0.1 on which nobody listens, until a socket is connected to itself or
 * the number of tries is reached.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* An ordinary close() of a self-connected socket would block the port for a minute. */
static void reset_on_close(int fd)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0)
		err(2, "setsockopt");
}

/* Nobody listens, so a connected socket is connected to itself. */
static bool meets_itself(const struct sockaddr_in *destination)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		err(2, "socket");

	bool connected =
		connect(fd, (const struct sockaddr *)destination, sizeof *destination) == 0;
	if (connected)
		reset_on_close(fd);
	else if (errno != ECONNREFUSED)
		err(2, "connect");
	close(fd);
	return connected;
}

static long number(const char *text, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end != '\0' || value < 1 || value > most)
		errx(2, "\"%s\" given, expected a number from 1 to %ld", text, most);
	return value;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: fast_client PORT TRIES");

	struct sockaddr_in destination = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(argv[1], UINT16_MAX)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	long tries = number(argv[2], LONG_MAX);

	for (long try = 1; try <= tries; try++)
		if (meets_itself(&destination)) {
			printf("connected to itself on try %ld\n", try);
			return 1;
		}
	printf("refused in all %ld tries\n", tries);
	return 0;
}
