/* Imitates a kernel that cannot reset a TCP connection: connect() with AF_UNSPEC fails. */
#include "below.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

typedef long next_syscall(long number, ...);

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
	if (address && address->sa_family == AF_UNSPEC) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		    arguments[5]);
}
