/* Stands behind the library: a server comes up between the first attempt and the second. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>

int below_listener = -1;

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	static int attempts;
	int (*next)(int, const struct sockaddr *, socklen_t);

	*(void **)&next = dlsym(RTLD_NEXT, "connect");
	if (++attempts == 2 && getenv("BELOW_LISTEN")) {
		below_listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(below_listener, address, length) != 0 || listen(below_listener, 1) != 0)
			abort();
	}
	return next(fd, address, length);
}
