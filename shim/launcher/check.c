/* --check: says whether the library can protect a command. */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>

/* Whether the environment disables the library, as the library would read it. */
static bool is_disabled(void)
{
	struct settings settings = default_settings();
	const char *value = getenv(setting_rules[DISABLE].variable);

	return value && parse_setting(DISABLE, value, &settings) && settings.value[DISABLE];
}

/* The path of the command, or the command that it starts. */
static const char *name_of(const struct options *options, const struct judgement *judgement)
{
	return judgement->unused == options->operands + 1 ? judgement->path : judgement->unused[-1];
}

int check(const struct options *options)
{
	static struct judgement judgement;

	judge(options->operands, &judgement);
	if (judgement.refusal.status != 0)
		fail(judgement.refusal.status, "%s", judgement.refusal.text);
	if (*judgement.unused)
		fail(OWN_FAILURE, "%s: has no part in the answer, expected noselfconn %s",
		     *judgement.unused, options->verb->usage);
	if (is_disabled())
		fail(OWN_FAILURE,
		     "%s would not be protected: NOSELFCONN_DISABLE=1 is in the environment",
		     name_of(options, &judgement));
	print_line(stdout, "%s can be protected, as far as it connects through libc, by %s%s",
		   name_of(options, &judgement), judgement.library,
		   judgement.is_php ? "; the extensions that it loads cannot, see libnoselfconn(7)"
				    : "");
	return 0;
}
