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

/* Whether the call, which has not been made yet, is to fail. */
static bool fails(int call)
{
	if (!&fault || !(fault.calls & call) || fault.let_by-- > 0)
		return false;
	fault.seen = true;
	if (fault.error == 0) {
		fault.calls = fault.once ? 0 : fault.calls;
		fault.act();
	}
	return fault.error != 0;
}

static int fail(void)
{
	errno = fault.error;
	return -1;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*next)(int, const struct sockaddr *, socklen_t);
	void *symbol = dlsym(RTLD_NEXT, "connect");

	memcpy(&next, &symbol, sizeof next);
	return fails(CONNECT) ? fail() : next(fd, address, length);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
	       socklen_t length)
{
	ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	void *symbol = dlsym(RTLD_NEXT, "sendto");

	memcpy(&next, &symbol, sizeof next);
	return fails(CONNECT) ? fail() : next(fd, data, size, flags, address, length);
}

/* What it is asked for is there all the same, to see that the result is believed and not that. */
int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	bool failed = fails(GETSOCKNAME);
	long result = next_syscall(SYS_getsockname, fd, (long)address, (long)length, 0, 0, 0);

	return failed ? fail() : (int)result;
}

static int call_for_option(int level, int name)
{
	if (level != SOL_SOCKET)
		return OTHER;
	return name == SO_TYPE	     ? GET_TYPE
	       : name == SO_PROTOCOL ? GET_PROTOCOL
	       : name == SO_PEERNAME ? GET_PEER
	       : name == SO_ERROR    ? GET_ERROR
				     : OTHER;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	int call = call_for_option(level, name);
	bool failed = fails(call);

	/* This one would change the socket. */
	if (failed && call == GET_ERROR)
		return fail();
	long result = next_syscall(SYS_getsockopt, fd, level, name, (long)value, (long)length, 0);
	return failed ? fail() : (int)result;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return fails(level == SOL_SOCKET && name == SO_LINGER ? SET_LINGER : OTHER)
		       ? fail()
		       : (int)next_syscall(SYS_setsockopt, fd, level, name, (long)value, length, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return fails(SENDMSG) ? fail()
			      : next_syscall(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

int socket(int domain, int type, int protocol)
{
	return fails(SOCKET) ? fail()
			     : (int)next_syscall(SYS_socket, domain, type, protocol, 0, 0, 0);
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
	if (fails(command == F_DUPFD_CLOEXEC ? DUPLICATE : command == F_GETFL ? GET_FLAGS : OTHER))
		return fail();
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
		return OTHER;
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
		return fail();
	long result = next_syscall(number, argument[0], argument[1], argument[2], argument[3],
				   argument[4], argument[5]);
	return failed ? fail() : result;
}
