/* Loaded before the library: makes the one mistake that FAULT names. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLOBBERED_ERRNO = 1, EARLY_LOOK, NEW_SOCKET, ONE_IN_TEN };

static int next_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t);
	void *symbol = dlsym(RTLD_NEXT, "connect");

	memcpy(&next, &symbol, sizeof next);
	return next(fd, address, length);
}

static void replace_socket(int fd)
{
	int numbers[] = {SO_DOMAIN, SO_TYPE, SO_PROTOCOL};
	int values[3];
	socklen_t length = sizeof *values;

	for (int i = 0; i < 3; i++)
		getsockopt(fd, SOL_SOCKET, numbers[i], &values[i], &length);
	int replacement = socket(values[0], values[1], values[2]);
	dup2(replacement, fd);
	close(replacement);
}

static bool strikes(void)
{
	unsigned char byte = 0;

	return getrandom(&byte, sizeof byte, 0) == sizeof byte && byte % 10 == 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (FAULT == EARLY_LOOK && address->sa_family == AF_UNSPEC)
		errno = 0;
	int result = next_connect(fd, address, length);

	if (result == 0 && (FAULT == CLOBBERED_ERRNO || (FAULT == ONE_IN_TEN && strikes())))
		errno = 0;
	if (FAULT == NEW_SOCKET && result < 0 && errno == ECONNREFUSED) {
		replace_socket(fd);
		errno = ECONNREFUSED;
	}
	return result;
}
