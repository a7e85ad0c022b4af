/* Connects to port 40000 of 127.0.0.1 through io_uring, and waits. */
#include <liburing.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(void)
{
	const struct sockaddr_in destination = {.sin_family = AF_INET,
						.sin_port = htons(40000),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct io_uring ring;
	struct io_uring_cqe *done;
	int error = io_uring_queue_init(1, &ring, 0);

	if (error == 0) {
		io_uring_prep_connect(io_uring_get_sqe(&ring), socket(AF_INET, SOCK_STREAM, 0),
				      (const struct sockaddr *)&destination, sizeof destination);
		io_uring_submit(&ring);
		error = io_uring_wait_cqe(&ring, &done);
	}
	puts(strerror(error != 0 ? -error : -done->res));
	return getchar() == EOF;
}
