/* The parts of the driver. */
#pragma once

#include "sequence.h"

/* generate.c: the sequences of a seed, the same ones on each machine with the same sockets. */
struct kind {
	uint8_t family;
	uint8_t type;
	uint16_t protocol;
};

struct kinds {
	size_t count;
	struct kind kinds[512];
};

/* Finds every family, type and protocol of which the kernel gives sockets. */
void find_kinds(struct kinds *kinds);
void generate(struct sequence *sequence, const struct kinds *kinds, uint64_t seed);

/* pair.c: the two workers. Each function ends the driver with a sentence when it cannot go on. */
struct pair {
	struct trace plain;
	struct trace other;
};

void start_workers(const char *worker, const char *library);
void end_workers(void);
void run_pair(struct sequence *sequence, struct pair *traces);
void run_plain(struct sequence *sequence, struct trace *trace);

/* compare.c: what is a difference, and the residues, which are none, each by name. */
struct difference {
	int place;	  /* the call, counted from 0, and behind the calls the slot */
	const char *what; /* "errno", the name of an option ... */
	char text[256];
};

/* Whether the other run did what the plain one did, apart from the residues; at one place. */
int place_count(const struct sequence *sequence);
bool equal_at(const struct sequence *sequence, const struct pair *traces, int place,
	      struct difference *difference);
bool equal(const struct sequence *sequence, const struct pair *traces,
	   struct difference *difference);

void print_record(FILE *file, const struct record *record);
