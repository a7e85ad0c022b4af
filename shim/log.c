/* The log: where a line starts, and how it leaves. */
#include "noselfconn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* musl before 1.2.5 has none of these. */
#ifndef STATX_TYPE
#include <linux/stat.h>
#endif
#ifndef RWF_NOWAIT
enum { RWF_NOWAIT = 8 };
#endif

/*
 * RFC 3164 without the time stamp, which the reader of /dev/log adds:
 * "<facility * 8 + severity>", here user and warning. stderr gets what comes after it.
 */
static const char priority[] = "<12>";

static char program[64] = "?";
static struct statx first_stderr;

void begin_line(struct line *line)
{
	line->length = 0;
	append_text(line, priority);
	append_safe(line, program, sizeof program);
	append_text(line, "[");
	append_number(line, (unsigned int)getpid());
	append_text(line, "]: libnoselfconn: ");
}

/* fstat() has no symbol in glibc before 2.33, and its struct is not the same everywhere. */
static bool identify_stderr(struct statx *file)
{
	return syscall(SYS_statx, STDERR_FILENO, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, file) ==
	       0;
}

void prepare_log(enum log_target target)
{
	const char *name = program_invocation_short_name;

	if (name && *name)
		strncpy(program, name, sizeof program - 1);
	if (target == LOG_TO_STDERR)
		identify_stderr(&first_stderr);
}

static bool can_take_a_line(void)
{
	struct pollfd descriptor = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct timespec at_once = {0};

	/* poll() would be a cancellation point, and newer architectures do not have the call. */
	return syscall(SYS_ppoll, &descriptor, 1, &at_once, NULL, 0) == 1 &&
	       descriptor.revents == POLLOUT;
}

/* The same file with O_NONBLOCK, which set on descriptor 2 would be everybody's. */
static int open_again_without_blocking(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd/2",
			    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Linux knows RWF_NOWAIT for pipes since 6.4; FIFOs that are opened by name do without. */
static bool pipe_took(const char *text, size_t size)
{
	struct iovec whole = {.iov_base = (void *)text, .iov_len = size};

	return syscall(SYS_pwritev2, STDERR_FILENO, &whole, 1, -1L, -1L, RWF_NOWAIT) >= 0 ||
	       (errno != EOPNOTSUPP && errno != ENOSYS);
}

/*
 * poll() has said that there is room, but a terminal may have too little for the line, and in a
 * pipe somebody else may take it first. What cannot be opened again (after su(1), without /proc)
 * gets no line if it is a terminal; a pipe gets it, since with room for one byte it has room for
 * PIPE_BUF (pipe_poll()).
 */
static void write_at_once(const char *text, size_t size, mode_t mode)
{
	int fd = STDERR_FILENO;
	int again = -1;

	if (S_ISFIFO(mode) && pipe_took(text, size))
		return;
	if (!S_ISREG(mode)) {
		again = open_again_without_blocking();
		fd = again < 0 && S_ISFIFO(mode) ? STDERR_FILENO : again;
	}
	syscall(SYS_write, fd, text, size);
	if (again >= 0)
		syscall(SYS_close, again);
}

/*
 * SIGPIPE and SIGXFSZ go to the thread that writes, so that it can hold them back and take away
 * what was not pending before. SIGTTOU, which would stop a background job, is not even raised
 * while it is held back (__tty_check_change() in Linux).
 */
static void write_without_signal(const char *text, size_t size, mode_t mode)
{
	static const int raised[] = {SIGPIPE, SIGXFSZ};
	struct timespec at_once = {0};
	sigset_t held_back;
	sigset_t pending;
	sigset_t before;

	sigemptyset(&held_back);
	sigaddset(&held_back, SIGPIPE);
	sigaddset(&held_back, SIGXFSZ);
	sigaddset(&held_back, SIGTTOU);
	sigprocmask(SIG_BLOCK, &held_back, &before);
	sigpending(&pending);
	write_at_once(text, size, mode);
	sigdelset(&held_back, SIGTTOU);
	for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
		if (sigismember(&pending, raised[i]))
			sigdelset(&held_back, raised[i]);
	syscall(SYS_rt_sigtimedwait, &held_back, NULL, &at_once, _NSIG / 8);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* A daemon closes descriptor 2, and then the number may be given to anything. */
static void write_to_stderr(const char *text, size_t size)
{
	struct statx now;

	if (!first_stderr.stx_mask || !identify_stderr(&now) ||
	    now.stx_ino != first_stderr.stx_ino ||
	    now.stx_dev_major != first_stderr.stx_dev_major ||
	    now.stx_dev_minor != first_stderr.stx_dev_minor)
		return;
	if (S_ISSOCK(now.stx_mode))
		syscall(SYS_sendto, STDERR_FILENO, text, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL,
			0);
	else if (can_take_a_line())
		write_without_signal(text, size, now.stx_mode);
}

static void write_to_syslog(const char *text, size_t size)
{
	static const struct sockaddr_un dev_log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	/* sendto() and close() would be cancellation points. */
	syscall(SYS_sendto, fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL, &dev_log, sizeof dev_log);
	syscall(SYS_close, fd);
}

void write_line(struct line *line, enum log_target target)
{
	const size_t skipped = sizeof priority - 1;

	if (target == LOG_TO_SYSLOG) {
		write_to_syslog(line->text, line->length);
		return;
	}
	if (line->length == sizeof line->text)
		line->length--;
	line->text[line->length++] = '\n';
	write_to_stderr(line->text + skipped, line->length - skipped);
}
