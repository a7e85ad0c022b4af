/*
 * client ADDRESS PORT: connects and prints the result: "self-connected", "connected",
 * "ECONNREFUSED" or another error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int is_self_connected(int fd)
{
	struct sockaddr_storage local = {0};
	struct sockaddr_storage peer = {0};
	socklen_t local_length = sizeof local;
	socklen_t peer_length = sizeof peer;

	return getsockname(fd, (struct sockaddr *)&local, &local_length) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 &&
	       memcmp(&local, &peer, sizeof local) == 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (argc != 3)
		return 2;
	v4.sin_port = v6.sin6_port = htons((uint16_t)atoi(argv[2]));

	int is_v4 = inet_pton(AF_INET, argv[1], &v4.sin_addr) == 1;
	if (!is_v4 && inet_pton(AF_INET6, argv[1], &v6.sin6_addr) != 1)
		return 2;

	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	int result = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
			   : connect(fd, (struct sockaddr *)&v6, sizeof v6);
	/* strerrorname_np() exists since glibc 2.32 only. */
	puts(result != 0	     ? errno == ECONNREFUSED ? "ECONNREFUSED" : strerror(errno)
			 : is_self_connected(fd) ? "self-connected"
				     : "connected");
	return 0;
}
