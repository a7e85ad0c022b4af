/* The constructor: runs before main() and reads the settings. */
#include "library.h"

#include <errno.h>
#include <stdatomic.h>

struct settings settings;

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

struct settings read_settings(void)
{
	struct settings read = default_settings();
	const char *unusable[SETTINGS];
	bool complaints = false;

	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		const char *value = libc_secure_getenv(setting_rules[setting].variable);
		/* "" is how unit files and container images clear a variable. */
		bool usable = !value || !*value || parse_setting(setting, value, &read);
		unusable[setting] = usable ? NULL : value;
		complaints |= !usable;
	}

	enum log_target target = read.value[LOG] == LOG_TO_NONE ? LOG_TO_STDERR : read.value[LOG];
	if (complaints || read.value[LOG] != LOG_TO_NONE)
		prepare_log(target);
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		if (unusable[setting])
			complain(&setting_rules[setting], unusable[setting], target);
	return read;
}

__attribute__((constructor)) void start(void)
{
	/* An int, because on riscv64 a smaller type would need libatomic. */
	static atomic_int started;
	int caller_errno = errno;

	/* If two threads come here at once, the second goes on before the settings are read. */
	find_next_definitions();
	if (!atomic_exchange(&started, true))
		settings = read_settings();
	errno = caller_errno;
}
