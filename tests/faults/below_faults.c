/*
 * Loaded after the library. A call that the program's fault names fails, or the program acts in the
 * middle of the call. All others go to the kernel, as do all calls of processes without a fault,
 * such as the shells of a test.
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

int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	bool failed = fails(GETSOCKNAME);
	long result = next_syscall(SYS_getsockname, fd, (long)address, (long)length, 0, 0, 0);

	return failed ? fail() : (int)result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int);
	void *symbol = dlsym(RTLD_NEXT, "sendmsg");

	memcpy(&next, &symbol, sizeof next);
	return fails(CONNECT) ? fail() : next(fd, message, flags);
}

static int call_for_option(long level, long name)
{
	if (level != SOL_SOCKET)
		return OTHER;
	return name == SO_TYPE	     ? GET_TYPE
	       : name == SO_PROTOCOL ? GET_PROTOCOL
	       : name == SO_PEERNAME ? GET_PEER
	       : name == SO_ERROR    ? GET_ERROR
				     : OTHER;
}

static int call_for_family(long address)
{
	switch (((const struct sockaddr *)address)->sa_family) {
	case AF_UNSPEC:
		return RESET;
	case AF_UNIX:
		return CONNECT_LOG;
	default:
		return REFUSE;
	}
}

static int call_of(long number, const long argument[6])
{
	switch (number) {
	case SYS_connect:
		return call_for_family(argument[1]);
	case SYS_getsockopt:
		return call_for_option(argument[1], argument[2]);
	case SYS_setsockopt:
		return argument[2] == SO_LINGER ? SET_LINGER : OTHER;
	case SYS_getsockname:
		return GETSOCKNAME;
	case SYS_getpeername:
		return GETPEERNAME;
	case SYS_fcntl:
		return argument[1] == F_DUPFD_CLOEXEC ? DUPLICATE : GET_FLAGS;
	case SYS_socket:
		return SOCKET;
	case SYS_sendto:
		return SENDTO;
	case SYS_statx:
		return STATX;
	case SYS_ppoll:
		return PPOLL;
	case SYS_write:
		return WRITE;
	case SYS_rt_sigtimedwait:
		return SIGTIMEDWAIT;
	case SYS_close:
		return CLOSE;
	default:
		return OTHER;
	}
}

/*
 * The library asks the kernel with this function. Like libc's, it reads more arguments than some
 * callers pass.
 */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
	long argument[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);

	int call = call_of(number, argument);
	bool failed = fails(call);
	/*
	 * The kernel still fills in the answer, to see that the library believes the result and not
	 * the answer. A close() that fails has closed (filp_close() in Linux).
	 */
	if (failed &&
	    !(call & (CLOSE | GETSOCKNAME | GETPEERNAME | GET_PEER | GET_TYPE | GET_PROTOCOL)))
		return fail();
	long result = next_syscall(number, argument[0], argument[1], argument[2], argument[3],
				   argument[4], argument[5]);
	return failed ? fail() : result;
}
