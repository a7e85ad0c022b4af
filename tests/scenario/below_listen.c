/* Loaded after the library: starts a server before the second attempt, which the library makes. */
#include "below.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>

typedef long next_syscall(long number, ...);

int below_listener = -1;

static void listen_on(const struct sockaddr *address)
{
	below_listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(below_listener, address, sizeof(struct sockaddr_in)) != 0 ||
	    listen(below_listener, 1) != 0)
		abort();
}

/* Like libc's syscall(), this reads more arguments than some callers pass. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	next_syscall *next = (next_syscall *)dlsym(RTLD_NEXT, "syscall");
	long arguments[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);

	const struct sockaddr *address = address_of_connect(number, arguments);
	if (address && address->sa_family == AF_INET && below_listener < 0 &&
	    getenv("BELOW_LISTEN"))
		listen_on(address);
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		    arguments[5]);
}
