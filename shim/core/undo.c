/* Back to where the socket was before connect(). */
#include "core.h"

#include <sys/syscall.h>
#include <unistd.h>

bool undo_self_connect(int fd)
{
	static const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
	static const struct linger reset_on_close = {.l_onoff = 1, .l_linger = 0};

	/* connect() would be a cancellation point. */
	if (syscall(SYS_connect, fd, &unspecified, sizeof unspecified) != 0) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
		return false;
	}

	/* tcp_disconnect() leaves ECONNRESET behind. */
	int error;
	socklen_t length = sizeof error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return true;
}
