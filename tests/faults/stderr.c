/*
 * Whatever kind of file stderr is, writing the line does not block or kill the process, and the
 * line goes to no other file. The library remembers the stderr of the start, so each case is a
 * process.
 */
#include "faults.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* What the process does between its start and connect(). */
enum act {
	NOTHING,
	CLOSE_STDERR,
	REUSE,
	EXPECT_WRITE,
	LEAVE_STDIN_FREE,
	HAVE_RESET,
	HAVE_REFUSAL,
	BLOCK_SIGPIPE,
	RAISE_SIGPIPE,
	GET_SIGPIPE_BY_KILL,
	GET_SIGPIPE_BY_TGKILL,
	GET_SIGPIPE_BY_SIGQUEUE,
	GET_SIGPIPE_AND_BREAK_PIPE,
	LIMIT_FILE_SIZE,
	HOLD_LOCK,
	GO_BACKGROUND,
	CHANGE_TERMINAL,
	BREAK_PIPE
};

static bool gets_sigpipe(enum act act)
{
	return act >= GET_SIGPIPE_BY_KILL && act <= GET_SIGPIPE_AND_BREAK_PIPE;
}

static bool has_pipe_of_its_own(enum act act)
{
	return act == BREAK_PIPE || act == GET_SIGPIPE_AND_BREAK_PIPE;
}

/* A kernel thread may make room in a full terminal at any time. */
enum line { NO_LINE, LINE, EITHER };

struct ends {
	int reader; /* what arrives can be read here */
	int writer; /* to be the stderr of the process */
};

static struct ends must(int reader, int writer)
{
	ck_assert_msg(reader >= 0 && writer >= 0, "%s", strerror(errno));
	return (struct ends){reader, writer};
}

static void set_nonblocking(int fd, bool on)
{
	fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0);
}

static bool fill(int fd)
{
	static const char text[4096];

	/* The last bytes one by one, so that there is no room at all. */
	set_nonblocking(fd, true);
	while (write(fd, text, sizeof text) > 0 || write(fd, text, 1) > 0)
		;
	bool full = errno == EAGAIN;
	set_nonblocking(fd, false);
	return full;
}

static struct ends some_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	return must(ends[0], ends[1]);
}

static struct ends full_pipe(void)
{
	struct ends ends = some_pipe();

	ck_assert(fill(ends.writer));
	return ends;
}

static struct ends broken_pipe(void)
{
	struct ends ends = some_pipe();

	close(ends.reader);
	return must(open("/dev/null", O_RDONLY), ends.writer);
}

static struct ends fifo(void)
{
	char path[] = "/tmp/faults-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(path));
	char name[sizeof path + 5];
	snprintf(name, sizeof name, "%s/fifo", path);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	int reader = open(name, O_RDONLY | O_NONBLOCK);
	struct ends ends = must(reader, open(name, O_WRONLY));
	unlink(name);
	rmdir(path);
	return ends;
}

static struct ends some_socket(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	return must(ends[0], ends[1]);
}

static struct ends full_socket(void)
{
	struct ends ends = some_socket();

	ck_assert(fill(ends.writer));
	return ends;
}

static struct ends socket_without_reader(void)
{
	struct ends ends = some_socket();

	close(ends.reader);
	return must(open("/dev/null", O_RDONLY), ends.writer);
}

enum { SERVER_PORT = PORT + 100, CLIENT_PORT = PORT + 101 };

static int bound_socket(int type, int port)
{
	int fd = socket(AF_INET, type, 0);

	bind_to(fd, "127.0.0.1", port);
	return fd;
}

/* A socket, as inetd or socat gives it to a server. */
static struct ends connection(void)
{
	int listener = listen_on("127.0.0.1", SERVER_PORT);
	int reader = bound_socket(SOCK_STREAM, CLIENT_PORT);

	ck_assert_int_eq(connect_to(reader, "127.0.0.1", SERVER_PORT), 0);
	struct ends ends = must(reader, accept(listener, NULL, NULL));
	close(listener);
	return ends;
}

