/* Any values of the three variables give settings, and a line for each invalid value. */
#include "library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const variables[] = {"NOSELFCONN_LOG", "NOSELFCONN_RETRIES",
					"NOSELFCONN_DISABLE"};
static int complaints;
static enum log_target prepared;

/* In place of next.c. */
void find_next_definitions(void)
{
}

const char *libc_secure_getenv(const char *variable)
{
	return getenv(variable);
}

/* In place of log.c. */
void prepare_log(enum log_target target)
{
	prepared = target;
}

void begin_line(struct line *line)
{
	line->length = 0;
}

void write_line(struct line *line, enum log_target target)
{
	if (line->length >= sizeof line->text || target == LOG_TO_NONE || target != prepared)
		abort();
	for (size_t i = 0; i < line->length; i++)
		if (line->text[i] < ' ' || line->text[i] > '~')
			abort();
	line->text[line->length] = '\0';
	for (int i = 0; i < 3; i++)
		if (strncmp(line->text, variables[i], strlen(variables[i])) == 0)
			complaints += 1 << 4 * i;
}

/* Whether a number is written with digits only, zeros in front among them. */
static bool is_number(const char *value, unsigned int most)
{
	return strspn(value, "0123456789") == strlen(value) && strtoul(value, NULL, 10) <= most;
}

static bool is_one_of(const char *value, const char *a, const char *b, const char *c)
{
	return strcmp(value, a) == 0 || strcmp(value, b) == 0 || strcmp(value, c) == 0;
}

static void check(const char *log, const char *retries, const char *disable)
{
	complaints = 0;
	struct settings read = read_settings();
	int expected = 0;

	if (*log && !is_one_of(log, "none", "stderr", "syslog"))
		expected += 1 << 0;
	if (*retries && !is_number(retries, 16))
		expected += 1 << 4;
	if (*disable && strcmp(disable, "1") != 0)
		expected += 1 << 8;
	if (complaints != expected || (read.value[DISABLE] == 1) != (strcmp(disable, "1") == 0) ||
	    (read.value[LOG] == LOG_TO_STDERR) != (strcmp(log, "stderr") == 0) ||
	    (read.value[LOG] == LOG_TO_SYSLOG) != (strcmp(log, "syslog") == 0) ||
	    read.value[RETRIES] !=
		    (*retries && is_number(retries, 16) ? strtoul(retries, NULL, 10) : 3))
		abort();
}

/* The input is three lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char *rest = text;
	const char *values[3] = {"", "", ""};

	for (int i = 0; i < 3 && rest; i++) {
		values[i] = strsep(&rest, "\n");
		setenv(variables[i], values[i], 1);
	}
	for (int i = 0; i < 3; i++)
		setenv(variables[i], values[i], 1);
	check(values[0], values[1], values[2]);
	free(text);
	return 0;
}
