/* Connects to a port on which nobody listens, and prints "connected", "refused" or "failed". */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons(40000)};
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* Otherwise the port would be in TIME_WAIT when the next client connects. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	destination.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&destination, sizeof destination) == 0)
		puts("connected");
	else
		puts(errno == ECONNREFUSED ? "refused" : "failed");
	return 0;
}
