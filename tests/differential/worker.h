/* The parts of a worker. One process runs one sequence. */
#pragma once

#include "sequence.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
	sa_family_t family;
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

/* The sequence that is run, and its sockets. */
extern const struct sequence *sequence;
extern int slots[SLOTS];
extern volatile sig_atomic_t broken_pipes; /* SIGPIPEs of the call */
extern bool something_closed;		   /* or shut down, since the sequence began */
int descriptor_of(uint8_t slot);

/* perform.c: map_arguments() is called once; perform() makes one call and keeps its outcome. */
void map_arguments(void);
long perform(const struct call *call);
extern bool to_port_0; /* whatever port the call names */

/* Writes the address for a host and a port of the sequence. Returns its length. */
socklen_t make_address(union address *address, const struct host *host, enum port port);

/* observe.c: what can be seen of a descriptor without changing it. */
void observe(struct record *record, int fd);
void read_options(int64_t values[], int fd);
int option_of(int fd, int level, int name); /* or -1 */

/*
 * Whether the data to read vary by chance: on a socket that receives all packets, random fields and
 * packets of retries; and where connections are closed later.
 */
bool is_left_to_chance(int fd);

/*
 * ideal.c: whether it is a stream socket of TCP or MPTCP; whether that has, or had, a peer; and the
 * result that a program has to see when the call made a self-connect: that of another attempt, or a
 * refusal. had_peer is has_peer() before the call.
 */
bool is_tcp(int fd);
bool has_peer(int fd);
long without_self_connect(const struct call *call, long result, struct record *record,
			  bool had_peer);
