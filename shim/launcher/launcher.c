/* noselfconn(1): runs a command under the library, or says what is protected and what is not. */
#include "launcher.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: noselfconn [OPTION]... [--] COMMAND [ARGUMENT]...\n"
	"       noselfconn --check COMMAND\n"
	"       noselfconn --status {PID | UNIT | CGROUP}...\n"
	"       noselfconn --find [PORT] | --free PORT [PID] | --risk\n"
	"Runs COMMAND so that it never gets a TCP socket that is connected to itself.\n"
	"\n"
	"  --retries N    how often to repeat a call after a self-connect, 0 to 16 (default 3)\n"
	"  --log TARGET   where to report self-connects: none, stderr or syslog (default none)\n"
	"  --force        run COMMAND even if it cannot be protected\n"
	"  --check        only say whether COMMAND can be protected\n"
	"  --status WHAT  say whether running processes are protected: PIDs, units, control "
	"groups\n"
	"  --find         list the sockets of this host that are connected to themselves\n"
	"  --free PORT    end those on PORT, so that a server can bind it; with PID, in the\n"
	"                 network namespace of that process\n"
	"  --risk         list the servers whose clients can be connected to themselves\n"
	"  --help         show this and exit\n"
	"  --version      show the version and exit\n"
	"\n"
	"Exit status: that of COMMAND; 125 noselfconn itself failed or refused, 126 COMMAND "
	"cannot\n"
	"be run, 127 it was not found. With --status: 0 protected, 2 not protected, 3 unknown.\n"
	"With --find: 0 none, 2 found, 3 not all was seen. With --free: 0 free, 2 not free. With\n"
	"--risk: 0 not at risk, 2 at risk, 3 unknown.\n"
	"See noselfconn(1) and libnoselfconn(7).\n";

static int show_help(const struct options *options)
{
	(void)options;
	fputs(help, stdout);
	return 0;
}

static int show_version(const struct options *options)
{
	(void)options;
	puts("noselfconn " NOSELFCONN_VERSION);
	return 0;
}

const struct verb verbs[] = {
	{"", run, "[OPTION]... [--] COMMAND [ARGUMENT]...", true, 1, INT_MAX},
	{"check", check, "--check COMMAND", true, 1, INT_MAX},
	{"status", show_status, "--status {PID | UNIT | CGROUP}...", false, 1, INT_MAX},
	{"find", find, "--find [PORT]", false, 0, 1},
	{"free", free_port, "--free PORT [PID]", false, 1, 2},
	{"risk", risk, "--risk", false, 0, 0},
	{"help", show_help, "--help", false, 0, 0},
	{"version", show_version, "--version", false, 0, 0},
	{0},
};

__attribute__((format(printf, 2, 0))) static void print_list(FILE *file, const char *format,
							     va_list arguments)
{
	static char line[6 * PATH_MAX];

	vsnprintf(line, sizeof line, format, arguments);
	for (const char *c = line; *c; c++)
		fprintf(file, (unsigned char)*c < ' ' || *c == '\177' ? "\\%03o" : "%c", *c);
	fputc('\n', file);
}

void print_line(FILE *file, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_list(file, format, arguments);
	va_end(arguments);
}

void say(struct answer *answer, int status, const char *format, ...)
{
	va_list arguments;

	answer->status = status;
	va_start(arguments, format);
	vsnprintf(answer->text, sizeof answer->text, format, arguments);
	va_end(arguments);
}

void fail(int status, const char *format, ...)
{
	va_list arguments;

	fputs("noselfconn: ", stderr);
	va_start(arguments, format);
	print_list(stderr, format, arguments);
	va_end(arguments);
	exit(status);
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	int status = options.verb->act(&options);

	if (fflush(stdout) != 0 || ferror(stdout))
		fail(OWN_FAILURE, "cannot write: %s", strerror(errno));
	return status;
}
