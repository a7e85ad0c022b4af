/* uring ADDRESS PORT: connects by io_uring, and says "connected", "refused" or another error. */
#include <stdio.h>

#ifdef HAS_URING
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_in destination = {.sin_family = AF_INET};
	struct io_uring ring;
	struct io_uring_cqe *completion;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &destination.sin_addr) != 1)
		return 2;
	destination.sin_port = htons((uint16_t)atoi(argv[2]));

	int error = io_uring_queue_init(1, &ring, 0);
	if (error < 0) {
		printf("no io_uring: %s\n", strerror(-error));
		return 77;
	}
	io_uring_prep_connect(io_uring_get_sqe(&ring), socket(AF_INET, SOCK_STREAM, 0),
			      (struct sockaddr *)&destination, sizeof destination);
	io_uring_submit(&ring);
	io_uring_wait_cqe(&ring, &completion);
	puts(completion->res == 0		? "connected"
	     : completion->res == -ECONNREFUSED ? "refused"
						: strerror(-completion->res));
	io_uring_queue_exit(&ring);
	return 0;
}
#else
int main(void)
{
	puts("no io_uring: built without liburing");
	return 77;
}
#endif
