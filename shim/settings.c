/* NOSELFCONN_RETRIES, NOSELFCONN_LOG, NOSELFCONN_DISABLE. */
#include "noselfconn.h"

#include <stdlib.h>
#include <string.h>

/* glibc before 2.17 does not have it, and no program is to end at its start for the settings. */
#pragma weak secure_getenv

enum { DEFAULT_RETRIES = 3, MOST_RETRIES = 16 };

struct settings settings = {.retries = DEFAULT_RETRIES, .log = LOG_TO_NONE};

struct complaint {
	const char *variable;
	const char *value;
	const char *expected;
	const char *used;
};

static void complain(const struct complaint *complaint, enum log_target target)
{
	struct line line;

	begin_line(&line);
	append_text(&line, complaint->variable);
	append_text(&line, " is \"");
	append_safe(&line, complaint->value, 40);
	append_text(&line, "\", expected ");
	append_text(&line, complaint->expected);
	append_text(&line, "; using ");
	append_text(&line, complaint->used);
	write_line(&line, target);
}

bool parse_retries(const char *value, unsigned int *retries)
{
	unsigned int number = 0;

	if (!*value)
		return false;
	for (const char *digit = value; *digit; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		number = number * 10 + (unsigned int)(*digit - '0');
		if (number > MOST_RETRIES)
			return false;
	}
	*retries = number;
	return true;
}

bool parse_log(const char *value, enum log_target *log)
{
	if (strcmp(value, "none") == 0)
		*log = LOG_TO_NONE;
	else if (strcmp(value, "stderr") == 0)
		*log = LOG_TO_STDERR;
	else if (strcmp(value, "syslog") == 0)
		*log = LOG_TO_SYSLOG;
	else
		return false;
	return true;
}

bool parse_disable(const char *value, bool *disabled)
{
	if (strcmp(value, "1") != 0)
		return false;
	*disabled = true;
	return true;
}

/* An empty value is what is left of a variable that was cleared in a unit file or an image. */
static const char *value_of(const char *variable)
{
	const char *value = secure_getenv ? secure_getenv(variable) : NULL;

	return value && *value ? value : NULL;
}

struct settings read_settings(void)
{
	struct settings read = {.retries = DEFAULT_RETRIES, .log = LOG_TO_NONE};
	const char *log = value_of("NOSELFCONN_LOG");
	const char *retries = value_of("NOSELFCONN_RETRIES");
	const char *disable = value_of("NOSELFCONN_DISABLE");
	struct complaint complaints[3];
	int count = 0;

	if (log && !parse_log(log, &read.log))
		complaints[count++] =
			(struct complaint){"NOSELFCONN_LOG", log, "none, stderr or syslog", "none"};
	if (retries && !parse_retries(retries, &read.retries))
		complaints[count++] = (struct complaint){"NOSELFCONN_RETRIES", retries,
							 "a whole number from 0 to 16", "3"};
	if (disable && !parse_disable(disable, &read.disabled))
		complaints[count++] = (struct complaint){"NOSELFCONN_DISABLE", disable,
							 "1 or nothing", "nothing"};

	enum log_target target = read.log == LOG_TO_NONE ? LOG_TO_STDERR : read.log;
	if (count > 0 || read.log != LOG_TO_NONE)
		prepare_log(target);
	for (int i = 0; i < count; i++)
		complain(&complaints[i], target);
	return read;
}
