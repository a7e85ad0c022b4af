/* Decides whether the library can protect a command. */
#include "launcher.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel follows five interpreters: exec_binprm() in fs/exec.c. */
enum { MOST_INTERPRETERS = 5 };

static const char host_rule[] = "the host rule reaches it: \"noselfconn-host add\"";

__attribute__((format(printf, 4, 5))) static void refuse_to_protect(struct judgement *judgement,
								    const char *program,
								    const char *instead,
								    const char *format, ...)
{
	char why[PATH_MAX + 128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	say(&judgement->refusal, OWN_FAILURE,
	    "%s cannot be protected: it %s; %s; or run it unprotected with --force", program, why,
	    instead);
}

static void refuse_to_run(struct judgement *judgement, int status, const char *name, int error)
{
	say(&judgement->refusal, status, "cannot run %s: %s", name, strerror(error));
}

/* The exit status for this errno: the command was not found, or cannot be run. */
static int status_without(int error)
{
	return error == ENOENT || error == ENOTDIR ? NOT_FOUND : CANNOT_RUN;
}

/*
 * Why the kernel would set AT_SECURE: after execve() the effective ids would differ from the real
 * ones, or the program would gain rights (cap_bprm_creds_from_file() in security/commoncap.c).
 */
static const char *more_rights(const char *path)
{
	const mode_t set_gid = S_ISGID | S_IXGRP;
	struct stat status;

	if (stat(path, &status) != 0)
		return NULL;
	if (status.st_mode & S_ISUID && status.st_uid != getuid())
		return "is set-uid";
	if ((status.st_mode & set_gid) == set_gid && status.st_gid != getgid())
		return "is set-gid";
	if (geteuid() != getuid() || getegid() != getgid())
		return "is started with real and effective ids that differ";
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "has file capabilities";
	return NULL;
}

static const char *machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		char name[8];
	} names[] = {
		{EM_386, "x86"},     {EM_X86_64, "x86"},  {EM_ARM, "Arm"},   {EM_AARCH64, "Arm"},
		{EM_PPC, "PowerPC"}, {EM_PPC64, "Power"}, {EM_S390, "s390"}, {EM_RISCV, "RISC-V"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "foreign";
}

static void refuse_order(struct judgement *judgement, const char *command, const char *order)
{
	char what[PATH_MAX + 32];
	char instead[128];

	snprintf(what, sizeof what, "what %s starts", command);
	snprintf(instead, sizeof instead, "put the launcher behind it: \"%s\"", order);
	refuse_to_protect(judgement, what, instead, "does not get the library first in LD_PRELOAD");
}

/* A program and how it is started. */
struct start {
	const char *name;
	char **words;	      /* the program and its arguments */
	const char *executed; /* the file that execve() gets, whose set-uid bit counts */
	const char *loader;   /* the file that maps the program */
};

static void judge_elf(struct judgement *judgement, const struct start *start,
		      const struct program *program)
{
	const char *name = start->name;
	const char *rights = more_rights(start->executed);
	const char *problem = find_library(program, start->loader, judgement->library);
	const char *order = right_order(start->words);
	int loader_error = error_of_execution(start->loader);

	judgement->is_php = program->is_php;
	if (order)
		refuse_order(judgement, *start->words, order);
	else if (!*program->interpreter)
		refuse_to_protect(judgement, name, host_rule,
				  "is statically linked, so no library can be loaded into it");
	else if (loader_error != 0)
		say(&judgement->refusal, CANNOT_RUN, "cannot run %s: its loader %s: %s", name,
		    start->loader, strerror(loader_error));
	else if (!is_dynamic_linker(start->loader))
		refuse_to_protect(judgement, name, host_rule,
				  "is loaded by %s, which loads no libraries", start->loader);
	else if (rights)
		refuse_to_protect(judgement, name, host_rule,
				  "%s, so its loader ignores LD_PRELOAD", rights);
	else if (program->past_libc)
		refuse_to_protect(judgement, name, host_rule,
				  "is a %s program, which makes its system calls without libc, so "
				  "that at most its C libraries would be protected",
				  program->past_libc);
	else if (program->defines_connect)
		refuse_to_protect(judgement, name, host_rule,
				  "has a function connect() of its own, which its libraries call "
				  "in place of libc's");
	else if (problem)
		refuse_to_protect(judgement, name, "install the library anew or elsewhere",
				  "needs %s, which %s", judgement->library, problem);
	else if (!*judgement->library)
		refuse_to_protect(judgement, name, "install the library of that architecture too",
				  "is a %s-bit %s program, for which there is no " LIBRARY_NAME,
				  program->architecture.class == ELFCLASS64 ? "64" : "32",
				  machine_name(program->architecture.machine));
	/* A library with a problem is not preloaded with --force either. */
	if (problem)
		judgement->library[0] = '\0';
}

static void refuse_unread(struct judgement *judgement, const char *name)
{
	if (errno == EACCES)
		refuse_to_protect(judgement, name, "make it readable",
				  "cannot be read, so nothing is known about it");
	else
		refuse_to_run(judgement, CANNOT_RUN, name, errno);
}

static bool read_file(struct judgement *judgement, const char *name, const char *path,
		      struct program *program)
{
	struct image image;

	if (!map_file(path, &image)) {
		refuse_unread(judgement, name);
		return false;
	}
	read_program(program, image.data, image.size);
	unmap_file(&image);
	return true;
}

/*
 * A dynamic linker as the command only reads the program, which need not be executable. is_libc: it
 * is musl's, which is libc too.
 */
static void judge_behind_loader(struct judgement *judgement, const char *loader, char **command,
				bool is_libc)
{
	char **behind = behind_loader(command);
	struct program program;

	if (!behind) {
		refuse_to_protect(judgement, loader, "name one there, with its path",
				  "is a dynamic linker, with no program among its arguments");
		return;
	}
	judgement->unused = behind + 1;
	if (is_libc && has_preload_before(command, behind)) {
		refuse_to_protect(judgement, *behind, "leave out --preload",
				  "is started with --preload, for which musl's dynamic linker "
				  "ignores LD_PRELOAD");
		return;
	}
	if (!read_file(judgement, *behind, *behind, &program))
		return;
	if (program.kind == ELF_PROGRAM)
		judge_elf(judgement, &(struct start){*behind, behind, loader, loader}, &program);
	else
		refuse_to_run(judgement, CANNOT_RUN, *behind, ENOEXEC);
}

/*
 * Finds the program that runs a script: without "#!" the shell, in which the launcher runs it.
 * Returns false when this already settles the judgement.
 */
static bool find_interpreter(struct judgement *judgement, const struct program *script,
			     const char *name, char path[PATH_MAX])
{
	char command[SCRIPT_LINE];
	int error;

	if (script->kind == UNKNOWN_FORMAT) {
		refuse_to_protect(judgement, name, "name the program that does",
				  "is neither an ELF program nor text, so it is not known what "
				  "runs it");
		return false;
	}
	if (script->kind == TEXT) {
		strcpy(path, "/bin/sh");
	} else if (!is_env(script->interpreter)) {
		strcpy(path, script->interpreter);
	} else if (!command_of_env(script->argument, command) || is_env(command)) {
		refuse_to_protect(judgement, judgement->path,
				  "name its interpreter in its first line",
				  "is run by env(1) with more than a command");
		return false;
	} else if ((error = find_command(command, path)) != 0) {
		refuse_to_run(judgement, status_without(error), command, error);
		return false;
	}
	return true;
}

/* A script is judged by its interpreter, which may be a script again. */
static void judge_chain(struct judgement *judgement, char **command, const char *first)
{
	char path[PATH_MAX];
	char name[2 * PATH_MAX + 64];
	struct program program;
	char argument[SCRIPT_LINE];
	struct start start = {name, command, path, program.interpreter};
	char *interpreter[] = {path, argument, NULL};

	strcpy(path, first);
	strcpy(name, path);
	for (int i = 0; i <= MOST_INTERPRETERS; i++) {
		int error = error_of_execution(path);
		if (error != 0) {
			refuse_to_run(judgement, CANNOT_RUN, name, error);
			return;
		}
		if (!read_file(judgement, name, path, &program))
			return;
		if (program.kind == ELF_PROGRAM) {
			if (program.is_loader && i == 0)
				judge_behind_loader(judgement, path, command,
						    program.defines_connect);
			else
				judge_elf(judgement, &start, &program);
			return;
		}
		if (!find_interpreter(judgement, &program, name, path))
			return;
		strcpy(argument, program.argument);
		start.words = interpreter;
		snprintf(name, sizeof name, "the interpreter %s of %s", path, first);
	}
	refuse_to_run(judgement, CANNOT_RUN, first, ELOOP);
}

void judge(char **command, struct judgement *judgement)
{
	char path[PATH_MAX];
	char **behind;
	const char *order;
	int error = find_command(*command, judgement->path);

	judgement->refusal.status = 0;
	judgement->library[0] = '\0';
	judgement->unused = command + 1;
	strcpy(path, judgement->path);
	while (error == 0 && is_env(path) && (behind = behind_env(command))) {
		command = behind;
		judgement->unused = command + 1;
		error = find_command(*command, path);
	}
	if (error != 0) {
		say(&judgement->refusal, status_without(error), "cannot run \"%s\": %s", *command,
		    strerror(error));
		return;
	}
	judge_chain(judgement, command, path);
	/* Of a script only the interpreter has been judged. */
	order = right_order(command);
	if (judgement->refusal.status == 0 && order)
		refuse_order(judgement, *command, order);
}
