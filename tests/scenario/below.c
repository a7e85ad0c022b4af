/* Replaces libc's syscall() for the library. */
#include "below.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

typedef long next_syscall(long number, ...);

/* The address of a connect() that is made with syscall(2), or NULL. */
static const struct sockaddr *address_of_connect(long number, const long *arguments)
{
#ifdef SYS_socketcall
	enum { CONNECT = 3 }; /* SYS_CONNECT in linux/net.h */
	if (number == SYS_socketcall && arguments[0] == CONNECT)
		return (const struct sockaddr *)((const long *)arguments[1])[1];
#endif
	return number == SYS_connect ? (const struct sockaddr *)arguments[1] : NULL;
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
	if (address && !may_connect(address))
		return -1;
	return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
		    arguments[5]);
}
