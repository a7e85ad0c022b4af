/* For libraries that are loaded after ours: recognizes the calls of connect() that ours makes. */
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Returns the address of a connect() made with syscall(2), or NULL. */
static inline const struct sockaddr *address_of_connect(long number, const long *arguments)
{
#ifdef SYS_socketcall
	enum { CONNECT = 3 }; /* SYS_CONNECT in linux/net.h */
	if (number == SYS_socketcall && arguments[0] == CONNECT)
		return (const struct sockaddr *)((const long *)arguments[1])[1];
#endif
	return number == SYS_connect ? (const struct sockaddr *)arguments[1] : NULL;
}
