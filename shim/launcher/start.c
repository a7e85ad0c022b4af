/* Commands that start another command: which one, and whether it still gets LD_PRELOAD. */
#include "launcher.h"

#include <string.h>

static bool begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

/* Whether the word begins like this option; "-" must be the whole word. "-ml" of su(1) has -l. */
static bool is_option(const char *word, const char *option)
{
	if (begins(option, "--") || strcmp(option, "-") == 0)
		return begins(word, option) && (option[1] || !word[1]);
	return *word == '-' && word[1 + strspn(word + 1, "fmpP")] == option[1];
}

static bool has_option(char **words, const char *option)
{
	for (; *words && strcmp(*words, "--") != 0; words++)
		if (is_option(*words, option))
			return true;
	return false;
}

static bool has_one_of(char **words, const char *const options[3])
{
	for (int i = 0; i < 3 && options[i]; i++)
		if (has_option(words, options[i]))
			return true;
	return false;
}

/*
 * Whether a word hands LD_PRELOAD on by its name, as in "-E LD_PRELOAD", or with the library as its
 * value. A word with a space or a dollar sign is a line for a shell.
 */
static bool hand_preload_on(char **words)
{
	for (; *words; words++) {
		const char *name = strpbrk(*words, " $") ? NULL : strstr(*words, "LD_PRELOAD");
		if (name && (name[strlen("LD_PRELOAD")] != '=' || strstr(name, LIBRARY_NAME)))
			return true;
	}
	return false;
}

/*
 * Commands that start another command with a new environment, or that preload a library of their
 * own in place of this one or, as torsocks does, before it. The words of the other command are
 * looked at too, so a word that could be its option counts only if it is not abbreviated.
 */
static const struct cleaner {
	const char *name;
	const char *when[3];   /* only with one of these options; without any, always */
	const char *unless[3]; /* not with one of these options */
	const char *order;     /* in which the started command gets the library first */
} cleaners[] = {
	{"sudo", {0}, {0}, "sudo noselfconn COMMAND"},
	{"doas", {0}, {0}, "doas noselfconn COMMAND"},
	{"su", {"-", "-l", "--l"}, {0}, "su - USER -c 'noselfconn COMMAND'"},
	{"runuser", {"-", "-l", "--l"}, {0}, "runuser - USER -c 'noselfconn COMMAND'"},
	{"setpriv", {"--reset-env"}, {0}, "setpriv --reset-env noselfconn COMMAND"},
	{"bwrap", {"--clearenv"}, {0}, "bwrap --clearenv noselfconn COMMAND"},
	{"systemd-run", {0}, {"--scope"}, "systemd-run noselfconn COMMAND"},
	{"systemd-socket-activate", {0}, {0}, "systemd-socket-activate noselfconn COMMAND"},
	{"mptcpize", {0}, {0}, "mptcpize run noselfconn COMMAND"},
	{"trickle", {0}, {0}, "trickle noselfconn COMMAND"},
	{"fiu-run", {0}, {0}, "fiu-run noselfconn COMMAND"},
	{"socksify", {0}, {0}, "socksify noselfconn COMMAND"},
	{"torsocks", {0}, {0}, "torsocks noselfconn COMMAND"},
};

bool is_env(const char *path)
{
	return strcmp(base_name(path), "env") == 0;
}

static bool is_assignment(const char *word)
{
	return *word != '-' && strchr(word, '=');
}

/* Whether this option of env(1) takes the next word as its value. */
static bool takes_next(const char *option)
{
	size_t flags = strspn(option + 1, "0v");

	return (strchr("uCS", option[1 + flags]) && option[1 + flags] && !option[2 + flags]) ||
	       strcmp(option, "--unset") == 0 || strcmp(option, "--chdir") == 0 ||
	       strcmp(option, "--split-string") == 0;
}

/* Whether env(1) removes LD_PRELOAD, or the library from it. */
static bool env_cleans(char **words)
{
	bool cleans = false;

	for (; *words && (**words == '-' || is_assignment(*words)); words++) {
		const char *word = *words;
		if (begins(word, "LD_PRELOAD="))
			cleans = !strstr(word, LIBRARY_NAME);
		else if (is_assignment(word))
			continue;
		else if (strcmp(word, "-") == 0 || begins(word, "--i") ||
			 word[1 + strspn(word + 1, "0v")] == 'i' ||
			 strcmp(word, "-uLD_PRELOAD") == 0 ||
			 strcmp(word, "--unset=LD_PRELOAD") == 0)
			cleans = true;
		else if (takes_next(word) && words[1])
			cleans |= strcmp(*++words, "LD_PRELOAD") == 0;
	}
	return cleans && *words;
}

const char *right_order(char **command)
{
	const char *name = base_name(*command);
	char **words = command + 1;

	if (is_env(name))
		return env_cleans(words) ? "env -i noselfconn COMMAND" : NULL;
	for (size_t i = 0; i < sizeof cleaners / sizeof *cleaners; i++)
		if (strcmp(name, cleaners[i].name) == 0)
			return (!*cleaners[i].when || has_one_of(words, cleaners[i].when)) &&
					       !has_one_of(words, cleaners[i].unless) &&
					       !hand_preload_on(words)
				       ? cleaners[i].order
				       : NULL;
	return NULL;
}

/* Whether it leaves the protection and its settings alone, and PATH, which finds the command. */
static bool is_harmless(const char *assignment)
{
	return !begins(assignment, "LD_") && !begins(assignment, "NOSELFCONN_") &&
	       !begins(assignment, "PATH=");
}

char **behind_env(char **command)
{
	while (*++command && is_assignment(*command))
		if (!is_harmless(*command))
			return NULL;
	return *command && **command && **command != '-' ? command : NULL;
}

/* Whether env(1) takes the word literally: it is no option and has no character special to -S. */
static bool is_plain(const char *word, size_t length)
{
	return length > 0 && *word != '-' && strcspn(word, "\"'\\$#") >= length;
}

bool command_of_env(const char *argument, char command[SCRIPT_LINE])
{
	static const char blanks[] = " \t";
	bool split = begins(argument, "-S");
	const char *word = split ? argument + 2 + strspn(argument + 2, blanks) : argument;
	size_t length = split ? strcspn(word, blanks) : strlen(word);

	while (split && is_plain(word, length) && memchr(word, '=', length) && is_harmless(word)) {
		word += length + strspn(word + length, blanks);
		length = strcspn(word, blanks);
	}
	if (!is_plain(word, length) || memchr(word, '=', length) || length >= SCRIPT_LINE)
		return false;
	memcpy(command, word, length);
	command[length] = '\0';
	return true;
}

bool has_preload_before(char **command, char **behind)
{
	while (++command < behind)
		if (begins(*command, "--preload"))
			return true;
	return false;
}

/* The lists have the options of glibc's loader and of musl's. */
char **behind_loader(char **command)
{
	static const char *const with_value[] = {"--library-path",
						 "--preload",
						 "--argv0",
						 "--audit",
						 "--inhibit-rpath",
						 "--glibc-hwcaps-prepend",
						 "--glibc-hwcaps-mask"};
	static const char *const without_program[] = {"--list", "--verify", "--help", "--version"};

	while (*++command && begins(*command, "--")) {
		for (size_t i = 0; i < sizeof without_program / sizeof *without_program; i++)
			if (begins(*command, without_program[i]))
				return NULL;
		for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++)
			if (strcmp(*command, with_value[i]) == 0 && command[1]) {
				command++;
				break;
			}
	}
	return *command ? command : NULL;
}
