/* noselfconn(1): runs a command under the library. */
#include "launcher.h"
#include "core.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: noselfconn [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"       noselfconn --check COMMAND\n"
	"       noselfconn --status PID\n"
	"Runs COMMAND so that it never gets a TCP socket that is connected to itself.\n"
	"\n"
	"  --retries N    attempts after a self-connect, 0 to 16 (default 3)\n"
	"  --log TARGET   where to tell of self-connects: none, stderr or syslog (default none)\n"
	"  --force        run COMMAND even if it cannot be protected\n"
	"  --check        only say whether COMMAND can be protected\n"
	"  --status PID   say whether the running process PID is protected\n"
	"  --help         show this and exit\n"
	"  --version      show the version and exit\n"
	"\n"
	"Exit status: that of COMMAND; 125 noselfconn itself failed or refused, 126 COMMAND "
	"cannot\n"
	"be run, 127 it was not found. With --status: 0 protected, 2 not protected, 3 unknown.\n"
	"See noselfconn(1) and libnoselfconn(7).\n";

struct options {
	bool force;
	bool check;
};

__attribute__((format(printf, 2, 3), noreturn)) static void fail(int status, const char *format,
								 ...)
{
	va_list arguments;

	fputs("noselfconn: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(status);
}

/* Ends with the status if what was printed has arrived. */
__attribute__((noreturn)) static void leave(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		fail(OWN_FAILURE, "cannot write: %s", strerror(errno));
	exit(status);
}

static void set(const char *variable, const char *value)
{
	if (setenv(variable, value, 1) != 0)
		fail(OWN_FAILURE, "cannot set %s: %s", variable, strerror(errno));
}

static void set_setting(enum setting setting, const char *value)
{
	const struct setting_rule *rule = &setting_rules[setting];
	struct settings ignored;

	if (!parse_setting(setting, value, &ignored))
		fail(OWN_FAILURE, "--%s %s: expected %s", rule->name, value, rule->expected);
	set(rule->variable, value);
}

/* Takes the options off; what they say about the settings goes into the environment. */
static struct options take_options(int argc, char **argv)
{
	enum { FORCE = SETTINGS, CHECK, STATUS, HELP, VERSION };
	static const struct option known[] = {
		{"retries", required_argument, NULL, RETRIES},
		{"log", required_argument, NULL, LOG},
		{"force", no_argument, NULL, FORCE},
		{"check", no_argument, NULL, CHECK},
		{"status", required_argument, NULL, STATUS},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{0},
	};
	struct options options = {0};

	for (;;) {
		const char *given = argv[optind];
		int option = getopt_long(argc, argv, "+:", known, NULL);
		switch (option) {
		case RETRIES:
		case LOG:
			set_setting((enum setting)option, optarg);
			break;
		case FORCE:
			options.force = true;
			break;
		case CHECK:
			options.check = true;
			break;
		case STATUS:
			leave(print_status(optarg));
		case HELP:
			fputs(help, stdout);
			leave(0);
		case VERSION:
			puts("noselfconn " NOSELFCONN_VERSION);
			leave(0);
		case -1:
			return options;
		case ':':
			fail(OWN_FAILURE, "%s: expected a value behind it, see noselfconn --help",
			     given);
		default:
			fail(OWN_FAILURE, "%s: expected an option that noselfconn --help lists",
			     given);
		}
	}
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

/* Without "#!" in it a script goes to the shell, as execvp() does it in glibc, but not in musl. */
__attribute__((noreturn)) static void execute(char *path, char **command)
{
	static char shell[] = "/bin/sh";
	int error;

	execv(path, command);
	error = errno;
	if (error == ENOEXEC) {
		/* The launcher's own name has been in front of the command. */
		command[0] = path;
		command[-1] = shell;
		execv(shell, command - 1);
	}
	fail(CANNOT_RUN, "cannot run %s: %s", path, strerror(error));
}

int main(int argc, char **argv)
{
	static struct judgement judgement;
	struct options options = take_options(argc, argv);
	char **command = argv + optind;

	if (!*command)
		fail(OWN_FAILURE, "no COMMAND, expected noselfconn [OPTION]... [--] COMMAND "
				  "[ARGUMENT]...");
	judge(*command, &judgement);
	if (judgement.status != 0 &&
	    !(options.force && !options.check && judgement.status == OWN_FAILURE))
		fail(judgement.status, "%s", judgement.reason);
	if (options.check) {
		printf("%s can be protected by %s\n", judgement.path, judgement.library);
		leave(0);
	}
	if (*judgement.library)
		preload(judgement.library);
	execute(judgement.path, command);
}
