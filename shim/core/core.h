/*
 * The code that the library and the launcher share: whether a TCP socket is connected to itself,
 * how to undo that, and which values a setting can have. It knows no hooks, no environment and no
 * log.
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
 * syscall(2). The library and the launcher each define it: the library must reach libc's syscall()
 * even in a process that has another function of that name. Sets errno.
 */
long system_call(long number, long a, long b, long c, long d, long e, long f);

/*
 * kernel.c: the call of sys/socket.h with this number in linux/net.h (SYS_CONNECT, SYS_GETSOCKOPT
 * and so on), made without libc's wrapper, which may be a cancellation point. Sets errno.
 */
long socket_call(int call, long a, long b, long c, long d, long e, long f);

/* Reads an option of at most length bytes. Returns false with errno when there is none. */
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
 * Whether fd is a TCP or MPTCP socket that is connected, or connecting, to its own address, which
 * then is in *peer. If the kernel does not name the peer, what *peer contains is taken for it.
 * False if the kernel does not tell the rest. Changes errno and *peer.
 */
bool is_self_connected(int fd, union endpoint *peer);

/* Whether a TCP or MPTCP socket has no connection and none under way. Changes errno. */
bool is_closed(int fd);

/*
 * undo.c: resets fd, which is connected to itself, to its state before connect(). The descriptor,
 * its duplicates, its options and its epoll registrations stay, and the port is free at once.
 * Returns false if the kernel refuses; then fd is set to reset on close, so that it leaves no
 * TIME_WAIT behind. Changes errno.
 */
bool undo_self_connect(int fd);

/* settings.c */
enum setting { RETRIES, LOG, DISABLE, SETTINGS };

enum log_target { LOG_TO_NONE, LOG_TO_STDERR, LOG_TO_SYSLOG };

/* One setting. Its texts are arrays, because each pointer would cost a relocation. */
struct setting_rule {
	char name[8];	       /* of the launcher's option */
	char variable[20];     /* of the environment */
	char words[3][8];      /* the value is the index of a word, if highest is 0, */
	unsigned int highest;  /* or else a whole number up to this */
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

/* Reads text as a value of the setting. Returns false, and changes nothing, if it is not valid. */
bool parse_setting(enum setting setting, const char *text, struct settings *settings);
