/*
 * Finds which objects the dynamic linker of a process has loaded, and where their calls of
 * connect() go. This reads the linker's own list and the addresses that it has filled in for the
 * objects that import connect(), so the answer is the linker's own.
 */
#include "launcher.h"

#include <ctype.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A process may have written anything into its memory, so every loop over it has a limit. */
enum { MOST_ENTRIES = 1024, MOST_OBJECTS = 4096, MOST_BYTES = 64 << 20, PAGE = 4096 };

struct object {
	const struct memory *memory;
	bool is_64;
	uint64_t base;	  /* to add to the addresses in its file */
	uint64_t dynamic; /* address of its dynamic section */
};

static size_t word_size(const struct object *object)
{
	return object->is_64 ? 8 : 4;
}

/* 0 if it cannot be read. */
static uint64_t word_at(const struct object *object, uint64_t address)
{
	uint64_t word = 0;
	uint32_t half = 0;

	if (object->is_64)
		return read_memory(object->memory, address, &word, 8) == 8 ? word : 0;
	return read_memory(object->memory, address, &half, 4) == 4 ? half : 0;
}

/* The nth word of an array. */
static uint64_t nth_word(const struct object *object, uint64_t address, unsigned int n)
{
	return word_at(object, address + n * word_size(object));
}

static uint64_t dynamic_value(const struct object *object, uint64_t tag)
{
	for (unsigned int i = 0; i < MOST_ENTRIES; i++) {
		uint64_t found = nth_word(object, object->dynamic, 2 * i);
		if (found == tag)
			return nth_word(object, object->dynamic, 2 * i + 1);
		if (found == DT_NULL)
			break;
	}
	return 0;
}

/* glibc adds the base to the value in memory, except on some architectures; musl does not. */
static uint64_t dynamic_address(const struct object *object, uint64_t tag)
{
	uint64_t value = dynamic_value(object, tag);

	return value != 0 && value < object->base ? value + object->base : value;
}

/* The nth word of an array that has been copied. */
static uint64_t word_in(const struct object *object, const unsigned char *bytes, unsigned int n)
{
	uint64_t word = 0;
	uint32_t half;

	if (object->is_64) {
		memcpy(&word, bytes + 8 * n, 8);
		return word;
	}
	memcpy(&half, bytes + 4 * n, 4);
	return half;
}

static void *copy(const struct object *object, uint64_t address, uint64_t size)
{
	void *bytes = size > 0 && size <= MOST_BYTES ? malloc((size_t)size) : NULL;

	if (bytes && read_memory(object->memory, address, bytes, (size_t)size) == size)
		return bytes;
	free(bytes);
	return NULL;
}

/* The file that is mapped at the address, "" without one. */
static const char *file_at(const struct object *object, uint64_t address)
{
	const struct mapping *mapping = mapping_at(object->memory, address);

	return mapping ? mapping->path : "";
}

/*
 * Whether connect() in this file is libc's own. Before glibc 2.34 libpthread had one too, and the
 * names had a version, "libc-2.31.so". libc-client.so.2007e is something else. musl's libc is
 * called libc.so in many installations.
 */
static bool is_libc(const char *path)
{
	static const char *const names[] = {"libc.so.", "libc-",	  "libc.musl-",
					    "ld-musl-", "libpthread.so.", "libpthread-"};
	const char *name = base_name(path);

	if (strcmp(name, "libc.so") == 0 || strcmp(name, "libc.so (deleted)") == 0)
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);
		if (strncmp(name, names[i], length) == 0 &&
		    (strncmp(names[i], "lib", 3) != 0 || isdigit((unsigned char)name[length])))
			return true;
	}
	return false;
}

struct imports {
	const struct object *object;
	const char *strings;
	uint64_t strings_size;
	uint64_t symbols;
};

static bool is_connect(const struct imports *imports, uint64_t symbol)
{
	uint32_t name = 0;

	read_memory(imports->object->memory,
		    imports->symbols + symbol * (imports->object->is_64 ? sizeof(Elf64_Sym)
									: sizeof(Elf32_Sym)),
		    &name, sizeof name);
	return name < imports->strings_size && strcmp(imports->strings + name, "connect") == 0;
}

/*
 * The file to which the relocations of this table direct calls of connect(), NULL if it has none
 * for it. With lazy binding that is the object itself, with its stub, until the first call.
 */
static const char *target_in(const struct imports *imports, uint64_t table, uint64_t size,
			     bool has_addends)
{
	const struct object *object = imports->object;
	size_t step = (has_addends ? 3 : 2) * word_size(object);
	unsigned char *bytes = copy(object, table, size);
	const char *target = NULL;

	for (uint64_t i = 0; bytes && !target && i + step <= size; i += step) {
		uint64_t place = object->base + word_in(object, bytes + i, 0);
		uint64_t info = word_in(object, bytes + i, 1);
		uint64_t symbol = object->is_64 ? ELF64_R_SYM(info) : ELF32_R_SYM(info);
		if (symbol != 0 && is_connect(imports, symbol))
			target = file_at(object, word_at(object, place));
	}
	free(bytes);
	return target;
}

