/* The next definitions. */
#include "library.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Before glibc 2.34 dlsym() lives in libdl, which a process need not have. Then no other preload
 * that hooks connect() is there either, since it would have brought libdl along, and libc's own
 * second name of connect() is as good.
 */
#pragma weak dlsym
int __connect(int fd, const struct sockaddr *address, socklen_t length) __attribute__((weak));

/* The bounds of this library in memory, from the linker. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

typedef void function(void);

static int connect_without_dlsym(int fd, const struct sockaddr *address, socklen_t length)
{
	return __connect ? __connect(fd, address, length)
			 : (int)syscall(SYS_connect, fd, address, length);
}

static ssize_t sendto_without_dlsym(int fd, const void *data, size_t size, int flags,
				    const struct sockaddr *address, socklen_t length)
{
	return syscall(SYS_sendto, fd, data, size, flags, address, length);
}

static ssize_t sendmsg_without_dlsym(int fd, const struct msghdr *message, int flags)
{
	return syscall(SYS_sendmsg, fd, message, flags);
}

static int sendmmsg_without_dlsym(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

enum { CONNECT, SENDTO, SENDMSG, SENDMMSG, HOOKED };

static const struct {
	char name[sizeof "sendmmsg"];
	function *without_dlsym;
} hooked[HOOKED] = {
	[CONNECT] = {"connect", (function *)connect_without_dlsym},
	[SENDTO] = {"sendto", (function *)sendto_without_dlsym},
	[SENDMSG] = {"sendmsg", (function *)sendmsg_without_dlsym},
	[SENDMMSG] = {"sendmmsg", (function *)sendmmsg_without_dlsym},
};

static _Atomic(function *) next[HOOKED];

/*
 * A dlsym() of somebody else's that hands RTLD_NEXT on looks from its own place in the chain, and
 * what comes next from there may be this library.
 */
static bool is_own(const char *address)
{
	return address >= __ehdr_start && address < _end;
}

/* Threads that get here at the same time find the same. Cold, so that calls get by in few steps. */
__attribute__((cold, noinline)) static function *find(int which)
{
	function *found = hooked[which].without_dlsym;
	void *symbol = dlsym ? dlsym(RTLD_NEXT, hooked[which].name) : NULL;

	if (symbol && !is_own(symbol))
		memcpy(&found, &symbol, sizeof found);
	atomic_store_explicit(&next[which], found, memory_order_relaxed);
	return found;
}

void find_next_definitions(void)
{
	for (int which = 0; which < HOOKED; which++)
		find(which);
}

/* A constructor of another library may call a hooked function before ours has run. */
static function *next_definition(int which)
{
	function *found = atomic_load_explicit(&next[which], memory_order_relaxed);

	return found ? found : find(which);
}

int libc_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return ((__typeof__(libc_connect) *)next_definition(CONNECT))(fd, address, length);
}

ssize_t libc_sendto(int fd, const void *data, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length)
{
	return ((__typeof__(libc_sendto) *)next_definition(SENDTO))(fd, data, size, flags, address,
								    length);
}

ssize_t libc_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return ((__typeof__(libc_sendmsg) *)next_definition(SENDMSG))(fd, message, flags);
}

int libc_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	return ((__typeof__(libc_sendmmsg) *)next_definition(SENDMMSG))(fd, messages, count, flags);
}
