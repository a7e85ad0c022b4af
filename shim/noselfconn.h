/*
 * The inside of libnoselfconn. Data flows one way, each step told by attempt.c:
 *
 *   hooks.c -> (fastopen.c ->) attempt.c -> detect.c -> undo.c -> report.c -> line.c, log.c
 *
 * Unless a contract says otherwise, a function may be called in a signal handler, in the child of
 * a fork and by many threads at once, and is no cancellation point.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * libc.c: the next definition of each hooked function in the chain of preloaded libraries, in the
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

/* detect.c */
union endpoint {
	sa_family_t family;
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * Copies the address that the message is named for, whatever its alignment. Returns false for a
 * family other than AF_INET and AF_INET6 and for a length that the family cannot have.
 */
bool read_destination(union endpoint *destination, const struct msghdr *message);

/*
 * Whether a TCP socket with this local address that connects to destination, which may be a
 * wildcard, is its own peer. Families other than AF_INET and AF_INET6 never are. Pure.
 */
bool same_endpoint(const union endpoint *local, const union endpoint *destination);

/* Whether fd is a stream socket of TCP or MPTCP. Changes errno. */
bool is_tcp(int fd);

/*
 * Whether fd, for which a connection to destination is established or under way, is connected to
 * itself. False when its address or type cannot be found out; where the kernel does not tell the
 * peer, destination is taken for it. Changes errno.
 */
bool is_self_connected(int fd, const union endpoint *destination);

/*
 * undo.c: takes fd, which is connected to itself, back to where it was before connect(), in
 * place. Returns false when the kernel refuses; then fd is set to reset on close, so that at
 * least no TIME_WAIT stays behind. Changes errno.
 */
bool undo_self_connect(int fd);

/* settings.c */
enum log_target { LOG_TO_NONE, LOG_TO_STDERR, LOG_TO_SYSLOG };

struct settings {
	bool disabled;
	unsigned int retries;
	enum log_target log;
};

extern struct settings settings; /* written by the constructor only */

/*
 * Reads the settings from the environment, unless the process runs with more rights than its
 * caller (AT_SECURE), and prepares the log for what they say. A value that cannot be used leaves
 * the default and costs one line of complaint, in the log or, without one, on stderr. Not
 * async-signal-safe.
 */
struct settings read_settings(void);

/* Read one value. Return false, and change nothing, when it is not one of the setting's. */
bool parse_retries(const char *value, unsigned int *retries);
bool parse_log(const char *value, enum log_target *log);
bool parse_disable(const char *value, bool *disabled);

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
