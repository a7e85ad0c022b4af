/*
 * The inside of the library. attempt.c explains how it works. A call goes this way:
 *
 *   hooks.c -> attempt.c, fastopen.c -> next.c makes the call, core examines the socket,
 *   report.c -> line.c, log.c write the line about it
 *
 * start.c runs once, before all of that.
 *
 * Unless a contract says otherwise, a function may be called in a signal handler, in the child of
 * a fork and by many threads at once, and is no cancellation point.
 */
#pragma once

#include "core.h"

/*
 * next.c: the next definition of each function in the chain of preloaded libraries, in the end
 * libc's. Arguments, result, errno and cancellation are those of that definition.
 */
typedef int connect_function(int fd, const struct sockaddr *address, socklen_t length);
typedef ssize_t sendto_function(int fd, const void *data, size_t size, int flags,
				const struct sockaddr *address, socklen_t length);
typedef ssize_t sendmsg_function(int fd, const struct msghdr *message, int flags);
typedef int sendmmsg_function(int fd, struct mmsghdr *messages, unsigned int count, int flags);
typedef int getsockname_function(int fd, struct sockaddr *address, socklen_t *length);

extern connect_function *_Atomic libc_connect;
extern sendto_function *_Atomic libc_sendto;
extern sendmsg_function *_Atomic libc_sendmsg;
extern sendmmsg_function *_Atomic libc_sendmmsg;
extern getsockname_function *_Atomic libc_getsockname;

/* secure_getenv(3), or NULL where libc has none. Not async-signal-safe. */
const char *libc_secure_getenv(const char *variable);

/* The value of program_invocation_short_name(3), or NULL. Not async-signal-safe. */
const char *libc_program_name(void);

/* Looks up all of these. Not async-signal-safe, unlike the later calls through them. */
void find_next_definitions(void);

/* start.c */
extern struct settings settings; /* written by start() only */

/*
 * Prepares the library: next definitions, settings and log. It is the constructor, and a hooked
 * function calls it if the constructor of another library calls that function first. Keeps errno.
 * Not async-signal-safe.
 */
void start(void);

/*
 * Returns the settings from the environment. A variable that is not set gives the default, and so
 * does every variable if the process has more rights than its caller (AT_SECURE). An invalid value
 * gives the default and one line of complaint, in the log or, without a log, on standard error.
 * Prepares the log. Not async-signal-safe.
 */
struct settings read_settings(void);

/*
 * attempt.c, fastopen.c: the logic behind the hooks, with the contracts of connect(2), sendto(2),
 * sendmsg(2) and sendmmsg(2), except that a self-connect is undone and the call repeated. The
 * connection is refused if the retries are used up, if there is no port for a retry, if the
 * self-connect cannot be undone, or after a signal. On success errno keeps the caller's value. They
 * are cancellation points if the next definitions are.
 */
connect_function noselfconn_connect;
sendto_function noselfconn_sendto;
sendmsg_function noselfconn_sendmsg;
sendmmsg_function noselfconn_sendmmsg;

/* attempt.c: one call of the program that may connect. */
struct call {
	int fd;
	const struct msghdr *message; /* of a connect() only the address */
	int flags;		      /* MSG_FASTOPEN and others; 0 for connect() */
	int caller_errno;
	unsigned int self_connects;
	bool stuck; /* the last one could not be undone */
};

/*
 * Continues after the program's own attempt, which ended with result and errno: undoes a
 * self-connect and repeats the call. Reads the message only if the kernel has accepted it. Returns
 * the program's result, with errno.
 */
ssize_t look_after(struct call *call, ssize_t result);

/*
 * report.c: logs one call in which the library stepped in; outcome is 0 or the errno that the
 * program gets. Changes errno.
 */
void report(const struct call *call, int outcome);

/* line.c: a line of text, cut off when it is full. The text does not end in '\0'. */
struct line {
	char text[256];
	size_t length;
};

void append_text(struct line *line, const char *text);
void append_safe(struct line *line, const char *text,
		 size_t most); /* '?' for control bytes and non-ASCII */
void append_number(struct line *line, unsigned int number);
void append_endpoint(struct line *line, const union endpoint *endpoint); /* 1.2.3.4:5, [::1]:5 */

/*
 * log.c: remembers the program's name and, for standard error, which file that is before main().
 * Only read_settings() calls it.
 */
void prepare_log(enum log_target target);

/* Starts the line with "PROGRAM[PID]: libnoselfconn: ". */
void begin_line(struct line *line);

/*
 * Writes the line to standard error or to syslog if that is possible at once; otherwise it is lost.
 * Leaves no signal and no descriptor behind. Changes errno and the line.
 */
void write_line(struct line *line, enum log_target target);
