/*
 * Stands below the library. A call that the program's fault names fails, or the program acts in
 * the middle of it; every other one goes to the kernel. Processes without a fault of their own,
 * such as the shells of a test, are left alone.
 */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#pragma weak fault
/* glibc declares the address as a transparent union. */
#pragma GCC diagnostic ignored "-Wpedantic"

static long next_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	long (*next)(long, ...);
	void *symbol = dlsym(RTLD_NEXT, "syscall");

	memcpy(&next, &symbol, sizeof next);
	return next(number, a, b, c, d, e, f);
}

static bool fails(int call)
{
	if (!&fault || !(fault.calls & call))
		return false;
	fault.seen = true;
	if (fault.error != 0)
		errno = fault.error;
	else
		fault.act();
	return fault.error != 0;
}

/* What it is asked for is there all the same, to see that the result is believed and not that. */
int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	long result = next_syscall(SYS_getsockname, fd, (long)address, (long)length, 0, 0, 0);

	return fails(GETSOCKNAME) ? -1 : (int)result;
}

static int call_for_option(int level, int name)
{
	if (level != SOL_SOCKET)
		return 0;
	return name == SO_TYPE	     ? GET_TYPE
	       : name == SO_PROTOCOL ? GET_PROTOCOL
	       : name == SO_PEERNAME ? GET_PEER
				     : 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	/* This one would change the socket. */
	if (level == SOL_SOCKET && name == SO_ERROR && fails(GET_ERROR))
		return -1;

	long result = next_syscall(SYS_getsockopt, fd, level, name, (long)value, (long)length, 0);

	return fails(call_for_option(level, name)) ? -1 : (int)result;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return level == SOL_SOCKET && name == SO_LINGER && fails(SET_LINGER)
		       ? -1
		       : (int)next_syscall(SYS_setsockopt, fd, level, name, (long)value, length, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return fails(SENDMSG) ? -1 : next_syscall(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

int socket(int domain, int type, int protocol)
{
	return fails(SOCKET) ? -1 : (int)next_syscall(SYS_socket, domain, type, protocol, 0, 0, 0);
}

/* Those commands of it that are used here have no argument or an int. */
int fcntl(int fd, int command, ...)
{
	int (*next)(int, int, ...);
	void *symbol = dlsym(RTLD_NEXT, "fcntl");
	va_list arguments;

	va_start(arguments, command);
	long argument = va_arg(arguments, long);
	va_end(arguments);
	memcpy(&next, &symbol, sizeof next);
	if ((command == F_DUPFD_CLOEXEC && fails(DUPLICATE)) ||
	    (command == F_GETFL && fails(GET_FLAGS)))
		return -1;
	return next(fd, command, argument);
}

static int call_of(long number)
{
	switch (number) {
	case SYS_connect:
		return RESET;
	case SYS_statx:
		return STATX;
	case SYS_ppoll:
		return PPOLL;
	case SYS_pwritev2:
		return PWRITEV2;
	case SYS_openat:
		return OPENAT;
	case SYS_write:
		return WRITE;
	case SYS_rt_sigtimedwait:
		return SIGTIMEDWAIT;
	case SYS_sendto:
		return SENDTO;
	case SYS_close:
		return CLOSE;
	default:
		return 0;
	}
}

/* Reads more arguments than a caller passes, as libc's does. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	long argument[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);

	bool failed = fails(call_of(number));
	/* A close() that fails has closed: filp_close() in Linux. */
	if (failed && number != SYS_close)
		return -1;
	int error = errno;
	long result = next_syscall(number, argument[0], argument[1], argument[2], argument[3],
				   argument[4], argument[5]);
	if (failed)
		errno = error;
	return failed ? -1 : result;
}
