/* The settings, as the environment has them. */
#include "library.h"

#include <stdlib.h>

/* glibc before 2.17 does not have it, and no program is to end at its start for the settings. */
#pragma weak secure_getenv

struct settings settings = {.value = {[RETRIES] = 3}};

static void complain(const struct setting_rule *rule, const char *value, enum log_target target)
{
	struct line line;

	begin_line(&line);
	append_text(&line, rule->variable);
	append_text(&line, " is \"");
	append_safe(&line, value, 40);
	append_text(&line, "\", expected ");
	append_text(&line, rule->expected);
	append_text(&line, "; using ");
	append_text(&line, rule->standard_text);
	write_line(&line, target);
}

/* An empty value is what is left of a variable that was cleared in a unit file or an image. */
static const char *value_of(const char *variable)
{
	const char *value = secure_getenv ? secure_getenv(variable) : NULL;

	return value && *value ? value : NULL;
}

struct settings read_settings(void)
{
	struct settings read = default_settings();
	const char *unusable[SETTINGS] = {NULL};
	bool complaints = false;

	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		const char *value = value_of(setting_rules[setting].variable);
		if (value && !parse_setting(setting, value, &read)) {
			unusable[setting] = value;
			complaints = true;
		}
	}

	enum log_target target = read.value[LOG] == LOG_TO_NONE ? LOG_TO_STDERR : read.value[LOG];
	if (complaints || read.value[LOG] != LOG_TO_NONE)
		prepare_log(target);
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		if (unusable[setting])
			complain(&setting_rules[setting], unusable[setting], target);
	return read;
}