static struct ends reset_connection(void)
{
	struct ends ends = connection();

	close_with_reset(ends.reader);
	return must(open("/dev/null", O_RDONLY), ends.writer);
}

static struct ends refused_datagram(void)
{
	int fd = bound_socket(SOCK_DGRAM, CLIENT_PORT);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", SERVER_PORT), 0);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	return must(open("/dev/null", O_RDONLY), fd);
}

static struct ends file(void)
{
	int fd = memfd_create("stderr", 0);

	return must(dup(fd), fd);
}

static struct ends full_disk(void)
{
	return must(open("/dev/null", O_RDONLY), open("/dev/full", O_WRONLY));
}

static struct ends null_device(void)
{
	return must(open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY));
}

static struct ends missing(const char *what)
{
	printf("skipped: no %s: %s\n", what, strerror(errno));
	return (struct ends){-1, -1};
}

/* Any that is neither a terminal nor of the kernel's memory, and lets itself be opened. */
static struct ends other_device(void)
{
	static const char name[] = "/dev/loop-control";
	int fd = open(name, O_WRONLY);

	return fd < 0 ? missing(name) : must(open("/dev/null", O_RDONLY), fd);
}

/* A block device that is gone with its last descriptor. Returns -1 where there can be none. */
static int configure_loop_device(char *name, size_t size)
{
	int number = ioctl(open("/dev/loop-control", O_RDWR), LOOP_CTL_GET_FREE);
	int backing = memfd_create("disk", 0);
	struct loop_config config = {.fd = (unsigned int)backing,
				     .info.lo_flags = LO_FLAGS_AUTOCLEAR};

	snprintf(name, size, "/dev/loop%d", number);
	int fd = open(name, O_RDWR);
	return ftruncate(backing, 1 << 16) == 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0 ? fd
											   : -1;
}

static struct ends some_disk(int flags)
{
	char name[32];
	int fd = -1;

	/* Another process may be faster. */
	for (int try = 0; fd < 0 && (try == 0 || errno == EBUSY) && try < 100; try++)
		fd = configure_loop_device(name, sizeof name);
	return fd < 0 ? missing("loop device") : must(fd, open(name, flags));
}

static struct ends disk(void)
{
	return some_disk(O_RDWR);
}

static struct ends read_only_disk(void)
{
	return some_disk(O_RDONLY);
}

static int new_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	return grantpt(fd) == 0 && unlockpt(fd) == 0 ? fd : -1;
}

static struct ends terminal_for(int flags)
{
	int reader = new_terminal();

	ck_assert_int_ge(reader, 0);
	return must(reader, open(ptsname(reader), flags | O_NOCTTY));
}

static struct ends terminal(void)
{
	return terminal_for(O_RDWR);
}

static struct ends write_only_terminal(void)
{
	return terminal_for(O_WRONLY);
}

static struct ends read_only_terminal(void)
{
	return terminal_for(O_RDONLY);
}

/* A kernel thread makes room for a while. */
static void fill_terminal(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};

	while (poll(&descriptor, 1, 1000) == 1)
		fill(fd);
}

static struct ends full_terminal(void)
{
	struct ends ends = terminal();

	fill_terminal(ends.writer);
	return ends;
}

