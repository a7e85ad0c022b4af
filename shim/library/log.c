/* The log: how a line starts, and where it goes. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* musl before 1.2.5 does not have it. */
#ifndef STATX_TYPE
#include <linux/stat.h>
#endif

/*
 * RFC 3164: "<facility * 8 + severity>", here user and warning. The reader of /dev/log adds the
 * time. Standard error gets the line without this prefix.
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
	append_number(line, (unsigned int)system_call(SYS_getpid, 0, 0, 0, 0, 0, 0));
	append_text(line, "]: libnoselfconn: ");
}

/* fstat() has no symbol in glibc before 2.33, and its struct is not the same everywhere. */
static bool identify_stderr(struct statx *file)
{
	return system_call(SYS_statx, STDERR_FILENO, (long)"", AT_EMPTY_PATH,
			   STATX_TYPE | STATX_INO, (long)file, 0) == 0;
}

/* A daemon closes descriptor 2, and any other file may then get this number. */
static bool is_first_stderr(struct statx *file)
{
	return first_stderr.stx_mask && identify_stderr(file) &&
	       file->stx_ino == first_stderr.stx_ino &&
	       file->stx_dev_major == first_stderr.stx_dev_major &&
	       file->stx_dev_minor == first_stderr.stx_dev_minor;
}

void prepare_log(enum log_target target)
{
	const char *name = libc_program_name();

	for (size_t i = 0; name && name[i] && i < sizeof program - 1; i++) {
		program[i] = name[i];
		program[i + 1] = '\0';
	}
	if (target == LOG_TO_STDERR)
		identify_stderr(&first_stderr);
}

/*
 * Whether fd is writable, and nothing else. POLLERR beside POLLOUT means that the reader of a pipe
 * has gone, or that a socket has an error, which the program is to get.
 */
static bool takes_a_line_now(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
	struct timespec at_once = {0};

	/* poll(3) is a cancellation point, and newer architectures lack the system call poll. */
	return system_call(SYS_ppoll, (long)&descriptor, 1, (long)&at_once, 0, 0, 0) == 1 &&
	       descriptor.revents == POLLOUT;
}

/* The kernel's set of signals that contains this one, which must be below 33. */
static unsigned long set_of(int signal)
{
	return 1UL << (signal - 1);
}

/*
 * A failing write raises SIGPIPE or SIGXFSZ for the writing thread. This thread blocks both, and
 * takes away a signal that this write raised; one that was pending before stays. SIGTTOU, which
 * would stop a background job, is not raised while it is blocked (__tty_check_change() in Linux).
 */
static void write_without_signal(int fd, const char *text, size_t size)
{
	enum { SET_SIZE = 8, WORDS = SET_SIZE / sizeof(long) };
	const unsigned long held_back[WORDS] = {set_of(SIGPIPE) | set_of(SIGXFSZ) |
						set_of(SIGTTOU)};
	const struct timespec at_once = {0};
	unsigned long before[WORDS];
	unsigned long pending[WORDS] = {0};
	unsigned long raised[WORDS] = {0};

	system_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)held_back, (long)before, SET_SIZE, 0, 0);
	system_call(SYS_rt_sigpending, (long)pending, SET_SIZE, 0, 0, 0, 0);
	if (system_call(SYS_write, fd, (long)text, (long)size, 0, 0, 0) < 0)
		raised[0] = errno == EPIPE ? set_of(SIGPIPE) : errno == EFBIG ? set_of(SIGXFSZ) : 0;
	raised[0] &= ~pending[0];
	if (raised[0])
		system_call(SYS_rt_sigtimedwait, (long)raised, 0, (long)&at_once, SET_SIZE, 0, 0);
	system_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)before, 0, SET_SIZE, 0, 0);
}

static bool send_now(int fd, const char *text, size_t size)
{
	return socket_call(SYS_SENDTO, fd, (long)text, (long)size, MSG_DONTWAIT | MSG_NOSIGNAL, 0,
			   0) >= 0;
}

static void write_to_stderr(const char *text, size_t size)
{
	struct statx file;

	if (!is_first_stderr(&file) || !takes_a_line_now(STDERR_FILENO))
		return;
	if (S_ISSOCK(file.stx_mode))
		send_now(STDERR_FILENO, text, size);
	else
		write_without_signal(STDERR_FILENO, text, size);
}

static bool write_to_syslog(int type, const char *text, size_t size)
{
	static const struct sockaddr_un dev_log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	long fd = socket_call(SYS_SOCKET, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
	bool sent = fd >= 0 &&
		    socket_call(SYS_CONNECT, fd, (long)&dev_log, sizeof dev_log, 0, 0, 0) == 0 &&
		    send_now((int)fd, text, size);

	if (fd >= 0)
		system_call(SYS_close, fd, 0, 0, 0, 0, 0);
	return sent;
}

void write_line(struct line *line, enum log_target target)
{
	const size_t skipped = sizeof priority - 1;

	if (line->length == sizeof line->text)
		line->length--;
	line->text[line->length] = target == LOG_TO_SYSLOG ? '\0' : '\n';
	if (target == LOG_TO_STDERR)
		write_to_stderr(line->text + skipped, line->length + 1 - skipped);
	/* Like syslog(3): if /dev/log is a stream, each message ends with '\0'. */
	else if (!write_to_syslog(SOCK_DGRAM, line->text, line->length))
		write_to_syslog(SOCK_STREAM, line->text, line->length + 1);
}
