/* Becomes the command, under the library. */
#include "launcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set(const char *variable, const char *value)
{
	if (setenv(variable, value, 1) != 0)
		fail(OWN_FAILURE, "cannot set %s: %s", variable, strerror(errno));
}

static void preload(const char *library)
{
	const char *existing = getenv("LD_PRELOAD");
	char *list = preload_list(library, existing ? existing : "");

	if (!list)
		fail(OWN_FAILURE, "%s", strerror(errno));
	set("LD_PRELOAD", list);
	free(list);
}

/* A script without "#!" is run by sh. execvp() does that too in glibc, but not in musl. */
__attribute__((noreturn)) static void execute(char *path, char **command)
{
	static char shell[] = "/bin/sh";
	int error;

	execv(path, command);
	error = errno;
	if (error == ENOEXEC) {
		/* There is room in front of the command: argv[0], the launcher's name. */
		command[0] = path;
		command[-1] = shell;
		execv(shell, command - 1);
	}
	fail(CANNOT_RUN, "cannot run %s: %s", path, strerror(error));
}

int run(const struct options *options)
{
	static struct judgement judgement;

	judge(options->operands, &judgement);
	if (judgement.refusal.status != 0 &&
	    !(options->force && judgement.refusal.status == OWN_FAILURE))
		fail(judgement.refusal.status, "%s", judgement.refusal.text);
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		if (options->settings[setting])
			set(setting_rules[setting].variable, options->settings[setting]);
	if (*judgement.library)
		preload(judgement.library);
	execute(judgement.path, options->operands);
}
