/*
 * What is true of any TCP socket, without hooks, environment or log: whether it is connected to
 * itself, how that is undone, and which values a setting can have. The library and the launcher
 * share it.
 *
 * Every function here may be called in a signal handler, in the child of a fork and by many threads
 * at once, and is no cancellation point.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * syscall(2). Each program that links core brings its own: in the library it must be libc's
 * definition, whatever the process itself calls by that name. Sets errno.
 */
long system_call(long number, long a, long b, long c, long d, long e, long f);

/*
 * kernel.c: the call of sys/socket.h with this number in linux/net.h (SYS_CONNECT, SYS_GETSOCKOPT
 * and so on), made without libc's wrapper, which may be a cancellation point. Sets errno.
 */
long socket_call(int call, long a, long b, long c, long d, long e, long f);

/* Reads an option of at most *length bytes. Returns false with errno when there is none. */
bool get_option(int fd, int level, int name, void *value, socklen_t length);

/* detect.c */
union endpoint {
	sa_family_t family;
	struct sockaddr any;
	struct sockaddr_in v4; /* sin_port and sin6_port are the same bytes */
	struct sockaddr_in6 v6;
};

/*
 * Copies an address that the kernel has accepted, whatever its alignment. Returns false for a
 * family other than AF_INET and AF_INET6.
 */
bool read_endpoint(union endpoint *endpoint, const void *address, socklen_t length);

/* Whether both are the same address of one family, and the same port. Scopes do not count. Pure. */
bool same_endpoint(const union endpoint *a, const union endpoint *b);

/*
 * Whether fd is a TCP or MPTCP socket that is connected, or on its way, to its own address. False
 * when the kernel does not tell. Changes errno.
 */
bool is_self_connected(int fd);

/* Whether a TCP or MPTCP socket has no connection and none under way. Changes errno. */
bool is_closed(int fd);

/*
 * undo.c: takes fd, which is connected to itself, back to where it was before connect(), in
 * place: the descriptor, its duplicates, its options and its registrations stay, and the port is
 * free at once. Returns false when the kernel refuses; then fd is set to reset on close, so that at
 * least no TIME_WAIT stays behind. Changes errno.
 */
bool undo_self_connect(int fd);

/* settings.c */
enum setting { RETRIES, LOG, DISABLE, SETTINGS };

enum log_target { LOG_TO_NONE, LOG_TO_STDERR, LOG_TO_SYSLOG };

/* One setting. Text is held in arrays, since pointers would cost a relocation each. */
struct setting_rule {
	char name[8];	       /* as an option of the launcher has it */
	char variable[20];     /* of the environment */
	char words[3][8];      /* the value is the index of one of these, or, without words, */
	unsigned int highest;  /* a whole number from 0 to this */
	unsigned int standard; /* the value when the variable is unset or empty */
	char standard_text[8];
	char expected[28];
};

extern const struct setting_rule setting_rules[SETTINGS];

/* A value for each setting. */
struct settings {
	unsigned int value[SETTINGS];
};

/* Returns the settings of a process whose environment has none of the variables. */
struct settings default_settings(void);

/* Reads text as a value of the setting. Returns false, and changes nothing, when it is none. */
bool parse_setting(enum setting setting, const char *text, struct settings *settings);
