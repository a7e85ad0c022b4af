/* The settings, and the values that they can have. */
#include "core.h"

const struct setting_rule setting_rules[SETTINGS] = {
	{"retries", "NOSELFCONN_RETRIES", {""}, 16, 3, "3", "a whole number from 0 to 16"},
	{"log",
	 "NOSELFCONN_LOG",
	 {"none", "stderr", "syslog"},
	 0,
	 0,
	 "none",
	 "none, stderr or syslog"},
	{"disable", "NOSELFCONN_DISABLE", {"", "1"}, 0, 0, "nothing", "1 or nothing"},
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

/* The library calls nothing by name that a program may define too, and this can be strcmp(). */
static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

bool parse_setting(enum setting setting, const char *text, struct settings *settings)
{
	const struct setting_rule *rule = &setting_rules[setting];

	if (rule->highest > 0)
		return parse_number(text, rule->highest, &settings->value[setting]);
	for (unsigned int word = 0; word < sizeof rule->words / sizeof *rule->words; word++)
		if (*text && same_text(text, rule->words[word])) {
			settings->value[setting] = word;
			return true;
		}
	return false;
}
