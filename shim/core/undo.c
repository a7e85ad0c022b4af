/* Undoes a self-connect. */
#include "core.h"

#include <linux/net.h>

bool undo_self_connect(int fd)
{
	static const struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
	static const struct linger reset_on_close = {.l_onoff = 1, .l_linger = 0};
	int error;

	if (socket_call(SYS_CONNECT, fd, (long)&unspecified, sizeof unspecified, 0, 0, 0) != 0) {
		socket_call(SYS_SETSOCKOPT, fd, SOL_SOCKET, SO_LINGER, (long)&reset_on_close,
			    sizeof reset_on_close, 0);
		return false;
	}
	/* tcp_disconnect() leaves ECONNRESET in SO_ERROR; reading the option clears it. */
	get_option(fd, SOL_SOCKET, SO_ERROR, &error, sizeof error);
	return true;
}