static const struct {
	struct ends (*of)(void);
	enum act act;
	enum line line;
} cases[] = {
	{some_pipe, NOTHING, LINE},
	{some_pipe, LEAVE_STDIN_FREE, LINE},
	{full_pipe, NOTHING, NO_LINE},
	{broken_pipe, NOTHING, NO_LINE},
	{some_pipe, BREAK_PIPE, NO_LINE},
	{broken_pipe, BLOCK_SIGPIPE, NO_LINE},
	{broken_pipe, RAISE_SIGPIPE, NO_LINE},
	{some_pipe, GET_SIGPIPE_BY_KILL, LINE},
	{some_pipe, GET_SIGPIPE_BY_TGKILL, LINE},
	{some_pipe, GET_SIGPIPE_BY_SIGQUEUE, LINE},
	{some_pipe, GET_SIGPIPE_AND_BREAK_PIPE, NO_LINE},
	{file, GET_SIGPIPE_BY_KILL, LINE},
	{file, GET_SIGPIPE_BY_TGKILL, LINE},
	{file, GET_SIGPIPE_BY_SIGQUEUE, LINE},
	{some_pipe, CLOSE_STDERR, NO_LINE},
	{some_pipe, REUSE, NO_LINE},
	{fifo, NOTHING, LINE},
	{fifo, LEAVE_STDIN_FREE, LINE},
	{some_socket, NOTHING, LINE},
	{full_socket, NOTHING, NO_LINE},
	{socket_without_reader, NOTHING, NO_LINE},
	{some_socket, LEAVE_STDIN_FREE, LINE},
	{connection, NOTHING, LINE},
	{reset_connection, HAVE_RESET, NO_LINE},
	{refused_datagram, HAVE_REFUSAL, NO_LINE},
	{file, NOTHING, LINE},
	{file, LIMIT_FILE_SIZE, NO_LINE},
	{file, HOLD_LOCK, LINE},
	{file, LEAVE_STDIN_FREE, LINE},
	{full_disk, NOTHING, NO_LINE},
	{null_device, EXPECT_WRITE, NO_LINE},
	{other_device, NOTHING, NO_LINE},
	{disk, NOTHING, LINE},
	{read_only_disk, NOTHING, NO_LINE},
	{terminal, NOTHING, LINE},
	{write_only_terminal, NOTHING, LINE},
	{read_only_terminal, NOTHING, NO_LINE},
	{terminal, LEAVE_STDIN_FREE, LINE},
	{terminal, CHANGE_TERMINAL, LINE},
	{terminal, GO_BACKGROUND, LINE},
	{full_terminal, NOTHING, EITHER},
};

enum { CASES = sizeof cases / sizeof *cases };

/* The process, in which Check does not run: it reports by its exit status. */
enum {
	WAS_REFUSED,
	MET_ITSELF,
	FOUND_ANOTHER_SIGNAL,
	WROTE_ELSEWHERE,
	LOST_LOCK,
	LOST_ERROR,
	TOOK_STDIN,
	STOPPED,
	FAILED
};

static bool is_pending(int signal)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, signal);
}

/* Where a process finds the reader of a pipe that nobody else has. */
enum { READER = 100 };

static void break_pipe(void)
{
	close(READER);
}

/* Another process sends the signal while the library blocks it. */
static void send_sigpipe(void)
{
	kill(getpid(), SIGPIPE);
}

static void send_sigpipe_to_thread(void)
{
	pthread_kill(pthread_self(), SIGPIPE);
}

static void queue_sigpipe(void)
{
	sigqueue(getpid(), SIGPIPE, (union sigval){.sival_int = 1});
}

static void send_sigpipe_and_break_pipe(void)
{
	send_sigpipe();
	break_pipe();
}

static volatile sig_atomic_t sigpipes;

static void count_sigpipe(int number)
{
	(void)number;
	sigpipes++;
}

static void take_pipe(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0 || dup2(ends[0], READER) < 0)
		_exit(FAILED);
	close(ends[0]);
	close(ends[1]);
}

/* What descriptor 2 becomes, and its reader. */
static int elsewhere[2] = {-1, -1};

static void reuse(void)
{
	dup2(elsewhere[1], STDERR_FILENO);
}

static bool something_is_elsewhere(void)
{
	char byte;

	return recv(elsewhere[0], &byte, 1, MSG_DONTWAIT) == 1;
}

static void look_on(void)
{
}

static bool stdin_was_taken;

static void take_stdin(void)
{
	int fd = open("/dev/null", O_RDONLY);

	stdin_was_taken |= fd != STDIN_FILENO;
	close(fd);
}

