/*
 * A set-uid client that becomes root and executes itself again. AT_SECURE is then 0, and the
 * environment is still the user's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *meet_oneself(void)
{
	const struct sockaddr_in destination = {.sin_family = AF_INET,
						.sin_port = htons(40000),
						.sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int result = connect(fd, (const struct sockaddr *)&destination, sizeof destination);
	const char *outcome = result == 0 ? "connected to itself" : strerror(errno);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	close(fd);
	return outcome;
}

int main(int argc, char **argv)
{
	printf("uid %d, AT_SECURE %lu: %s\n", (int)geteuid(), getauxval(AT_SECURE), meet_oneself());
	fflush(stdout);
	if (argc > 1)
		return 0;
	if (setgid(0) != 0 || setuid(0) != 0)
		return 1;
	execl("/usr/bin/setuid_client", argv[0], "again", (char *)NULL);
	return 1;
}
