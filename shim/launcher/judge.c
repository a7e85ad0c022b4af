/* Can the library protect this command? */
#include "launcher.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel follows five interpreters: exec_binprm() in fs/exec.c. */
enum { MOST_INTERPRETERS = 5 };

static const char reserve_instead[] = "reserve the port in net.ipv4.ip_local_reserved_ports";

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
	       "%s cannot be protected: it %s; %s, or run it unprotected with --force", program,
	       why, instead);
}

static void refuse_to_run(struct judgement *judgement, int status, const char *name, int error)
{
	refuse(judgement, status, "cannot run %s: %s", name, strerror(error));
}

/* 0 or what execve() would say. */
static int error_of_execution(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return errno;
	return S_ISREG(status.st_mode) ? 0 : EACCES;
}

/*
 * As execvp() does: what cannot be executed is passed over, but remembered. A directory that cannot
 * be searched is not, as in shells: nothing is known to be there.
 */
static int find_in_path(const char *command, char path[PATH_MAX])
{
	const char *directories = getenv("PATH");
	int result = ENOENT;

	if (!directories)
		directories = "/bin:/usr/bin";
	for (;; directories++) {
		int length = (int)strcspn(directories, ":");
		int size = snprintf(path, PATH_MAX, "%.*s/%s", length > 0 ? length : 1,
				    length > 0 ? directories : ".", command);
		int error = size < PATH_MAX ? error_of_execution(path) : ENAMETOOLONG;
		if (error == 0)
			return 0;
		if (error == EACCES && access(path, F_OK) == 0)
			result = EACCES;
		directories += length;
		if (!*directories)
			return result;
	}
}

/* The exit status when a command was not found for this reason, or cannot be run. */
static int status_without(int error)
{
	return error == ENOENT || error == ENOTDIR ? NOT_FOUND : CANNOT_RUN;
}

static int find_command(const char *command, char path[PATH_MAX])
{
	if (!*command)
		return ENOENT;
	if (!strchr(command, '/'))
		return find_in_path(command, path);
	if (snprintf(path, PATH_MAX, "%s", command) >= PATH_MAX)
		return ENAMETOOLONG;
	return error_of_execution(path);
}

/* AT_SECURE: cap_bprm_creds_from_file() in security/commoncap.c. */
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
	refuse_to_protect(judgement, name, why,
			  "let it start the launcher, as in \"sudo noselfconn COMMAND\", or use "
			  "/etc/ld.so.preload");
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

/* ld.so(8): spaces and colons separate the entries of LD_PRELOAD; nothing quotes them or a $. */
static void refuse_for_path(struct judgement *judgement, const char *name)
{
	refuse_to_protect(
		judgement, name,
		"needs the library, which has a space, a colon or a dollar sign in its path",
		"install the library elsewhere");
	judgement->library[0] = '\0';
}

static void judge_elf(struct judgement *judgement, const char *name, const char *path,
		      const struct program *program)
{
	const char *rights = more_rights(path);
	int loader_error = error_of_execution(program->interpreter);
	bool has_name = find_library(program, judgement->library);

	if (!*program->interpreter)
		refuse_to_protect(judgement, name,
				  "is statically linked, so no library can be loaded into it",
				  reserve_instead);
	else if (loader_error != 0)
		refuse(judgement, CANNOT_RUN, "cannot run %s: its loader %s: %s", name,
		       program->interpreter, strerror(loader_error));
	else if (rights)
		refuse_for_rights(judgement, name, rights);
	else if (program->is_go && !program->imports_connect)
		refuse_to_protect(judgement, name,
				  "is a Go program, which makes its system calls without libc",
				  reserve_instead);
	else if (!*judgement->library)
		refuse_without_library(judgement, name, &program->architecture);
	else if (!has_name)
		refuse_for_path(judgement, name);
}

static void refuse_unread(struct judgement *judgement, const char *name)
{
	if (errno == EACCES)
		refuse_to_protect(judgement, name, "cannot be read, so nothing is known about it",
				  "make it readable");
	else
		refuse_to_run(judgement, CANNOT_RUN, name, errno);
}

static bool is_env(const char *interpreter)
{
	const char *slash = strrchr(interpreter, '/');

	return strcmp(slash ? slash + 1 : interpreter, "env") == 0;
}

/*
 * What a script goes on with. Without "#!" it is the launcher that runs it in a shell. Returns
 * false when the judgement is made.
 */
static bool find_interpreter(struct judgement *judgement, const struct program *script,
			     char path[PATH_MAX])
{
	char command[SCRIPT_LINE];
	int error;

	if (script->kind == OTHER_PROGRAM) {
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
static void judge_chain(struct judgement *judgement)
{
	char path[PATH_MAX];
	char name[2 * PATH_MAX + 64];
	struct program program;
	struct image image;

	strcpy(path, judgement->path);
	strcpy(name, path);
	for (int i = 0; i <= MOST_INTERPRETERS; i++) {
		int error = error_of_execution(path);
		if (error != 0) {
			refuse_to_run(judgement, CANNOT_RUN, name, error);
			return;
		}
		if (!map_file(path, &image)) {
			refuse_unread(judgement, name);
			return;
		}
		read_program(&program, image.data, image.size);
		unmap_file(&image);
		if (program.kind == ELF_PROGRAM) {
			judge_elf(judgement, name, path, &program);
			return;
		}
		if (!find_interpreter(judgement, &program, path))
			return;
		snprintf(name, sizeof name, "the interpreter %s of %s", path, judgement->path);
	}
	refuse_to_run(judgement, CANNOT_RUN, judgement->path, ELOOP);
}

void judge(const char *command, struct judgement *judgement)
{
	int error = find_command(command, judgement->path);

	judgement->status = 0;
	judgement->library[0] = '\0';
	if (error != 0)
		refuse_to_run(judgement, status_without(error), command, error);
	else
		judge_chain(judgement);
}
