#include "scenario.h"
#include "namespace.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool control;

/* The command that puts the host rule in place, in a test of the rule. */
static const char *host_rule;

/*
 * Some scenarios start programs from the build directory. If that belongs to another user, root in
 * a user namespace may not read it.
 */
static const char *enter_and_look_back(const char *program)
{
	const char *missing = enter_namespace(PORT, PORT);

	return missing			    ? missing
	       : access(program, X_OK) != 0 ? "the build cannot be read in a user namespace"
					    : NULL;
}

/*
 * Returns 0, or SKIPPED or 1 after printing the reason. Tries in a child, because a process cannot
 * go back to its old user namespace.
 */
static int try_namespace(const char *program)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		const char *missing = enter_and_look_back(program);
		if (missing)
			printf("skipped: %s\n", missing);
		fflush(stdout);
		_exit(missing ? SKIPPED : 0);
	}
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SKIPPED))
		return WEXITSTATUS(status);
	if (child < 0)
		perror("cannot try a namespace: fork");
	else
		fprintf(stderr, "the process that tried a namespace ended with status 0x%x\n",
			(unsigned int)status);
	return 1;
}

static bool library_is_at_work(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "libnoselfconn.so") && !getenv("NOSELFCONN_DISABLE");
}

int scenario_main(int argc, char **argv, void (*add_tests)(Suite *))
{
	control = argc == 2 && strcmp(argv[1], "--control") == 0;
	host_rule = getenv("HOST_RULE");
	bool cured = library_is_at_work() || (host_rule && !control);
	if (argc > 1 + control || control == cured) {
		fprintf(stderr,
			"usage: LD_PRELOAD=libnoselfconn.so %s, HOST_RULE=COMMAND %s, or %s "
			"--control\n",
			argv[0], argv[0], argv[0]);
		return 2;
	}

	int status = try_namespace(argv[0]);
	if (status != 0)
		return status;

	Suite *suite = suite_create(host_rule ? "with the host rule"
				    : control ? "without the library"
					      : "under the library");
	add_tests(suite);
	return run_suite(suite);
}

TCase *add_case(Suite *suite, const char *name, void (*fixture)(void))
{
	TCase *added = tcase_create(name);

	tcase_set_timeout(added, 30);
	tcase_add_checked_fixture(added, fixture, NULL);
	suite_add_tcase(suite, added);
	return added;
}

static void namespace_with(int low, int high)
{
	const char *missing = enter_namespace(low, high);

	ck_assert_msg(!missing, "%s", missing);
	if (host_rule)
		run("%s >/dev/null", host_rule);
}

void one_port(void)
{
	namespace_with(PORT, PORT);
}

void some_ports(void)
{
	namespace_with(PORT, PORT + 6);
}

void other_ports(void)
{
	namespace_with(PORT + 10, PORT + 200);
}

union address address_of(const char *text, int port)
{
	union address address = {0};
	char plain[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');

	snprintf(plain, sizeof plain, "%.*s", (int)strcspn(text, "%"), text);
	if (inet_pton(AF_INET, plain, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)port);
		return address;
	}
	ck_assert_msg(inet_pton(AF_INET6, plain, &address.v6.sin6_addr) == 1, "no address: %s",
		      text);
	address.v6.sin6_family = AF_INET6;
	address.v6.sin6_port = htons((uint16_t)port);
	address.v6.sin6_scope_id = scope ? if_nametoindex(scope + 1) : 0;
	return address;
}

socklen_t length_of(const union address *address)
{
	return address->family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

int tcp_socket(int family, int flags)
{
	int fd = socket(family, SOCK_STREAM | flags, 0);

	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	return fd;
}

void bind_to(int fd, const char *text, int port)
{
	union address address = address_of(text, port);

	ck_assert_msg(bind(fd, &address.any, length_of(&address)) == 0, "bind to %s, %d: %s", text,
		      port, strerror(errno));
}

int listen_on(const char *text, int port)
{
	int fd = tcp_socket(address_of(text, port).family, 0);

	bind_to(fd, text, port);
	ck_assert_msg(listen(fd, 8) == 0, "listen: %s", strerror(errno));
	return fd;
}

static union address name_of(int fd, int (*which)(int, struct sockaddr *, socklen_t *))
{
	union address address = {0};
	socklen_t length = sizeof address;

	if (which(fd, &address.any, &length) != 0)
		address.family = AF_UNSPEC;
	return address;
}

int local_port(int fd)
{
	return ntohs(name_of(fd, getsockname).v4.sin_port);
}

int connect_to(int fd, const char *text, int port)
{
	union address address = address_of(text, port);

	return connect(fd, &address.any, length_of(&address)) == 0 ? 0 : errno;
}

int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof value;

	ck_assert_msg(getsockopt(fd, level, name, &value, &length) == 0, "getsockopt %d, %d: %s",
		      level, name, strerror(errno));
	return value;
}

void close_with_reset(int fd)
{
	struct linger reset = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
}

int wait_for_connect(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};

	ck_assert_int_eq(poll(&descriptor, 1, 10000), 1);
	return option(fd, SOL_SOCKET, SO_ERROR);
}

bool is_self_connected(int fd)
{
	union address local = name_of(fd, getsockname);
	union address peer = name_of(fd, getpeername);

	return peer.family != AF_UNSPEC && memcmp(&local, &peer, sizeof local) == 0;
}

bool kernel_names_peer(void)
{
	union address peer;
	socklen_t length = sizeof peer.v4;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool names =
		getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &peer, &length) == 0 || errno == ENOTCONN;

	close(fd);
	if (!names)
		puts("skipped: no SO_PEERNAME, so no interruption on the way to itself");
	return names;
}

void must_be_refused(int fd, int error)
{
	if (control) {
		ck_assert_msg(error == 0, "%s", strerror(error));
		ck_assert(is_self_connected(fd));
	} else {
		ck_assert_msg(error == ECONNREFUSED, "%s", strerror(error));
		ck_assert(!is_self_connected(fd));
	}
}

void must_have_connected(int times)
{
	run("nstat -asz TcpActiveOpens | grep -q 'Opens  *%d '", times);
}

void must_be_free(const char *address, int port)
{
	run("! ss -Htan 'sport = :%d or dport = :%d' | grep .", port, port);
	close(listen_on(address, port));
}
