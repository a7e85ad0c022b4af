/* Is the library at work in that process, and how? */
#include "launcher.h"
#include "noselfconn.h"

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

/* Cuts the line down to the file. Returns NULL when the library is not mapped, errno 0 or not. */
static const char *mapped_library(FILE *maps, char **line, size_t *size)
{
	errno = 0;
	for (;;) {
		if (getline(line, size, maps) < 0)
			return NULL;
		(*line)[strcspn(*line, "\n")] = '\0';
		if (names_library(*line))
			return strchr(*line, '/');
	}
}

/* Without PREFIX of a variable of the process: its value, or NULL. */
static const char *value_after(const char *variable, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(variable, prefix, length) == 0 && variable[length] ? variable + length
									  : NULL;
}

/* What the library has made of the environment that the process was started with. */
static bool read_settings_of(const char *pid, struct settings *read)
{
	FILE *environment = open_of(pid, "environ");
	char *variable = NULL;
	size_t size = 0;
	const char *value;

	*read = settings;
	if (!environment)
		return false;
	while (getdelim(&variable, &size, '\0', environment) > 0)
		if ((value = value_after(variable, "NOSELFCONN_RETRIES=")))
			parse_retries(value, &read->retries);
		else if ((value = value_after(variable, "NOSELFCONN_LOG=")))
			parse_log(value, &read->log);
		else if ((value = value_after(variable, "NOSELFCONN_DISABLE=")))
			parse_disable(value, &read->disabled);
	free(variable);
	fclose(environment);
	return true;
}

static int say_unknown(const char *pid)
{
	printf("%s: unknown: %s\n", pid,
	       errno == ENOENT || errno == ESRCH ? "there is no such process" : strerror(errno));
	return UNKNOWN;
}

static int say_settings(const char *pid, const char *library)
{
	static const char *const targets[] = {
		[LOG_TO_NONE] = "none", [LOG_TO_STDERR] = "stderr", [LOG_TO_SYSLOG] = "syslog"};
	struct settings read;

	if (!read_settings_of(pid, &read))
		return say_unknown(pid);
	printf("%s: %s by %s, retries=%u log=%s%s\n", pid,
	       read.disabled ? "not protected" : "protected", library, read.retries,
	       targets[read.log], read.disabled ? " disable=1" : "");
	return read.disabled ? NOT_PROTECTED : PROTECTED;
}

int print_status(const char *pid)
{
	FILE *maps;
	char *line = NULL;
	size_t size = 0;
	const char *library;
	int status;

	if (!is_number(pid)) {
		fprintf(stderr, "noselfconn: --status %s: expected the number of a process\n", pid);
		return OWN_FAILURE;
	}
	maps = open_of(pid, "maps");
	if (!maps)
		return say_unknown(pid);
	library = mapped_library(maps, &line, &size);
	if (library) {
		status = say_settings(pid, library);
	} else if (errno != 0) {
		status = say_unknown(pid);
	} else {
		printf("%s: not protected, " LIBRARY_NAME " is not loaded\n", pid);
		status = NOT_PROTECTED;
	}
	free(line);
	fclose(maps);
	return status;
}
