/*
 * Stands behind the library, so that its constructor runs first (_dl_init() in glibc's
 * elf/dl-init.c goes through the list from its end). Connects, and ends the process with 0 or errno
 * unless EARLY_GOES_ON is set.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 40000 }; /* as in scenario.h */

__attribute__((constructor)) static void connect_early(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
	if (!getenv("EARLY_GOES_ON"))
		_exit(error);
	close(fd);
}
