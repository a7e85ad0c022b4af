/*
 * Loaded after the library, so that its constructor runs first (_dl_init() in glibc's
 * elf/dl-init.c goes through the list from its end). Connects in the way number EARLY_WAY,
 * and ends the process with 0 or errno unless EARLY_GOES_ON is set.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 40000 }; /* as in scenario.h */

static struct sockaddr_in destination;

static int connects(int fd)
{
	return connect(fd, (struct sockaddr *)&destination, sizeof destination);
}

static int sends_to(int fd)
{
	return (int)sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&destination,
			   sizeof destination);
}

static struct iovec data = {.iov_base = "x", .iov_len = 1};
static struct mmsghdr message = {.msg_hdr = {.msg_name = &destination,
					     .msg_namelen = sizeof destination,
					     .msg_iov = &data,
					     .msg_iovlen = 1}};

static int sends_message(int fd)
{
	return (int)sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN);
}

static int sends_messages(int fd)
{
	return sendmmsg(fd, &message, 1, MSG_FASTOPEN);
}

static int (*const ways[])(int fd) = {connects, sends_to, sends_message, sends_messages};

__attribute__((constructor)) static void connect_early(void)
{
	const char *way = getenv("EARLY_WAY");
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	destination = (struct sockaddr_in){.sin_family = AF_INET,
					   .sin_port = htons(PORT),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
	int error = ways[way ? atoi(way) : 0](fd) >= 0 ? 0 : errno;
	if (!getenv("EARLY_GOES_ON"))
		_exit(error);
	close(fd);
}
