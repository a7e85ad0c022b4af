/* The log: where a line starts, and how it leaves. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
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
static bool identify(int fd, struct statx *file)
{
	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, file) == 0;
}

static bool is_first_stderr(int fd, struct statx *file)
{
	return first_stderr.stx_mask && identify(fd, file) &&
	       file->stx_ino == first_stderr.stx_ino &&
	       file->stx_dev_major == first_stderr.stx_dev_major &&
	       file->stx_dev_minor == first_stderr.stx_dev_minor;
}

void prepare_log(enum log_target target)
{
	const char *name = program_invocation_short_name;

	if (name && *name)
		strncpy(program, name, sizeof program - 1);
	if (target == LOG_TO_STDERR)
		identify(STDERR_FILENO, &first_stderr);
}

static bool can_take_a_line(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	struct timespec at_once = {0};

	/* poll() would be a cancellation point, and newer architectures do not have the call. */
	return syscall(SYS_ppoll, &descriptor, 1, &at_once, NULL, 0) == 1 &&
	       descriptor.revents == POLLOUT;
}

static bool is_terminal(int fd)
{
	struct winsize size;

	return syscall(SYS_ioctl, fd, TIOCGWINSZ, &size) == 0;
}

/* The terminal's own number, whatever name it was opened by; 0 where nobody tells. */
static unsigned int number_of_terminal(int fd)
{
	unsigned int number = 0;

	syscall(SYS_ioctl, fd, TIOCGDEV, &number);
	return number;
}

/*
 * The same file with O_NONBLOCK, which set on descriptor 2 would be everybody's. The kernel asks
 * for the rights of the process, which may be more than the descriptor has: it need not be open
 * for writing.
 */
static int open_again_without_blocking(int fd)
{
	struct line path = {.length = 0};
	int access = fcntl(fd, F_GETFL) & O_ACCMODE;

	if (access != O_WRONLY && access != O_RDWR)
		return -1;
	append_text(&path, "/proc/self/fd/");
	append_number(&path, (unsigned int)fd);
	return (int)syscall(SYS_openat, AT_FDCWD, path.text,
			    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* What is not there to be opened again took nothing. */
static bool opened_again_took(int fd, const char *text, size_t size)
{
	int again = open_again_without_blocking(fd);

	if (again < 0)
		return false;
	/* /dev/tty is another terminal in another session. */
	if (number_of_terminal(again) == number_of_terminal(fd))
		syscall(SYS_write, again, text, size);
	syscall(SYS_close, again);
	return true;
}

/* Linux knows RWF_NOWAIT for pipes since 6.4; FIFOs that are opened by name do without. */
static bool pipe_took(int fd, const char *text, size_t size)
{
	struct iovec whole = {.iov_base = (void *)text, .iov_len = size};

	return syscall(SYS_pwritev2, fd, &whole, 1, -1L, -1L, RWF_NOWAIT) >= 0 ||
	       (errno != EOPNOTSUPP && errno != ENOSYS);
}

/*
 * poll() has said that there is room, but a terminal may have too little for the line, and in a
 * pipe somebody else may take it first. What cannot be opened again (after su(1), without /proc)
 * gets no line if it is a terminal; a pipe gets it, since with room for one byte it has room for
 * PIPE_BUF (pipe_poll()). Of the devices those of the kernel's memory (null, full, kmsg) never
 * wait; any other may, and what opening it again does nobody knows.
 */
static void write_at_once(int fd, const char *text, size_t size, const struct statx *file)
{
	switch (file->stx_mode & S_IFMT) {
	case S_IFREG:
		break;
	case S_IFIFO:
		if (pipe_took(fd, text, size) || opened_again_took(fd, text, size))
			return;
		break;
	case S_IFCHR:
		if (file->stx_rdev_major == MEM_MAJOR)
			break;
		if (is_terminal(fd))
			opened_again_took(fd, text, size);
		return;
	default:
		return;
	}
	syscall(SYS_write, fd, text, size);
}

/*
 * SIGPIPE and SIGXFSZ go to the thread that writes, so that it can hold them back and take away
 * what was not pending before. SIGTTOU, which would stop a background job, is not even raised
 * while it is held back (__tty_check_change() in Linux).
 */
static void write_without_signal(int fd, const char *text, size_t size, const struct statx *file)
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
	write_at_once(fd, text, size, file);
	sigdelset(&held_back, SIGTTOU);
	for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
		if (sigismember(&pending, raised[i]))
			sigdelset(&held_back, raised[i]);
	syscall(SYS_rt_sigtimedwait, &held_back, NULL, &at_once, _NSIG / 8);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void write_to(int fd, const char *text, size_t size, const struct statx *file)
{
	if (S_ISSOCK(file->stx_mode))
		syscall(SYS_sendto, fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
	else if (can_take_a_line(fd))
		write_without_signal(fd, text, size, file);
}

/*
 * A daemon closes descriptor 2, and then the number may be given to anything, by another thread at
 * any moment. A duplicate stays what it is. Closing one takes the program's record locks away
 * (fcntl(2)), which on a regular file are to be expected: that is written to by its number, as is
 * all else when there is no other. The duplicate leaves 0 to 2 to who opens them anew.
 */
static void write_to_stderr(const char *text, size_t size)
{
	struct statx file;
	int duplicate = -1;

	if (!is_first_stderr(STDERR_FILENO, &file))
		return;
	if (!S_ISREG(file.stx_mode))
		duplicate = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (duplicate < 0) {
		write_to(STDERR_FILENO, text, size, &file);
		return;
	}
	if (is_first_stderr(duplicate, &file))
		write_to(duplicate, text, size, &file);
	syscall(SYS_close, duplicate);
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
