/* Reads the mappings and the memory of a process. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * proc_pid_maps(5): "START-END PERMISSIONS OFFSET DEVICE INODE   PATH". " (deleted)" follows the
 * path of a deleted file.
 */
static bool read_mapping(struct mapping *mapping, const char *line)
{
	char *rest;
	int path = 0;

	mapping->start = strtoull(line, &rest, 16);
	mapping->end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
	if (strlen(rest) < sizeof " r-xp " - 1)
		return false;
	mapping->is_executable = rest[3] == 'x';
	mapping->offset = strtoull(rest + strlen(" r-xp "), &rest, 16);
	sscanf(rest, " %*s %*s %n", &path);
	mapping->path = strndup(rest + path, strcspn(rest + path, "\n"));
	return path > 0 && mapping->path;
}

static bool read_mappings(struct memory *memory, FILE *maps)
{
	char *line = NULL;
	size_t size = 0;
	struct mapping mapping;

	while (errno = 0, getline(&line, &size, maps) >= 0) {
		struct mapping *larger =
			reallocarray(memory->mappings, memory->count + 1, sizeof *memory->mappings);
		if (larger)
			memory->mappings = larger;
		if (!larger || !read_mapping(&mapping, line))
			break;
		larger[memory->count++] = mapping;
	}
	free(line);
	/* A kernel thread or a zombie. */
	if (errno == 0 && memory->count == 0)
		errno = ENODATA;
	return errno == 0;
}

bool open_memory(struct memory *memory, const char *process)
{
	char path[64];
	FILE *maps;
	int error;

	*memory = (struct memory){.fd = -1};
	snprintf(path, sizeof path, "/proc/%s/maps", process);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	if (!read_mappings(memory, maps)) {
		error = errno;
		fclose(maps);
		close_memory(memory);
		errno = error;
		return false;
	}
	fclose(maps);
	snprintf(path, sizeof path, "/proc/%s/mem", process);
	memory->fd = open(path, O_RDONLY | O_CLOEXEC);
	return true;
}

void close_memory(struct memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		free(memory->mappings[i].path);
	free(memory->mappings);
	if (memory->fd >= 0)
		close(memory->fd);
}

size_t read_memory(const struct memory *memory, uint64_t address, void *to, size_t size)
{
	ssize_t length = pread(memory->fd, to, size, (off_t)address);

	return length > 0 ? (size_t)length : 0;
}

const struct mapping *mapping_at(const struct memory *memory, uint64_t address)
{
	for (size_t i = 0; i < memory->count; i++)
		if (address >= memory->mappings[i].start && address < memory->mappings[i].end)
			return &memory->mappings[i];
	return NULL;
}