static struct fault fault_of(enum act act)
{
	switch (act) {
	case EXPECT_WRITE:
		return (struct fault){.calls = WRITE, .act = look_on};
	case LEAVE_STDIN_FREE:
		return (struct fault){.calls = EVERY_CALL, .act = take_stdin};
	case GET_SIGPIPE_BY_KILL:
		return (struct fault){.calls = WRITE, .act = send_sigpipe};
	case GET_SIGPIPE_BY_TGKILL:
		return (struct fault){.calls = WRITE, .act = send_sigpipe_to_thread};
	case GET_SIGPIPE_BY_SIGQUEUE:
		return (struct fault){.calls = WRITE, .act = queue_sigpipe};
	case GET_SIGPIPE_AND_BREAK_PIPE:
		return (struct fault){.calls = WRITE, .act = send_sigpipe_and_break_pipe};
	case BREAK_PIPE:
		return (struct fault){.calls = WRITE, .act = break_pipe};
	default:
		return (struct fault){0};
	}
}

/* The error that is pending for the program, if standard error is a socket. */
static int next_error(void)
{
	char byte;

	return recv(STDERR_FILENO, &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

/* As another process sees it. */
static bool is_locked(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		struct flock lock = {.l_type = F_WRLCK};
		fcntl(STDERR_FILENO, F_GETLK, &lock);
		_exit(lock.l_type == F_WRLCK);
	}
	return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1;
}

static bool perform(enum act act)
{
	struct flock lock = {.l_type = F_WRLCK};
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, elsewhere) != 0)
		return false;
	if (act == CLOSE_STDERR)
		close(STDERR_FILENO);
	if (act == REUSE)
		reuse();
	if (act == BLOCK_SIGPIPE || act == RAISE_SIGPIPE)
		sigprocmask(SIG_BLOCK, &sigpipe, NULL);
	if (act == RAISE_SIGPIPE)
		raise(SIGPIPE);
	if (gets_sigpipe(act))
		signal(SIGPIPE, count_sigpipe);
	fault = fault_of(act);
	return act != HOLD_LOCK || fcntl(STDERR_FILENO, F_SETLK, &lock) == 0;
}

