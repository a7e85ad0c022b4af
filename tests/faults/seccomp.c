/*
 * The kernel itself fails a call, with every errno. A seccomp filter does that, which the process
 * has from its start, so that it applies to the library's constructor too.
 */
#include "scenario.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ERRNOS = 133 };

/* The exit statuses of the process. */
enum { WAS_REFUSED, MET_ITSELF, FAILED };

struct call {
	long number;
	int outcome;
	const char *log; /* in which it is needed */
	bool judged;	 /* only with this value of ... */
	unsigned int argument;
	unsigned int value;
};

static const struct call calls[] = {
	{SYS_getsockname, MET_ITSELF, NULL, false, 0, 0},
	{SYS_getsockopt, MET_ITSELF, NULL, false, 0, 0},
	/* To AF_UNSPEC: the destination itself is longer. */
	{SYS_connect, WAS_REFUSED, NULL, true, 2, sizeof(struct sockaddr)},
	{SYS_setsockopt, WAS_REFUSED, NULL, false, 0, 0},
	/* Only these, since gcov locks its files. */
	{SYS_fcntl, WAS_REFUSED, NULL, true, 1, F_DUPFD_CLOEXEC},
	{SYS_fcntl, WAS_REFUSED, NULL, true, 1, F_GETFL},
	{SYS_statx, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_ppoll, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_write, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_rt_sigtimedwait, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_rt_sigpending, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_rt_sigprocmask, WAS_REFUSED, "stderr", false, 0, 0},
	{SYS_socket, WAS_REFUSED, "syslog", true, 0, AF_UNIX},
	{SYS_sendto, WAS_REFUSED, "syslog", false, 0, 0},
};

enum { CALLS = sizeof calls / sizeof *calls };

static bool deny(const struct call *call, int error)
{
	unsigned int low_half = __BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call->number,
			 call->judged ? 0 : 2, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 (unsigned int)offsetof(struct seccomp_data, args) + 8 * call->argument +
				 low_half),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The socket that the process gets. */
enum { SOCKET = 100 };

/* Nobody listens, so a connected socket has met itself. Check does not run in here. */
static int connect_once(void)
{
	const struct sockaddr_in6 destination = {.sin6_family = AF_INET6,
						 .sin6_port = htons(PORT),
						 .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	alarm(60);
	if (connect(SOCKET, (const struct sockaddr *)&destination, sizeof destination) == 0)
		return MET_ITSELF;
	return errno == ECONNREFUSED ? WAS_REFUSED : FAILED;
}

static void start_process(const struct call *call, int error, int fd)
{
	char *const arguments[] = {"seccomp", "--connect", NULL};
	int null = open("/dev/null", O_WRONLY);

	if (call->log)
		setenv("NOSELFCONN_LOG", call->log, 1);
	if (dup2(fd, SOCKET) == SOCKET && dup2(null, STDERR_FILENO) == STDERR_FILENO &&
	    deny(call, error))
		execv("/proc/self/exe", arguments);
	_exit(FAILED);
}

static int outcome_of_process(const struct call *call, int error)
{
	/* An ordinary close() would leave the port in TIME_WAIT for a minute. */
	struct linger reset_on_close = {.l_onoff = 1};
	int fd = tcp_socket(AF_INET6, SOCK_CLOEXEC);
	int status = -1;

	ck_assert_int_eq(
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close), 0);
	pid_t process = fork();
	if (process == 0)
		start_process(call, error, fd);
	ck_assert_int_eq(waitpid(process, &status, 0), process);
	close(fd);
	ck_assert_msg(WIFEXITED(status), "system call %ld failing with \"%s\": signal %d",
		      call->number, strerror(error), WTERMSIG(status));
	return WEXITSTATUS(status);
}

START_TEST(every_errno)
{
	for (int error = 1; error <= ERRNOS; error++)
		ck_assert_int_eq(outcome_of_process(&calls[_i], error),
				 control ? MET_ITSELF : calls[_i].outcome);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_loop_test(add_case(suite, "seccomp", one_port), every_errno, 0, CALLS);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--connect") == 0)
		return connect_once();
	return scenario_main(argc, argv, add_tests);
}
