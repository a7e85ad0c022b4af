/*
 * The launcher reads the memory of a process, which may contain anything. The reader has to end,
 * and to stay within its own memory. The input is mapped from this address on.
 */
#include "launcher.h"

#include <stdlib.h>
#include <string.h>

enum { START = 0x10000, LIBC = 0x8000000, LIBC_SIZE = 0x1000 };

static const uint8_t *bytes;
static char object[] = "/lib/object.so";
static char libc[] = "/lib/libc.so.6";
static struct mapping mappings[] = {{.start = START, .path = object},
				    {.start = LIBC, .end = LIBC + LIBC_SIZE, .path = libc}};

/* Replaces memory.c. */
size_t read_memory(const struct memory *memory, uint64_t address, void *to, size_t size)
{
	uint64_t end = memory->mappings[0].end;
	uint64_t rest = address >= START && address < end ? end - address : 0;
	size_t length = size < rest ? size : (size_t)rest;

	memcpy(to, bytes + (rest > 0 ? address - START : 0), length);
	return length;
}

const struct mapping *mapping_at(const struct memory *memory, uint64_t address)
{
	for (size_t i = 0; i < memory->count; i++)
		if (address >= memory->mappings[i].start && address < memory->mappings[i].end)
			return &memory->mappings[i];
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct loaded loaded;
	struct memory memory = {.mappings = mappings, .count = 2};

	bytes = data;
	mappings[0].end = START + size;
	find_objects(&memory, &loaded);
	if ((loaded.is_loaded && !memmem(data, size, "libnoselfconn", strlen("libnoselfconn"))) ||
	    (*loaded.past && !memmem(data, size, "connect", sizeof "connect")) ||
	    (*loaded.version && !memmem(data, size, loaded.version, strlen(loaded.version))))
		abort();
	return 0;
}
