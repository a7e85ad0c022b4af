/*
 * Connects to port 40000 of 127.0.0.1 in the named way, which bypasses the dynamic linker, and
 * waits. With -DBEHIND this is a library that is loaded after libnoselfconn.
 */
#define _GNU_SOURCE
#include <arpa/nameser.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

typedef int connect_function(int fd, const struct sockaddr *address, socklen_t length);

connect_function *connect_behind(void);

#ifdef BEHIND
connect_function *connect_behind(void)
{
	return (connect_function *)dlsym(RTLD_NEXT, "connect");
}
#else
connect_function __connect;

/* libc asks a name server at this address over TCP. */
static int resolve(struct sockaddr_in server)
{
	unsigned char answer[512];

	res_init();
	_res.options |= RES_USEVC;
	_res.nscount = 1;
	_res.nsaddr_list[0] = server;
	return res_query("localhost", ns_c_in, ns_t_a, answer, sizeof answer);
}

int main(int argc, char **argv)
{
	const struct sockaddr_in destination = {.sin_family = AF_INET,
						.sin_port = htons(40000),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	connect_function *call = __connect;

	(void)argc;
	if (strcmp(argv[1], "resolver") == 0)
		return resolve(destination) != 0;
	if (strcmp(argv[1], "RTLD_NEXT") == 0)
		call = connect_behind();
	if (strcmp(argv[1], "dlmopen") == 0)
		call = (connect_function *)dlsym(dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW),
						 "connect");
	puts(call(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&destination,
		  sizeof destination) == 0
		     ? "connected"
		     : strerror(errno));
	return getchar() == EOF;
}
#endif
