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

__attribute__((format(printf, 3, 4))) static void refuse(struct judgement *judgement, int status,
							 const char *format, ...)
{
	va_list arguments;

	judgement->status = status;
	va_start(arguments, format);
	vsnprintf(judgement->reason, sizeof judgement->reason, format, arguments);
	va_end(arguments);
}

static void refuse_to_protect(struct judgement *judgement, const char *program, const char *why,
			      const char *instead)
{
	refuse(judgement, OWN_FAILURE,
	       "%s cannot be protected: it %s; %s; or run it unprotected with --force", program,
	       why, instead);
}

static void refuse_to_run(struct judgement *judgement, int status, const char *name, int error)
{
	refuse(judgement, status, "cannot run %s: %s", name, strerror(error));
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

static void refuse_for_rights(struct judgement *judgement, const char *name, const char *rights)
{
	char why[128];

	snprintf(why, sizeof why, "%s, so its loader ignores LD_PRELOAD", rights);
	refuse_to_protect(judgement, name, why, host_rule);
}

static void refuse_without_library(struct judgement *judgement, const char *name,
				   const struct architecture *architecture)
{
	char why[128];

	snprintf(why, sizeof why, "is a %s-bit %s program, for which there is no " LIBRARY_NAME,
		 architecture->class == ELFCLASS64 ? "64" : "32",
		 machine_name(architecture->machine));
	refuse_to_protect(judgement, name, why, "install the library of that architecture too");
}

static void refuse_bad_library(struct judgement *judgement, const char *name, const char *problem)
{
	char why[PATH_MAX + 128];

	snprintf(why, sizeof why, "needs %s, which %s", judgement->library, problem);
	refuse_to_protect(judgement, name, why, "install the library anew or elsewhere");
}

static void refuse_order(struct judgement *judgement, const char *command, const char *order)
{
	char what[PATH_MAX + 32];
	char instead[128];

	snprintf(what, sizeof what, "what %s starts", command);
	snprintf(instead, sizeof instead, "put the launcher behind it: \"%s\"", order);
	refuse_to_protect(judgement, what, "gets an environment without LD_PRELOAD", instead);
}

/* How a program is run. */
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
		refuse_to_protect(judgement, name,
				  "is statically linked, so no library can be loaded into it",
				  host_rule);
	else if (loader_error != 0)
		refuse(judgement, CANNOT_RUN, "cannot run %s: its loader %s: %s", name,
		       start->loader, strerror(loader_error));
	else if (rights)
		refuse_for_rights(judgement, name, rights);
	else if (program->is_go)
		refuse_to_protect(judgement, name,
				  "is a Go program, which makes its system calls without libc, so "
				  "that at most its C libraries would be protected",
				  host_rule);
	else if (program->defines_connect)
		refuse_to_protect(judgement, name,
				  "has a function connect() of its own, which its libraries call "
				  "in place of libc's",
				  host_rule);
	else if (problem)
		refuse_bad_library(judgement, name, problem);
	else if (!*judgement->library)
		refuse_without_library(judgement, name, &program->architecture);
	/* A library with a problem is not preloaded with --force either. */
	if (problem)
		judgement->library[0] = '\0';
}

static void refuse_unread(struct judgement *judgement, const char *name)
{
	if (errno == EACCES)
		refuse_to_protect(judgement, name, "cannot be read, so nothing is known about it",
				  "make it readable");
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

/* A dynamic linker as the command only reads the program, which need not be executable. */
static void judge_behind_loader(struct judgement *judgement, const char *loader, char **command)
{
	char **behind = behind_loader(command);
	struct program program;

	if (!behind) {
		refuse_to_protect(judgement, loader,
				  "is a dynamic linker, with no program among its arguments",
				  "name one there, with its path");
		return;
	}
	judgement->unused = behind + 1;
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
		refuse_to_protect(judgement, name,
				  "is neither an ELF program nor text, so it is not known what "
				  "runs it",
				  "name the program that does");
		return false;
	}
	if (script->kind == TEXT) {
		strcpy(path, "/bin/sh");
	} else if (!is_env(script->interpreter)) {
		strcpy(path, script->interpreter);
	} else if (!command_of_env(script->argument, command) || is_env(command)) {
		refuse_to_protect(judgement, judgement->path,
				  "is run by env(1) with more than a command",
				  "name its interpreter in its first line");
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
				judge_behind_loader(judgement, path, command);
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
	int error = find_command(*command, judgement->path);

	judgement->status = 0;
	judgement->library[0] = '\0';
	judgement->unused = command + 1;
	strcpy(path, judgement->path);
	while (error == 0 && is_env(path) && (behind = behind_env(command))) {
		command = behind;
		judgement->unused = command + 1;
		error = find_command(*command, path);
	}
	if (error != 0) {
		refuse(judgement, status_without(error), "cannot run \"%s\": %s", *command,
		       strerror(error));
		return;
	}
	judge_chain(judgement, command, path);
}
