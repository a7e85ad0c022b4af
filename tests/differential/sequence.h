/*
 * A sequence of socket calls in which nothing is left to chance but what the kernel decides, and
 * the trace of what each call did. The driver makes sequences, the workers answer with traces.
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

/* Descriptors have names: the slots, the first of which is a server, and what is no socket. */
enum { SERVER, SLOTS = 6, NOT_A_SOCKET = SLOTS, NEGATIVE, NEVER_OPENED, DESCRIPTORS };

/* Ports have names too, and both workers give them the same numbers, new ones for each run. */
enum port { DEAD, LIVE, FULL, ANOTHER_DEAD, ANY, PORTS };

/* What the kernel chooses local ports from. */
enum range { ONLY_DEAD, DEAD_AND_MORE, ELSEWHERE, RANGES };

/* How an argument in memory is there. */
enum pointer { ORDINARY, MISALIGNED, AT_END_OF_PAGE, CUT_OFF, IS_NULL, UNMAPPED, POINTERS };

/* How the data of a message are there; sendto() knows only the last three and WHOLE. */
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

/* In each field the ordinary value is 0, so that shrinking can go back to it. */
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
	uint8_t family;	  /* these three are socket()'s */
	uint8_t type;
	uint16_t protocol;
};

enum { CALLS = 20 };

struct sequence {
	uint16_t first_port;
	uint8_t range;
	uint8_t fast_open; /* without cookies, so that data are in the SYN at once */
	uint8_t full;	   /* has a server that lets every SYN fall */
	uint8_t count;
	struct call calls[CALLS];
};

/* Numbers of the ports of a sequence; the block is first_port to first_port + PORTS_IN_BLOCK. */
enum { PORTS_IN_BLOCK = 16, FEW = 8 };
uint16_t number_of(const struct sequence *sequence, enum port port);
void range_of(const struct sequence *sequence, int *low, int *high);

/* What call.host chooses from. */
struct host {
	int family;
	const char *text;
};

extern const struct host hosts[];
extern const size_t host_count;

/* What call.length, call.size and call.other (of the functions that send) choose from. */
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
	int value; /* that is set; 0 for options that are only read */
};

enum { OPTIONS = 64 };
extern const struct option options[];
extern const size_t option_count;

/* What a retry may change, the residue of that name in the design. */
bool is_reset_by_retry(size_t option);

/* Whether the operation may open a connection. */
bool is_connecting(const struct call *call);
bool is_fast_open(const struct call *call);

void print_call(FILE *file, const struct call *call);
void print_sequence(FILE *file, const struct sequence *sequence);

/* What was seen after a call. */
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
	int32_t ending; /* as waitpid() tells */
	struct record records[CALLS + SLOTS];
};

/* The worker's descriptor to the driver. */
enum { CHANNEL = 3 };

/* So many that in a range of several ports one of them does not lead back to the socket. */
enum { RETRIES = 8 };
