/*
 * What is true of any TCP socket, without hooks, environment or log: is it connected to itself, how
 * is that undone, and which values a setting can have. The library and the launcher share it.
 *
 * A function may be called in a signal handler, in the child of a fork and by many threads at once,
 * and is no cancellation point.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

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
