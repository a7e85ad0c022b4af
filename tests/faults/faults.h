/* Faults that below_faults.c, which stands behind the library in the chain, puts into its calls. */
#pragma once

#include <stdbool.h>

/* What the library asks of libc and of the kernel, by the bits of a set. */
enum {
	GETSOCKNAME = 1 << 0,
	GETPEERNAME = 1 << 1,
	GET_TYPE = 1 << 2,
	GET_PROTOCOL = 1 << 3,
	GET_ERROR = 1 << 4,
	SET_LINGER = 1 << 5,
	RESET = 1 << 6, /* connect() to AF_UNSPEC */
	STATX = 1 << 7,
	PPOLL = 1 << 8,
	PWRITEV2 = 1 << 9,
	OPENAT = 1 << 10,
	WRITE = 1 << 11,
	SIGTIMEDWAIT = 1 << 12,
	SOCKET = 1 << 13,
	SENDTO = 1 << 14,
	CLOSE = 1 << 15,
};

/* The largest errno there is on Linux: EHWPOISON. */
enum { ERRNOS = 133 };

/* Set by the test program, which exports it, before the call that it tests. */
extern struct fault {
	int calls; /* which fail ... */
	int error; /* ... with this errno, or if it is 0 ... */
	bool seen; /* one of them was called */
} fault;
