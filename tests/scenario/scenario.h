/* Helpers for the scenarios. Ports are in host byte order. */
#pragma once

#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* The port that a scenario connects to, and the only one in the one-port range. */
enum { PORT = 40000 };

/* The exit status that tells ctest that a test was skipped. */
enum { SKIPPED = 77 };

/* True without the library: then the self-connect has to happen. */
extern bool control;

union address {
	sa_family_t family;
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * The body of main(): reads --control, skips if there can be no namespace, runs the tests. With
 * HOST_RULE in the environment each namespace of a test gets the host rule by that command.
 */
int scenario_main(int argc, char **argv, void (*add_tests)(Suite *));

/*
 * Fixtures: a namespace whose port range is PORT only, one with PORT to PORT + 6 (four of PORT's
 * parity), and one with many other ports.
 */
void one_port(void);
void some_ports(void);
void other_ports(void);

/* Adds a case in which each test starts with the fixture. */
TCase *add_case(Suite *suite, const char *name, void (*fixture)(void));

/* Makes an address from a text like "127.0.0.1", "::1" or "fe80::1%lo" and a port. */
union address address_of(const char *text, int port);
socklen_t length_of(const union address *address);

/* Wrappers of system calls. Each ends the test on failure. */
int tcp_socket(int family, int flags);
void bind_to(int fd, const char *address, int port);
int listen_on(const char *address, int port);
int local_port(int fd);
int connect_to(int fd, const char *address, int port); /* 0 or errno */
int wait_for_connect(int fd);			       /* poll, then SO_ERROR: 0 or errno */
int option(int fd, int level, int name);
void close_with_reset(int fd); /* without TIME_WAIT */

/* Whether the socket is its own peer. */
bool is_self_connected(int fd);

/* Whether there is SO_PEERNAME, which names the peer on the way too. Prints the skip if not. */
bool kernel_names_peer(void);

/* The error must be ECONNREFUSED; in a control, the socket must be connected to itself. */
void must_be_refused(int fd, int error);

/* connect() must have sent that many SYNs in this namespace. */
void must_have_connected(int times);

/* The port must be free: a server without SO_REUSEADDR can bind it, and ss(8) shows nothing. */
void must_be_free(const char *address, int port);
