/*
 * Under a seccomp filter: also when it steps in, the library needs no system call outside of
 * systemd's @network-io, and what it cannot look into is left alone.
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
 * what some architectures lack, and the end of the program.
 */
static const unsigned int allowed[] = {
	SYS_accept4,	SYS_bind,	SYS_connect,	SYS_getpeername, SYS_getsockname,
	SYS_getsockopt, SYS_listen,	SYS_recvfrom,	SYS_recvmmsg,	 SYS_recvmsg,
	SYS_sendmmsg,	SYS_sendmsg,	SYS_sendto,	SYS_setsockopt,	 SYS_shutdown,
	SYS_socket,	SYS_socketpair, SYS_exit_group,
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

/* Returns what waitpid() tells of a child that makes the call under the filter. */
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

START_TEST(what_is_not_in_the_set_kills)
{
	int status = status_of(asks_for_its_parent, -1, SYS_connect, SECCOMP_RET_KILL_PROCESS);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

/*
 * The sending calls alone find out with fcntl() whether the socket blocks, as a program that has
 * non-blocking sockets must be allowed anyway.
 */
static const struct {
	bool (*call)(int fd);
	unsigned int one_more; /* system call that is allowed */
} calls[] = {
	{connects, SYS_connect},
	{sends_to, SYS_fcntl},
	{sends_message, SYS_fcntl},
	{sends_messages, SYS_fcntl},
};

START_TEST(what_the_library_needs_is_in_the_set)
{
	int fd = tcp_socket(AF_INET, 0);

	destination = address_of("127.0.0.1", PORT).v4;
	int status = status_of(calls[_i].call, fd, calls[_i].one_more, SECCOMP_RET_KILL_PROCESS);
	ck_assert(WIFEXITED(status));
	must_be_refused(fd, WEXITSTATUS(status));
}
END_TEST

/* Without fcntl() nobody can tell that the call has to wait for the handshake. */
START_TEST(what_cannot_be_looked_into_is_left_alone)
{
	enum { LIVE_PORT = 50000 };
	int fd = tcp_socket(AF_INET, 0);

	listen_on("127.0.0.1", LIVE_PORT);
	destination = address_of("127.0.0.1", LIVE_PORT).v4;
	int status = status_of(sends_to, fd, SYS_connect, SECCOMP_RET_ERRNO | EPERM);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *one = add_case(suite, "one port", one_port);

	tcase_add_test(one, what_is_not_in_the_set_kills);
	tcase_add_test(one, what_cannot_be_looked_into_is_left_alone);
	tcase_add_loop_test(one, what_the_library_needs_is_in_the_set, 0,
			    sizeof calls / sizeof *calls);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
