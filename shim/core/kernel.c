/* System calls on sockets. */
#include "core.h"

#include <linux/net.h>
#include <sys/syscall.h>

/*
 * i386 and s390x have separate system calls for these only since Linux 4.3. libc still uses
 * socketcall(2) there, so every kernel and every filter of system calls knows that one.
 */
#if defined __i386__ || defined __s390__
long socket_call(int call, long a, long b, long c, long d, long e, long f)
{
	long arguments[] = {a, b, c, d, e, f};

	return system_call(SYS_socketcall, call, (long)arguments, 0, 0, 0, 0);
}
#else
long socket_call(int call, long a, long b, long c, long d, long e, long f)
{
	static const int numbers[] = {
		[SYS_SOCKET] = SYS_socket,	     [SYS_CONNECT] = SYS_connect,
		[SYS_GETSOCKNAME] = SYS_getsockname, [SYS_GETPEERNAME] = SYS_getpeername,
		[SYS_SENDTO] = SYS_sendto,	     [SYS_SETSOCKOPT] = SYS_setsockopt,
		[SYS_GETSOCKOPT] = SYS_getsockopt,   [SYS_SENDMSG] = SYS_sendmsg,
		[SYS_SENDMMSG] = SYS_sendmmsg,
	};

	return system_call(numbers[call], a, b, c, d, e, f);
}
#endif

bool get_option(int fd, int level, int name, void *value, socklen_t length)
{
	return socket_call(SYS_GETSOCKOPT, fd, level, name, (long)value, (long)&length, 0) == 0;
}
