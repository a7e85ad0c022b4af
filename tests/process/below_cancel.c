/*
 * Loaded after the library: cancels a thread other than the first while the thread is in connect()
 * and has just got a connection.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	void *symbol = dlsym(RTLD_NEXT, "connect");
	int (*next)(int, const struct sockaddr *, socklen_t);

	memcpy(&next, &symbol, sizeof next);
	int result = next(fd, address, length);
	if (result == 0 && gettid() != getpid())
		pthread_cancel(pthread_self());
	return result;
}
