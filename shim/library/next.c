/* Finds the next definitions of the hooked functions. */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/net.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Before glibc 2.34 dlsym() is in libdl, and a process need not have libdl. Such a process has no
 * other preload that hooks connect() either, since that would have brought libdl along. So
 * __connect(), libc's second name of connect(), serves as the next definition. The other three weak
 * references also serve only there: elsewhere they could find a function of the program's. glibc
 * has secure_getenv() since 2.17.
 */
#pragma weak dlsym
#pragma weak syscall
#pragma weak secure_getenv
#pragma weak program_invocation_short_name
int __connect(int fd, const struct sockaddr *address, socklen_t length) __attribute__((weak));

/* The bounds of this library in memory, from the linker. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

/*
 * These stand in for the definitions until start() has found them, because the constructor of
 * another library may call a hooked function before ours has run. Without dlsym() they stay.
 */
static int late_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	start();
	if (libc_connect != late_connect)
		return libc_connect(fd, address, length);
	return __connect ? __connect(fd, address, length)
			 : (int)socket_call(SYS_CONNECT, fd, (long)address, (long)length, 0, 0, 0);
}

static ssize_t late_sendto(int fd, const void *data, size_t size, int flags,
			   const struct sockaddr *address, socklen_t length)
{
	start();
	if (libc_sendto != late_sendto)
		return libc_sendto(fd, data, size, flags, address, length);
	return socket_call(SYS_SENDTO, fd, (long)data, (long)size, flags, (long)address,
			   (long)length);
}

static ssize_t late_sendmsg(int fd, const struct msghdr *message, int flags)
{
	start();
	if (libc_sendmsg != late_sendmsg)
		return libc_sendmsg(fd, message, flags);
	return socket_call(SYS_SENDMSG, fd, (long)message, flags, 0, 0, 0);
}

static int late_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	start();
	if (libc_sendmmsg != late_sendmmsg)
		return libc_sendmmsg(fd, messages, count, flags);
	return (int)socket_call(SYS_SENDMMSG, fd, (long)messages, (long)count, flags, 0, 0);
}

static int late_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	return (int)socket_call(SYS_GETSOCKNAME, fd, (long)address, (long)length, 0, 0, 0);
}

/* Atomic, since several threads may look them up at the same time; all find the same. */
connect_function *_Atomic libc_connect = late_connect;
sendto_function *_Atomic libc_sendto = late_sendto;
sendmsg_function *_Atomic libc_sendmsg = late_sendmsg;
sendmmsg_function *_Atomic libc_sendmmsg = late_sendmmsg;
getsockname_function *_Atomic libc_getsockname = late_getsockname;
static __typeof__(syscall) *_Atomic libc_syscall = syscall;
static __typeof__(secure_getenv) *_Atomic libc_getenv;

typedef void function(void);

/*
 * If another preload wraps dlsym() and passes RTLD_NEXT on, the search starts after that preload
 * and may find this library itself. Such a result is rejected.
 */
static function *look_up(const char *name, function *otherwise)
{
	union {
		char *symbol;
		function *definition;
	} found = {.symbol = dlsym ? dlsym(RTLD_NEXT, name) : NULL};

	if (!found.symbol || (found.symbol >= __ehdr_start && found.symbol < _end))
		return otherwise;
	return found.definition;
}

void find_next_definitions(void)
{
	libc_connect = (connect_function *)look_up("connect", (function *)late_connect);
	libc_sendto = (sendto_function *)look_up("sendto", (function *)late_sendto);
	libc_sendmsg = (sendmsg_function *)look_up("sendmsg", (function *)late_sendmsg);
	libc_sendmmsg = (sendmmsg_function *)look_up("sendmmsg", (function *)late_sendmmsg);
	libc_getsockname =
		(getsockname_function *)look_up("getsockname", (function *)late_getsockname);
	libc_syscall = (__typeof__(syscall) *)look_up("syscall", (function *)syscall);
	libc_getenv =
		(__typeof__(secure_getenv) *)look_up("secure_getenv", (function *)secure_getenv);
}

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	return libc_syscall(number, a, b, c, d, e, f);
}

const char *libc_secure_getenv(const char *variable)
{
	return libc_getenv ? libc_getenv(variable) : NULL;
}

/* RTLD_DEFAULT, because in a program that uses the variable libc writes to the program's copy. */
const char *libc_program_name(void)
{
	static char **const otherwise = &program_invocation_short_name;
	char **name = dlsym ? dlsym(RTLD_DEFAULT, "program_invocation_short_name") : otherwise;

	return name ? *name : NULL;
}
