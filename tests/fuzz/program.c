/*
 * The launcher reads a program of any bytes. The reader stays within them, and its result has the
 * promised form.
 */
#include "launcher.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

/* The interpreter must stand in one piece in the first line behind "#!". */
static void check_script(const struct program *program, const char *image, size_t size)
{
	size_t line = size < SCRIPT_LINE ? size : SCRIPT_LINE;
	const char *newline = memchr(image, '\n', line);
	const char *name = program->interpreter;

	if (newline)
		line = (size_t)(newline - image);
	if (size < 2 || memcmp(image, "#!", 2) != 0 || !*name || strpbrk(name, " \t\n") ||
	    !memmem(image + 2, line - 2, name, strlen(name)) ||
	    !memmem(image + 2, line - 2, program->argument, strlen(program->argument)))
		abort();
}

static void check_elf(const struct program *program, const char *image, size_t size)
{
	const char *name = program->interpreter;

	if (size < EI_NIDENT || memcmp(image, ELFMAG, SELFMAG) != 0 ||
	    program->architecture.class != (uint8_t)image[EI_CLASS] ||
	    program->architecture.byte_order != (uint8_t)image[EI_DATA] ||
	    (*name && !memmem(image, size, name, strlen(name) + 1)) ||
	    (program->is_loader && !memmem(image, size, "_debug", strlen("_debug"))) ||
	    (program->is_php && !memmem(image, size, "php_", strlen("php_"))) ||
	    (program->past_libc && !memmem(image, size, "Go", strlen("Go")) &&
	     !memmem(image, size, "FPC ", strlen("FPC "))) ||
	    (*program->version && (!memmem(image, size, "libnoselfconn", sizeof "libnoselfconn") ||
				   !is_text(program->version, sizeof program->version))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a sanitizer sees a read beyond its end. */
	char *image = malloc(size ? size : 1);
	char command[SCRIPT_LINE];
	struct program program;

	memcpy(image, data, size);
	read_program(&program, image, size);
	if (!is_text(program.interpreter, sizeof program.interpreter) ||
	    !is_text(program.argument, sizeof program.argument))
		abort();
	if (program.kind == SCRIPT)
		check_script(&program, image, size);
	if (program.kind == ELF_PROGRAM)
		check_elf(&program, image, size);
	if (command_of_env(program.argument, command) &&
	    (!is_text(command, sizeof command) || !*command || strpbrk(command, "=\"'\\$#") ||
	     *command == '-' || !strstr(program.argument, command)))
		abort();
	free(image);
	return 0;
}
