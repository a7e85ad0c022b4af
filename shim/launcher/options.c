/* Reads the command line. */
#include "launcher.h"

#include <getopt.h>
#include <string.h>

/* How getopt_long() numbers the options: the settings, then --force, then the verbs. */
enum { FORCE = SETTINGS, VERBS };

enum { MOST_OPTIONS = 32 };

static void list_options(struct option known[MOST_OPTIONS])
{
	known[0] = (struct option){"retries", required_argument, NULL, RETRIES};
	known[1] = (struct option){"log", required_argument, NULL, LOG};
	known[2] = (struct option){"force", no_argument, NULL, FORCE};
	/* The argument is optional so that --check=COMMAND means --check COMMAND. */
	for (int i = 1; verbs[i].name; i++)
		known[2 + i] = (struct option){verbs[i].name, optional_argument, NULL, VERBS + i};
}

static const char *checked(enum setting setting, const char *value)
{
	const struct setting_rule *rule = &setting_rules[setting];
	struct settings ignored;

	if (!parse_setting(setting, value, &ignored))
		fail(OWN_FAILURE, "--%s %s: expected %s", rule->name, value, rule->expected);
	return value;
}

/* Returns whether the operand was given in the same word ("--check=x"): then the options end. */
static bool take_verb(struct options *options, const struct verb *verb, char **argv)
{
	if (options->verb != verbs && options->verb != verb)
		fail(OWN_FAILURE, "--%s and --%s given, expected one of them", options->verb->name,
		     verb->name);
	options->verb = verb;
	if (optarg)
		argv[--optind] = optarg;
	return optarg;
}

static void take_options(struct options *options, int argc, char **argv)
{
	struct option known[MOST_OPTIONS] = {0};

	list_options(known);
	for (;;) {
		const char *given = argv[optind];
		int option = getopt_long(argc, argv, "+:", known, NULL);
		switch (option) {
		case RETRIES:
		case LOG:
			options->settings[option] = checked((enum setting)option, optarg);
			break;
		case FORCE:
			options->force = true;
			break;
		case -1:
			return;
		case ':':
			fail(OWN_FAILURE, "%s: expected a value after it, see noselfconn --help",
			     given);
		case '?':
			fail(OWN_FAILURE, "%s: expected an option that noselfconn --help lists",
			     given);
		default:
			if (take_verb(options, &verbs[option - VERBS], argv))
				return;
		}
	}
}

/* An option that would have no effect is an error. */
static void check_options(const struct options *options)
{
	const struct verb *verb = options->verb;

	if (verb->for_command)
		return;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		if (options->settings[setting])
			fail(OWN_FAILURE, "--%s is for a command, and not expected with --%s",
			     setting_rules[setting].name, verb->name);
	if (options->force)
		fail(OWN_FAILURE, "--force is for a command, and not expected with --%s",
		     verb->name);
}

static void check_operands(const struct options *options)
{
	const struct verb *verb = options->verb;
	int count = 0;

	while (options->operands[count])
		count++;
	if (count < verb->least)
		fail(OWN_FAILURE, "no argument given, expected noselfconn %s", verb->usage);
	if (count > verb->most)
		fail(OWN_FAILURE, "%s: one argument too many, expected noselfconn %s",
		     options->operands[verb->most], verb->usage);
}

struct options parse_options(int argc, char **argv)
{
	struct options options = {.verb = verbs};

	take_options(&options, argc, argv);
	options.operands = argv + optind;
	check_options(&options);
	check_operands(&options);
	return options;
}
