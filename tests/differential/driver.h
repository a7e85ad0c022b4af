/* The parts of the driver. */
#pragma once

#include "sequence.h"

/* generate.c: a seed gives the same sequences on every machine with the same kinds of sockets. */
struct kind {
	uint8_t family;
	uint8_t type;
	uint16_t protocol;
};

struct kinds {
	size_t count;
	struct kind kinds[512];
};

/* Finds every family, type and protocol for which the kernel makes sockets. */
void find_kinds(struct kinds *kinds);
void generate(struct sequence *sequence, const struct kinds *kinds, uint64_t seed);

/* pair.c: the two workers. On failure each function prints a sentence and ends the driver. */
struct pair {
	struct trace plain;
	struct trace other;
};

void start_workers(const char *worker, const char *library);
void end_workers(void);
void run_pair(struct sequence *sequence, struct pair *traces);
void run_plain(struct sequence *sequence, struct trace *trace);

/* compare.c: what counts as a difference. The known residues, listed there by name, do not. */
struct difference {
	int place;	  /* the call, counted from 0; after the calls, the slot */
	const char *what; /* "errno", the name of an option ... */
	char text[256];
};

/* Whether both runs did the same, apart from the residues; equal_at() looks at one place. */
int place_count(const struct sequence *sequence);
bool equal_at(const struct sequence *sequence, const struct pair *traces, int place,
	      struct difference *difference);
bool equal(const struct sequence *sequence, const struct pair *traces,
	   struct difference *difference);

void print_record(FILE *file, const struct record *record);