/* The same for all tables. A resolved address says more than one that is not resolved yet. */
static const char *target_of_connect(const struct object *object)
{
	const struct {
		uint64_t tag;
		uint64_t size;
		bool has_addends;
	} tables[] = {
		{DT_JMPREL, DT_PLTRELSZ, dynamic_value(object, DT_PLTREL) == DT_RELA},
		{DT_RELA, DT_RELASZ, true},
		{DT_REL, DT_RELSZ, false},
	};
	const char *own = file_at(object, object->dynamic);
	uint64_t size = dynamic_value(object, DT_STRSZ);
	char *strings = copy(object, dynamic_address(object, DT_STRTAB), size);
	struct imports imports = {.object = object,
				  .strings = strings,
				  .strings_size = size,
				  .symbols = dynamic_address(object, DT_SYMTAB)};
	const char *target = NULL;

	if (strings && strings[size - 1] == '\0' &&
	    memmem(strings, (size_t)size, "connect", sizeof "connect"))
		for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
			const char *found = target_in(
				&imports, dynamic_address(object, tables[i].tag),
				dynamic_value(object, tables[i].size), tables[i].has_addends);
			if (found && (!target || strcmp(target, own) == 0))
				target = *found ? found : own;
		}
	free(strings);
	return target;
}

/* Recognizes the library by its note; versions before 1.1.0 by the name of a setting. */
static bool is_library(const struct object *object, char version[VERSION_SIZE])
{
	static unsigned char image[16 * PAGE];
	static struct program program;
	size_t size = read_memory(object->memory, object->base, image, sizeof image);

	read_program(&program, image, size);
	strcpy(version, program.version);
	return *version ||
	       (strncmp(base_name(file_at(object, object->base)), LIBRARY_NAME,
			strlen(LIBRARY_NAME)) == 0 &&
		memmem(image, size, "NOSELFCONN_RETRIES", strlen("NOSELFCONN_RETRIES")));
}

/* Cuts a path that is too long because the kernel has escaped characters in it. */
static void keep(char kept[PATH_MAX], const char *path)
{
	snprintf(kept, PATH_MAX, "%s", path);
}

/* The linker searches objects for a symbol in the order of its list. */
static void look_for_library(struct loaded *loaded, const struct object *object, uint64_t name)
{
	char version[VERSION_SIZE];
	size_t length;

	if (is_libc(file_at(object, object->dynamic))) {
		loaded->is_settled = true;
	} else if (is_library(object, version)) {
		loaded->is_in_namespace = true;
		/* If there are several, the first one gets the calls. */
		if (loaded->is_loaded)
			return;
		loaded->is_loaded = true;
		loaded->is_in_front = !loaded->is_settled;
		strcpy(loaded->version, version);
		keep(loaded->file, file_at(object, object->base));
		length = read_memory(object->memory, name, loaded->name, sizeof loaded->name - 1);
		loaded->name[length] = '\0';
	}
}

static void look_for_calls(struct loaded *loaded, const struct object *object, uint64_t name)
{
	const char *file = file_at(object, object->dynamic);
	const char *target = is_libc(file) ? NULL : target_of_connect(object);
	bool is_open = target && strcmp(target, file) == 0;
	size_t length = strlen(loaded->past);

	(void)name;
	if (!target || strcmp(file, loaded->file) == 0 || strcmp(target, loaded->file) == 0)
		return;
	if (is_libc(target) || (is_open && !loaded->is_in_namespace))
		snprintf(loaded->past + length, sizeof loaded->past - length, "%s%s",
			 length > 0 ? ", " : "", file);
	/* In a program that is not position-independent, &connect is a stub of the program. */
	else if (!is_open && strcmp(target, loaded->program) != 0)
		keep(loaded->other, target);
}

/* In every libc struct link_map begins with l_addr, l_name, l_ld and l_next. */
static void each_object(struct loaded *loaded, struct object object, uint64_t map,
			void (*look)(struct loaded *, const struct object *, uint64_t name))
{
	for (int i = 0; map != 0 && i < MOST_OBJECTS; i++) {
		object.base = nth_word(&object, map, 0);
		object.dynamic = nth_word(&object, map, 2);
		look(loaded, &object, nth_word(&object, map, 1));
		map = nth_word(&object, map, 3);
	}
}

/*
 * The address of the linker's struct r_debug, which the linker leaves in the program's dynamic
 * section (SVR4); 0 if this is not the mapping of a program.
 */
static uint64_t debug_in(struct object *object, const struct mapping *mapping)
{
	static unsigned char header[PAGE];
	static struct program program;

	read_program(&program, header,
		     read_memory(object->memory, mapping->start, header, sizeof header));
	if (program.kind != ELF_PROGRAM || program.dynamic == 0)
		return 0;
	object->is_64 = program.architecture.class == ELFCLASS64;
	object->base = mapping->start - program.start;
	object->dynamic = object->base + program.dynamic;
	return dynamic_value(object, DT_DEBUG);
}

void find_objects(const struct memory *memory, struct loaded *loaded)
{
	struct object object = {.memory = memory};

	*loaded = (struct loaded){0};
	for (size_t i = 0; i < memory->count; i++) {
		uint64_t debug = memory->mappings[i].offset == 0
					 ? debug_in(&object, &memory->mappings[i])
					 : 0;
		/* From version 2 on there is a list for each namespace of dlmopen(). */
		for (int n = 0; debug != 0 && n < MOST_ENTRIES; n++) {
			bool has_next = (uint32_t)nth_word(&object, debug, 0) >= 2;
			bool is_changing = (uint32_t)nth_word(&object, debug, 3) != RT_CONSISTENT;
			uint64_t list = nth_word(&object, debug, 1);
			keep(loaded->program, memory->mappings[i].path);
			loaded->is_in_namespace = false;
			each_object(loaded, object, list, look_for_library);
			each_object(loaded, object, list, look_for_calls);
			loaded->is_settled &= !is_changing;
			debug = has_next ? nth_word(&object, debug, 5) : 0;
		}
	}
}
