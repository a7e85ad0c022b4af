/*
 * The inside of libnoselfconn. Data flows one way, each step told by attempt.c:
 *
 *   hooks.c -> (fastopen.c ->) attempt.c -> detect.c -> undo.c -> report.c -> line.c, log.c
 *
 * Unless a contract says otherwise, a function may be called in a signal handler, in the child of
 * a fork and by many threads at once, and is no cancellation point.
 */
#pragma once

#include "core.h"

/*
 * next.c: the next definition of each hooked function in the chain of preloaded libraries, in the
 * end libc's. Arguments, result, errno and cancellation are those of that definition.
 */
int libc_connect(int fd, const struct sockaddr *address, socklen_t length);
ssize_t libc_sendto(int fd, const void *data, size_t size, int flags,
		    const struct sockaddr *address, socklen_t length);
ssize_t libc_sendmsg(int fd, const struct msghdr *message, int flags);
int libc_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);

/* Looks all of them up now, so that no later call has to. Only the constructor calls it. */
void find_next_definitions(void);

/*
 * The logic behind the hooks, with the contracts of connect(2), sendto(2), sendmsg(2) and
 * sendmmsg(2), except that a self-connect is undone and tried again. When the retries are used up,
 * or there is no port for one, or it cannot be undone, or a signal has ended the waiting, the
 * answer is -1 and ECONNREFUSED. errno after success is what the caller had. Cancellation points
 * as far as the next definitions are.
 */
int noselfconn_connect(int fd, const struct sockaddr *destination, socklen_t length);
ssize_t noselfconn_sendto(int fd, const void *data, size_t size, int flags,
			  const struct sockaddr *destination, socklen_t length);
ssize_t noselfconn_sendmsg(int fd, const struct msghdr *message, int flags);
int noselfconn_sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);

/* attempt.c: one call of the program in the course of its attempts. */
struct encounter {
	int fd;
	const struct msghdr *message; /* named for the destination; looked at late, see below */
	int caller_errno;
	unsigned int self_connects;
};

/*
 * Judges the attempt that ended with *result and errno. A self-connect is undone. The message is
 * looked at only when the kernel has accepted it, so that a bad pointer stays the kernel's EFAULT.
 *
 * Returns true when the attempt has to be made again. Otherwise *result and errno are what the
 * program is to be told, and the log has its line if the library stepped in.
 */
bool met_itself(struct encounter *encounter, ssize_t *result);

/* environment.c */
extern struct settings settings; /* written by the constructor only */

/*
 * Reads the settings from the environment, unless the process runs with more rights than its
 * caller (AT_SECURE), and prepares the log for what they say. A value that cannot be used leaves
 * the default and costs one line of complaint, in the log or, without one, on stderr. Not
 * async-signal-safe.
 */
struct settings read_settings(void);

/* line.c: a line of text, cut off where it is full. The text does not end in '\0'. */
struct line {
	char text[256];
	size_t length;
};

void append_text(struct line *line, const char *text);
void append_safe(struct line *line, const char *text,
		 size_t most); /* '?' for what does not print */
void append_number(struct line *line, unsigned int number);
void append_endpoint(struct line *line, const union endpoint *endpoint); /* 1.2.3.4:5, [::1]:5 */

/*
 * log.c: remembers what the log needs to know from the time before main(): the program's name
 * and, for stderr, which file that is. Only read_settings() calls it.
 */
void prepare_log(enum log_target target);

/* Starts the line with "PROGRAM[PID]: libnoselfconn: ". */
void begin_line(struct line *line);

/*
 * Hands the line to stderr or syslog if that can be done at once; otherwise it is lost. Never
 * blocks, raises no signal, keeps no descriptor. Changes errno and the line.
 */
void write_line(struct line *line, enum log_target target);

/*
 * report.c: logs one call in which the library stepped in; outcome is 0 or the errno that the
 * program is told. Changes errno.
 */
void report(const union endpoint *destination, unsigned int self_connects, bool undone,
	    int outcome);
