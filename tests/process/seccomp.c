/*
 * Under a seccomp filter: to undo a self-connect the library needs systemd's @network-io, fcntl()
 * and close(), and no other system call. It also works under a filter that refuses fcntl().
 */
#include "scenario.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * @network-io (syscall_filter_sets in systemd's src/shared/seccomp-util.c, version 252) without
 * what some architectures lack, close(), and the end of the program.
 */
static const unsigned int allowed[] = {
	SYS_accept4,	SYS_bind,	SYS_connect,  SYS_getpeername, SYS_getsockname,
	SYS_getsockopt, SYS_listen,	SYS_recvfrom, SYS_recvmmsg,    SYS_recvmsg,
	SYS_sendmmsg,	SYS_sendmsg,	SYS_sendto,   SYS_setsockopt,  SYS_shutdown,
	SYS_socket,	SYS_socketpair, SYS_close,    SYS_exit_group,
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
};

enum { ALLOWED = sizeof allowed / sizeof *allowed };

static bool filter_system_calls(unsigned int one_more, unsigned int otherwise)
{
	struct sock_filter filter[1 + 2 * (ALLOWED + 1) + 1];
	struct sock_fprog program = {.filter = filter, .len = 0};

	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							     offsetof(struct seccomp_data, nr));
	for (int i = 0; i <= ALLOWED; i++) {
		unsigned int number = i < ALLOWED ? allowed[i] : one_more;
		filter[program.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
		filter[program.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static struct sockaddr_in destination;
static struct iovec data = {.iov_base = "x", .iov_len = 1};
static struct mmsghdr message = {.msg_hdr = {.msg_name = &destination,
					     .msg_namelen = sizeof destination,
					     .msg_iov = &data,
					     .msg_iovlen = 1}};

static bool connects(int fd)
{
	return connect(fd, (struct sockaddr *)&destination, sizeof destination) == 0;
}

static bool sends_to(int fd)
{
	return sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&destination,
		      sizeof destination) == 1;
}

static bool sends_message(int fd)
{
	return sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN) == 1;
}

static bool sends_messages(int fd)
{
	return sendmmsg(fd, &message, 1, MSG_FASTOPEN) == 1;
}

static bool asks_for_its_parent(int fd)
{
	return fd < 0 && syscall(SYS_getppid) > 0;
}

/* Makes the call in a child under the filter. Returns the child's wait status. */
static int status_of(bool (*call)(int fd), int fd, unsigned int one_more, unsigned int otherwise)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (!filter_system_calls(one_more, otherwise))
			_exit(EXIT_FAILURE);
		_exit(call(fd) ? 0 : errno);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(forbidden_call_kills_the_process)
{
	int status = status_of(asks_for_its_parent, -1, SYS_connect, SECCOMP_RET_KILL_PROCESS);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

static bool (*const calls[])(int fd) = {connects, sends_to, sends_message, sends_messages};

enum { CALLS = sizeof calls / sizeof *calls };

START_TEST(library_makes_only_allowed_calls)
{
	int fd = tcp_socket(AF_INET, 0);

	destination = address_of("127.0.0.1", PORT).v4;
	int status = status_of(calls[_i], fd, SYS_fcntl, SECCOMP_RET_KILL_PROCESS);
	ck_assert(WIFEXITED(status));
	must_be_refused(fd, WEXITSTATUS(status));
}
END_TEST

START_TEST(works_without_fcntl)
{
	int fd = tcp_socket(AF_INET, 0);

	destination = address_of("127.0.0.1", PORT).v4;
	int status = status_of(calls[_i], fd, SYS_connect, SECCOMP_RET_ERRNO | EPERM);
	ck_assert(WIFEXITED(status));
	must_be_refused(fd, WEXITSTATUS(status));
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);

	tcase_add_test(one, forbidden_call_kills_the_process);
	tcase_add_loop_test(one, library_makes_only_allowed_calls, 0, CALLS);
	tcase_add_loop_test(one, works_without_fcntl, 0, CALLS);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
