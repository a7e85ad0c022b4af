/*
 * A sequence of socket calls, in which only the kernel's decisions are left to chance, and the
 * trace of what each call did. The driver makes sequences, the workers answer with traces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum operation {
	SOCKET,
	BIND,
	CONNECT,
	LISTEN,
	ACCEPT,
	SENDTO,
	SENDMSG,
	SENDMMSG,
	RECEIVE,
	SET_OPTION,
	GET_ERROR,
	SET_NONBLOCK,
	SHUTDOWN,
	CLOSE,
	DUP,
	FORK,
	OPERATIONS
};

/* Names of descriptors: the slots, of which the first is a server, and some that are no sockets. */
enum { SERVER, SLOTS = 6, NOT_A_SOCKET = SLOTS, NEGATIVE, NEVER_OPENED, DESCRIPTORS };

/* Names of ports. Both workers give them the same numbers, new ones in each run. */
enum port { DEAD, LIVE, FULL, ANOTHER_DEAD, ANY, PORTS };

/* The range from which the kernel chooses local ports. */
enum range { ONLY_DEAD, DEAD_AND_MORE, ELSEWHERE, RANGES };

/* Where an argument in memory lies. */
enum pointer { ORDINARY, MISALIGNED, AT_END_OF_PAGE, CUT_OFF, IS_NULL, UNMAPPED, POINTERS };

/* Where the data of a message lie. Only WHOLE and the last three apply to sendto(). */
enum data {
	WHOLE,
	IN_PARTS,
	NO_PARTS,
	NULL_VECTOR,
	TOO_MANY_PARTS,
	NEGATIVE_LENGTH,
	BAD_SECOND_PART,
	NULL_DATA,
	UNMAPPED_DATA,
	CUT_OFF_DATA,
	DATA_KINDS
};

/* The ordinary value of each field is 0, to which cutting down returns. */
struct call {
	uint8_t operation;
	uint8_t slot;
	uint8_t other; /* slot of a new descriptor; choice of option, flags of a call, how, count */
	uint8_t host;
	uint8_t port;
	uint8_t pointer; /* to the address */
	uint8_t length;	 /* of the address */
	uint8_t data;
	uint8_t size;
	uint8_t message;  /* pointer to the message */
	uint8_t messages; /* sendmmsg: how many */
	uint8_t variant;  /* O_NONBLOCK or not, option on or off */
	uint8_t family;	  /* this and the next two: arguments of socket() */
	uint8_t type;
	uint16_t protocol;
};

enum { CALLS = 20 };

struct sequence {
	uint16_t first_port;
	uint8_t range;
	uint8_t fast_open; /* without cookies, so that data are in the SYN at once */
	uint8_t full;	   /* has a server that drops every SYN */
	uint8_t count;
	struct call calls[CALLS];
};

/* The numbers of the ports. They lie from first_port to first_port + PORTS_IN_BLOCK. */
enum { PORTS_IN_BLOCK = 16, FEW = 8 };
uint16_t number_of(const struct sequence *sequence, enum port port);
void range_of(const struct sequence *sequence, int *low, int *high);

/* call.host is an index into hosts[]. */
struct host {
	int family;
	const char *text;
};

extern const struct host hosts[];
extern const size_t host_count;

/* call.length, call.size, and call.other of the functions that send, are indices into these. */
enum { EXACT = -1000, LESS_4, MORE_1 };
enum { MORE_THAN_A_SYN = 70000 };
extern const int lengths[];
extern const size_t length_count;
extern const size_t sizes[];
extern const size_t size_count;
extern const int send_flags[];
extern const size_t send_flags_count;

enum form { NUMBER, LINGER, TIME, TEXT };

struct option {
	int level;
	int number;
	const char *name;
	enum form form;
	int value; /* to set; 0 for options that are only read */
};

enum { OPTIONS = 64 };
extern const struct option options[];
extern const size_t option_count;

/* Whether a retry may change the option: libnoselfconn(7), CAVEATS. */
bool is_reset_by_retry(size_t option);

/* Whether the operation may open a connection. */
bool is_connecting(const struct call *call);
bool is_fast_open(const struct call *call);

void print_call(FILE *file, const struct call *call);
void print_sequence(FILE *file, const struct sequence *sequence);

/* What the worker saw after a call. */
struct record {
	int32_t result;
	int32_t error; /* errno, after success too */
	int32_t descriptor;
	int32_t status_flags;
	int32_t queued;
	int32_t broken_pipes; /* SIGPIPEs */
	int16_t readiness;
	uint8_t state;
	uint8_t done;
	uint8_t self_connects; /* counted and undone by the plain worker */
	uint8_t ended_itself;  /* a self-connect, before the plain worker could look */
	uint64_t changed;      /* options, by the call */
	char local[48];
	char peer[48];
	int64_t options[OPTIONS];
};

struct trace {
	int32_t ending; /* wait status of the process */
	struct record records[CALLS + SLOTS];
};

/* The worker's descriptor to the driver. */
enum { CHANNEL = 3 };

/* Enough that in a range of several ports one of them is no self-connect. */
enum { RETRIES = 8 };
