/* Faults that below_faults.c, which is loaded after the library, puts into the library's calls. */
#pragma once

#include <stdbool.h>

/* The library's calls of libc and the kernel, as the bits of a set. */
enum {
	CONNECT = 1 << 0, /* or sendto() or sendmsg(): the program's own call */
	GETSOCKNAME = 1 << 1,
	GETPEERNAME = 1 << 2,
	GET_PEER = 1 << 3,
	GET_TYPE = 1 << 4,
	GET_PROTOCOL = 1 << 5,
	GET_ERROR = 1 << 6,
	SET_LINGER = 1 << 7,
	RESET = 1 << 8,	 /* connect() to AF_UNSPEC */
	REFUSE = 1 << 9, /* connect() to a port where nobody can listen */
	DUPLICATE = 1 << 10,
	GET_FLAGS = 1 << 11,
	CLOSE = 1 << 12,
	STATX = 1 << 13,
	PPOLL = 1 << 14,
	WRITE = 1 << 15,
	SIGTIMEDWAIT = 1 << 16,
	SOCKET = 1 << 17,
	SENDTO = 1 << 18,
	CONNECT_LOG = 1 << 19, /* to /dev/log */
	OTHER = 1 << 20,
	EVERY_CALL = (1 << 21) - 1,
};

/* The largest errno there is on Linux: EHWPOISON. */
enum { ERRNOS = 133 };

/* Set by the test program, which exports it, before the call that it tests. */
extern struct fault {
	int calls;	   /* which of them ... */
	int let_by;	   /* ... after so many ... */
	int error;	   /* ... fails with this errno, or if it is 0 ... */
	void (*act)(void); /* ... what happens before it ... */
	bool once;	   /* ... if before one of them only */
	bool seen;	   /* one of them was called */
} fault;

/* helpers.c: for the programs that export a fault. Each ends the test on failure. */
int lowest_free_descriptor(void);
int connect_with_fault(int fd, struct fault wanted); /* to PORT: 0, with errno kept, or errno */

/*
 * A thread that is cancelled during one of the calls still gets its outcome: only at its next
 * cancellation point does it end. Without retries, since connect() is such a point.
 */
void must_outlast_cancellation(int calls);