static int connect_after(enum act act)
{
	struct rlimit before;

	if (!perform(act))
		return FAILED;
	if (getrlimit(RLIMIT_FSIZE, &before) != 0)
		return FAILED;
	struct rlimit nothing = {.rlim_cur = 0, .rlim_max = before.rlim_max};
	if (act == LIMIT_FILE_SIZE && setrlimit(RLIMIT_FSIZE, &nothing) != 0)
		return FAILED;

	const struct sockaddr_in destination = {.sin_family = AF_INET,
						.sin_port = htons(PORT),
						.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (act == LEAVE_STDIN_FREE)
		close(STDIN_FILENO);
	int error =
		connect(fd, (const struct sockaddr *)&destination, sizeof destination) ? errno : 0;
	/* What instruments the program writes files of its own at the end. */
	setrlimit(RLIMIT_FSIZE, &before);

	if (is_pending(SIGPIPE) != (act == RAISE_SIGPIPE) ||
	    (error != 0 && sigpipes != gets_sigpipe(act)))
		return FOUND_ANOTHER_SIGNAL;
	if (act == HOLD_LOCK && !is_locked())
		return LOST_LOCK;
	if (something_is_elsewhere())
		return WROTE_ELSEWHERE;
	if ((act == HAVE_RESET && next_error() != ECONNRESET) ||
	    (act == HAVE_REFUSAL && next_error() != ECONNREFUSED))
		return LOST_ERROR;
	if (stdin_was_taken)
		return TOOK_STDIN;
	if (fault.calls != 0 && error != 0 && !fault.seen)
		return FAILED;
	if (error == 0 && is_self_connected(fd))
		return MET_ITSELF;
	return error == ECONNREFUSED && !is_self_connected(fd) ? WAS_REFUSED : FAILED;
}

/* Under a shell that has stderr for its terminal and lets no job in the background write there. */
static int connect_in_background(void)
{
	struct termios terminal;

	if (setsid() < 0 || ioctl(STDERR_FILENO, TIOCSCTTY, 0) != 0 ||
	    tcgetattr(STDERR_FILENO, &terminal) != 0)
		return FAILED;
	terminal.c_lflag |= TOSTOP;
	if (tcsetattr(STDERR_FILENO, TCSANOW, &terminal) != 0)
		return FAILED;

	pid_t job = fork();
	int status;
	if (job == 0) {
		setpgid(0, 0);
		_exit(connect_after(NOTHING));
	}
	if (waitpid(job, &status, WUNTRACED) != job)
		return FAILED;
	if (WIFSTOPPED(status)) {
		kill(job, SIGKILL);
		return STOPPED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

/* Standard error is the terminal that the session has; another session has another one. */
static int connect_in_another_session(void)
{
	int reader = new_terminal();
	pid_t child = fork();
	int status;
	char text;

	if (child != 0)
		return waitpid(child, &status, 0) == child && WIFEXITED(status)
			       ? WEXITSTATUS(status)
			       : FAILED;
	if (setsid() < 0 || ioctl(open(ptsname(reader), O_RDWR), TIOCSCTTY, 0) != 0)
		return FAILED;
	int outcome = connect_after(NOTHING);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	return read(reader, &text, 1) == 1 ? WROTE_ELSEWHERE : outcome;
}

static void take_terminal_of_session(void)
{
	if (setsid() < 0 || ioctl(STDERR_FILENO, TIOCSCTTY, 0) != 0 ||
	    dup2(open("/dev/tty", O_RDWR), STDERR_FILENO) < 0)
		_exit(FAILED);
}

static int status_of_process(int i, const struct ends *ends)
{
	char act[2] = {(char)('0' + cases[i].act)};
	char *const arguments[] = {"stderr", "--connect", act, NULL};
	pid_t process = fork();
	int status = -1;

	if (process == 0) {
		alarm(60);
		dup2(ends->writer, STDERR_FILENO);
		close(ends->writer);
		close(ends->reader);
		if (has_pipe_of_its_own(cases[i].act))
			take_pipe();
		if (cases[i].act == CHANGE_TERMINAL)
			take_terminal_of_session();
		execv("/proc/self/exe", arguments);
		_exit(FAILED);
	}
	ck_assert_int_eq(waitpid(process, &status, 0), process);
	ck_assert_msg(!WIFSIGNALED(status), "case %d ended by signal %d", i, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool line_arrived(int reader)
{
	static char text[1 << 20];
	size_t size = 0;
	ssize_t got;

	fcntl(reader, F_SETFL, O_NONBLOCK);
	lseek(reader, 0, SEEK_SET);
	while (size < sizeof text && (got = read(reader, &text[size], sizeof text - size)) > 0)
		size += (size_t)got;
	return memmem(text, size, "libnoselfconn", strlen("libnoselfconn"));
}

START_TEST(every_kind_of_stderr)
{
	struct ends ends = cases[_i].of();

	if (ends.writer < 0)
		return;
	ck_assert_int_eq(status_of_process(_i, &ends), control ? MET_ITSELF : WAS_REFUSED);
	bool arrived = line_arrived(ends.reader);
	if (control || cases[_i].line != EITHER)
		ck_assert_int_eq(arrived, !control && cases[_i].line == LINE);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_loop_test(add_case(suite, "stderr", one_port), every_kind_of_stderr, 0, CASES);
}

static int be_the_process(enum act act)
{
	switch (act) {
	case GO_BACKGROUND:
		return connect_in_background();
	case CHANGE_TERMINAL:
		return connect_in_another_session();
	default:
		return connect_after(act);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--connect") == 0)
		return be_the_process((enum act)(*argv[2] - '0'));
	return scenario_main(argc, argv, add_tests);
}
