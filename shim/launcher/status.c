/* --status: says of running processes whether they are protected. */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int worse(int a, int b)
{
	return a == NOT_PROTECTED || b == NOT_PROTECTED ? NOT_PROTECTED : a > b ? a : b;
}

static int say_of_group(const char *group, const char *why)
{
	print_line(stdout, "%s: unknown: %s", group, why);
	return UNKNOWN;
}

/* Judges each process of the group, except those that have ended meanwhile. */
static int judge_group(const char *group)
{
	static struct verdict verdict;
	struct processes processes;
	int status = PROTECTED;
	bool is_empty = true;

	if (!list_group(&processes, group)) {
		free(processes.numbers);
		return say_of_group(group, errno == ENOENT ? "there is no such control group, so "
							     "it is not running"
							   : strerror(errno));
	}
	for (size_t i = 0; i < processes.count; i++) {
		char process[PROCESS_NAME];
		char program[PROGRAM_NAME];
		if (processes.numbers[i] == 0) {
			is_empty = false;
			status = worse(status, say_of_group(group, "it has processes of another "
								   "PID namespace"));
			continue;
		}
		snprintf(process, sizeof process, "%d", (int)processes.numbers[i]);
		program_name(process, program);
		judge_process(process, &verdict);
		if (verdict.has_ended)
			continue;
		is_empty = false;
		print_line(stdout, "%s (%s): %s", process, program, verdict.answer.text);
		status = worse(status, verdict.answer.status);
	}
	free(processes.numbers);
	return is_empty ? say_of_group(group, "no process is in it") : status;
}

static int judge_operand(const char *operand)
{
	static struct verdict verdict;

	if (strspn(operand, "0123456789") != strlen(operand))
		return judge_group(operand);
	if (!is_process(operand))
		fail(OWN_FAILURE,
		     "--status %s: expected the number of a process, a unit or a "
		     "control group",
		     operand);
	judge_process(operand, &verdict);
	print_line(stdout, "%s: %s", operand, verdict.answer.text);
	return verdict.answer.status;
}

int show_status(const struct options *options)
{
	int status = PROTECTED;

	for (char **operand = options->operands; *operand; operand++)
		status = worse(status, judge_operand(*operand));
	return status;
}
