/* Is the library at work in that process, and how? */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What monitoring makes of an exit status: 0 is good, 2 critical, 3 unknown. */
enum { PROTECTED = 0, NOT_PROTECTED = 2, UNKNOWN = 3 };

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
}

static FILE *open_of(const char *pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	return fopen(path, "re");
}

/* proc_pid_maps(5): the path is last, and that of a file that was replaced has a word behind it. */
static bool names_library(const char *mapping)
{
	static const char *const ends[] = {"/" LIBRARY_NAME, "/" LIBRARY_NAME " (deleted)"};
	size_t length = strlen(mapping);

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (length >= strlen(ends[i]) &&
		    strcmp(mapping + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* To read the file is not to have loaded it. */
static bool is_mapped_executable(const char *mapping)
{
	const char *permissions = strchr(mapping, ' ');

	return permissions && strncmp(permissions, " r-x", 4) == 0;
}

/*
 * Cuts the line down to the file. Returns NULL when the library is not loaded, with errno 0, or
 * when that cannot be known; a kernel thread or a process that has ended has no memory (ENODATA).
 */
static const char *loaded_library(FILE *maps, char **line, size_t *size)
{
	bool empty = true;

	for (errno = 0; getline(line, size, maps) >= 0; empty = false) {
		(*line)[strcspn(*line, "\n")] = '\0';
		if (names_library(*line) && is_mapped_executable(*line))
			return strchr(*line, '/');
	}
	if (empty && errno == 0)
		errno = ENODATA;
	return NULL;
}

/* The value of the first variable that begins so, as getenv() has it; NULL without one. */
static const char *value_after(FILE *environment, const char *prefix, char **line, size_t *size)
{
	size_t length = strlen(prefix);

	rewind(environment);
	while (getdelim(line, size, '\0', environment) > 0)
		if (strncmp(*line, prefix, length) == 0)
			return *line + length;
	return NULL;
}

/* What the library has made of the environment that the process was started with. */
static bool read_settings_of(const char *pid, struct settings *read)
{
	FILE *environment = open_of(pid, "environ");
	char *line = NULL;
	size_t size = 0;

	*read = default_settings();
	if (!environment)
		return false;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		char prefix[sizeof setting_rules->variable + 1];
		snprintf(prefix, sizeof prefix, "%s=", setting_rules[setting].variable);
		const char *value = value_after(environment, prefix, &line, &size);
		if (value)
			parse_setting(setting, value, read);
	}
	free(line);
	fclose(environment);
	return true;
}

static int say_unknown(const char *pid)
{
	printf("%s: unknown: %s\n", pid,
	       errno == ENOENT || errno == ESRCH ? "there is no such process"
	       : errno == ENODATA ? "it has no memory, so it has ended or is the kernel's"
				  : strerror(errno));
	return UNKNOWN;
}

static int say_settings(const char *pid, const char *library)
{
	struct settings read;

	if (!read_settings_of(pid, &read))
		return say_unknown(pid);
	bool disabled = read.value[DISABLE];
	printf("%s: %s by %s, retries=%u log=%s%s\n", pid, disabled ? "not protected" : "protected",
	       library, read.value[RETRIES], setting_rules[LOG].words[read.value[LOG]],
	       disabled ? " disable=1" : "");
	return disabled ? NOT_PROTECTED : PROTECTED;
}

int show_status(const struct options *options)
{
	const char *pid = *options->operands;
	FILE *maps;
	char *line = NULL;
	size_t size = 0;
	const char *library;
	int verdict;

	if (!is_number(pid))
		fail(OWN_FAILURE, "--status %s: expected the number of a process", pid);
	maps = open_of(pid, "maps");
	if (!maps)
		return say_unknown(pid);
	library = loaded_library(maps, &line, &size);
	if (library) {
		verdict = say_settings(pid, library);
	} else if (errno != 0) {
		verdict = say_unknown(pid);
	} else {
		printf("%s: not protected, " LIBRARY_NAME " is not loaded\n", pid);
		verdict = NOT_PROTECTED;
	}
	free(line);
	fclose(maps);
	return verdict;
}
