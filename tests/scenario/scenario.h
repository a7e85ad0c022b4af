/* What the scenarios share. A port is in host byte order. */
#pragma once

#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* The port that a scenario connects to, and the only one in the one-port range. */
enum { PORT = 40000 };

/* How a program tells ctest that it could not test. */
enum { SKIPPED = 77 };

/* Run without the library: what the library is there to prevent has to happen. */
extern bool control;

union address {
	sa_family_t family;
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* main() of a scenario: --control, the skip when there can be no namespace, then the tests. */
int scenario_main(int argc, char **argv, void (*add_tests)(Suite *));

/*
 * Fixtures: a namespace with one port, one with PORT to PORT + 6 (PORT's parity: four), and one in
 * which connect() has ports enough, but not these.
 */
void one_port(void);
void some_ports(void);
void other_ports(void);

/* A case in which each test starts with the fixture. */
TCase *add_case(Suite *suite, const char *name, void (*fixture)(void));

/* An address out of "127.0.0.1", "::1" or "fe80::1%lo" and a port. */
union address address_of(const char *text, int port);
socklen_t length_of(const union address *address);

/* The calls; each ends the test when it fails. */
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

/* In a control the socket must be its own peer, under the library refused with ECONNREFUSED. */
void must_be_refused(int fd, int error);

/* How often connect() has sent a SYN in this namespace. */
void must_have_connected(int times);

/* Nothing of the port is left: a server without SO_REUSEADDR can have it, ss(8) shows nothing. */
void must_be_free(const char *address, int port);
