/*
 * The inside of the library. Data flows one way, each step told by attempt.c:
 *
 *   hooks.c -> attempt.c, fastopen.c -> next.c for the call itself, core for what became of it,
 *   report.c -> line.c, log.c for the line about it
 *
 * start.c is run once, before all of that.
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

/* Looks all of them up, so that no later call has to. Not async-signal-safe. */
void find_next_definitions(void);

/* start.c */
extern struct settings settings; /* written by start() only */

/*
 * Makes the library ready: the next definitions, the settings, and what the log needs to know. The
 * constructor calls it, or a hooked function, if the constructor of another library calls one
 * first. Keeps errno. Not async-signal-safe.
 */
void start(void);

/*
 * Returns the settings in the environment, and the default where there is none or where the process
 * has more rights than its caller (AT_SECURE). Prepares the log for them. A value that cannot be
 * used costs one line of complaint, in the log or, without one, on standard error. Not
 * async-signal-safe.
 */
struct settings read_settings(void);

/*
 * attempt.c, fastopen.c: the logic behind the hooks, with the contracts of connect(2), sendto(2),
 * sendmsg(2) and sendmmsg(2), except that a self-connect is undone and tried again. When the
 * retries are used up, or there is no port for one, or the self-connect cannot be undone, or a
 * signal has ended the waiting, the connection is refused. errno after success is what the caller
 * had. Cancellation points as far as the next definitions are.
 */
connect_function noselfconn_connect;
sendto_function noselfconn_sendto;
sendmsg_function noselfconn_sendmsg;
sendmmsg_function noselfconn_sendmmsg;

/* attempt.c: one call of the program that may connect. */
struct call {
	int fd;
	const struct msghdr *message; /* a connect() has the address only */
	int flags;		      /* MSG_FASTOPEN and others; 0 for connect() */
	int caller_errno;
	unsigned int self_connects;
	bool stuck; /* the last one could not be undone */
};

/*
 * Goes on from the program's own attempt, which ended with result and errno: a self-connect is
 * undone, and the call made again. The message is looked at only if the kernel has accepted it.
 * Returns what the program is to get, with errno.
 */
ssize_t look_after(struct call *call, ssize_t result);

/*
 * report.c: logs one call in which the library stepped in; outcome is 0 or the errno that the
 * program gets. Changes errno.
 */
void report(const struct call *call, int outcome);

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
 * and, for standard error, which file that is. Only read_settings() calls it.
 */
void prepare_log(enum log_target target);

/* Starts the line with "PROGRAM[PID]: libnoselfconn: ". */
void begin_line(struct line *line);

/*
 * Hands the line to standard error or to syslog if that takes it now; otherwise the line is lost.
 * Leaves no signal and no descriptor behind. Changes errno and the line.
 */
void write_line(struct line *line, enum log_target target);
