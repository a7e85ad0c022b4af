/*
 * connect() for tests/scenario/client.c, by a Fast Open whose message has other bytes than 0 where
 * musl's structure has only padding.
 */
#include <string.h>
#include <sys/socket.h>

int open_with_padding(int fd, const struct sockaddr *address, socklen_t length);

int open_with_padding(int fd, const struct sockaddr *address, socklen_t length)
{
	struct iovec part = {.iov_base = "x", .iov_len = 1};
	struct msghdr message;

	memset(&message, 0xff, sizeof message);
	message.msg_name = (void *)address;
	message.msg_namelen = length;
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = NULL;
	message.msg_controllen = 0;
	return sendmsg(fd, &message, MSG_FASTOPEN) == 1 ? 0 : -1;
}
