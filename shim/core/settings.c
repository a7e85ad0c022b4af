/* The settings, and the values that they can have. */
#include "core.h"

#include <string.h>

const struct setting_rule setting_rules[SETTINGS] = {
	[RETRIES] = {.name = "retries",
		     .variable = "NOSELFCONN_RETRIES",
		     .highest = 16,
		     .standard = 3,
		     .standard_text = "3",
		     .expected = "a whole number from 0 to 16"},
	[LOG] = {.name = "log",
		 .variable = "NOSELFCONN_LOG",
		 .words = {[LOG_TO_NONE] = "none",
			   [LOG_TO_STDERR] = "stderr",
			   [LOG_TO_SYSLOG] = "syslog"},
		 .standard = LOG_TO_NONE,
		 .standard_text = "none",
		 .expected = "none, stderr or syslog"},
	[DISABLE] = {.name = "disable",
		     .variable = "NOSELFCONN_DISABLE",
		     .words = {"", "1"},
		     .standard = 0,
		     .standard_text = "nothing",
		     .expected = "1 or nothing"},
};

struct settings default_settings(void)
{
	struct settings settings;

	for (int setting = 0; setting < SETTINGS; setting++)
		settings.value[setting] = setting_rules[setting].standard;
	return settings;
}

static bool parse_number(const char *text, unsigned int highest, unsigned int *value)
{
	unsigned int number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (unsigned int)(*text - '0');
		if (number > highest)
			return false;
	}
	*value = number;
	return true;
}

bool parse_setting(enum setting setting, const char *text, struct settings *settings)
{
	const struct setting_rule *rule = &setting_rules[setting];

	if (rule->highest > 0)
		return parse_number(text, rule->highest, &settings->value[setting]);
	for (unsigned int word = 0; word < sizeof rule->words / sizeof *rule->words; word++)
		if (*text && strcmp(text, rule->words[word]) == 0) {
			settings->value[setting] = word;
			return true;
		}
	return false;
}
