/* Decides whether a process is protected: by its loaded objects and by its sockets. */
#include "launcher.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whether there is such a process, which kill(2) tells even if /proc hides it. */
static bool exists(const char *process)
{
	return kill((pid_t)strtol(process, NULL, 10), 0) == 0 || errno == EPERM;
}

static bool is_visible(const char *process)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s", process);
	return access(path, F_OK) == 0;
}

static void say_unknown(const char *process, struct verdict *verdict, int error)
{
	bool is_missing = !is_visible(process);
	bool is_hidden = is_missing && exists(process);

	verdict->has_ended = (is_missing && !is_hidden) || error == ENODATA;
	say(&verdict->answer, UNKNOWN, "unknown: %s",
	    is_hidden	       ? "it is hidden (hidepid of /proc): ask root"
	    : is_missing       ? "there is no such process"
	    : error == ENODATA ? "it has no memory, so it has ended or is the kernel's"
			       : strerror(error));
}

/*
 * Of the whole host: a socket belongs to the network namespace in which it was made, which the
 * process that has it may have left.
 */
static struct socket_list *find_own_peers(void)
{
	static struct host host;

	if (host.network_count == 0 && !look_at_host(&host, is_own_peer))
		return NULL;
	return &host.sockets;
}

static void add_evidence(struct verdict *verdict, const struct tcp_socket *socket)
{
	bool is_first = verdict->answer.status != NOT_PROTECTED;
	char before[sizeof verdict->answer.text];
	char address[ENDPOINT_TEXT];

	strcpy(before, is_first ? "not protected, connected to itself:" : verdict->answer.text);
	say(&verdict->answer, NOT_PROTECTED, "%s%s descriptor %d, %s", before, is_first ? "" : ";",
	    socket->fd, endpoint_text(&socket->local, address));
}

/* Looks for self-connected sockets of the process. Returns false with errno if it cannot. */
static bool find_evidence(const char *process, struct verdict *verdict)
{
	struct socket_list *own_peers = find_own_peers();

	if (!own_peers || !find_held(own_peers, process))
		return false;
	for (size_t i = 0; i < own_peers->count; i++)
		if (own_peers->sockets[i].holders > 0)
			add_evidence(verdict, &own_peers->sockets[i]);
	return true;
}

/* The value of the first entry with this prefix, as getenv() would return it; NULL without one. */
static const char *value_after(FILE *environment, const char *prefix, char **line, size_t *size)
{
	size_t length = strlen(prefix);

	rewind(environment);
	while (getdelim(line, size, '\0', environment) > 0)
		if (strncmp(*line, prefix, length) == 0)
			return *line + length;
	return NULL;
}

/* The settings that the library has read from the environment in which the process started. */
static bool read_settings_of(const char *process, struct settings *read)
{
	FILE *environment = open_of(process, "environ");
	char *line = NULL;
	size_t size = 0;

	*read = default_settings();
	if (!environment)
		return false;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		char prefix[sizeof setting_rules->variable + 1];
		snprintf(prefix, sizeof prefix, "%s=", setting_rules[setting].variable);
		const char *value = value_after(environment, prefix, &line, &size);
		if (value)
			parse_setting(setting, value, read);
	}
	free(line);
	fclose(environment);
	return true;
}

/* Returns false with errno if the file cannot be read. */
static bool read_file_of(const char *process, const char *path, struct program *program)
{
	char whole[PATH_MAX + 64];
	struct image image;

	snprintf(whole, sizeof whole, "/proc/%s/%s", process, path);
	if (!map_file(whole, &image))
		return false;
	read_program(program, image.data, image.size);
	unmap_file(&image);
	return true;
}

/*
 * The program that the process runs. If that is a dynamic linker, the program behind it. An
 * interpreter that is no dynamic linker is removed from the result.
 */
static bool read_program_of(const char *process, const struct loaded *loaded,
			    struct program *program)
{
	char path[PATH_MAX + 64];

	if (!read_file_of(process, "exe", program))
		return false;
	snprintf(path, sizeof path, "/proc/%s/root%s", process, program->interpreter);
	if (*program->interpreter && !is_dynamic_linker(path))
		program->interpreter[0] = '\0';
	if (!program->is_loader || !*loaded->program)
		return true;
	snprintf(path, sizeof path, "root%s", loaded->program);
	return read_file_of(process, path, program);
}

/* stat(2); the path is looked up in the process's own root directory. */
static bool stat_for(const char *process, const char *path, struct stat *status)
{
	char whole[PATH_MAX + 64];

	return snprintf(whole, sizeof whole, "/proc/%s/root%s", process, path) <
		       (int)sizeof whole &&
	       stat(whole, status) == 0;
}

static bool is_same_file(const char *process, const char *a, const char *b)
{
	struct stat status_a;
	struct stat status_b;

	return stat_for(process, a, &status_a) && stat_for(process, b, &status_b) &&
	       status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino;
}

/* The version that a restart would load; "" if that is the same file, or not known. */
static const char *version_after_restart(const char *process, const struct loaded *loaded)
{
	static struct program program;
	static const char deleted[] = " (deleted)";
	const char *name = *loaded->name == '/' ? loaded->name : loaded->file;
	char path[sizeof "root" + PATH_MAX];
	size_t length = strlen(name);

	if (is_same_file(process, name, loaded->file))
		return "";
	if (length >= strlen(deleted) && strcmp(name + length - strlen(deleted), deleted) == 0)
		length -= strlen(deleted);
	snprintf(path, sizeof path, "root%.*s", (int)length, name);
	return read_file_of(process, path, &program) && program.kind == ELF_PROGRAM
		       ? program.version
		       : "";
}

/* Whether a file with the library's name is mapped for execution, by the linker or otherwise. */
static bool is_mapped(const struct memory *memory)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->mappings[i].is_executable &&
		    strstr(memory->mappings[i].path, "/" LIBRARY_NAME))
			return true;
	return false;
}

static void say_protected(const char *process, const struct loaded *loaded, const char *library,
			  struct verdict *verdict)
{
	struct settings read;
	bool is_disabled;
	const char *after = version_after_restart(process, loaded);

	if (!read_settings_of(process, &read)) {
		say_unknown(process, verdict, errno);
		return;
	}
	is_disabled = read.value[DISABLE];
	say(&verdict->answer, is_disabled ? NOT_PROTECTED : PROTECTED,
	    "%s by %s%s, retries=%u log=%s%s%s%s", is_disabled ? "not protected" : "protected",
	    library, is_disabled ? "" : ", as far as it connects through libc", read.value[RETRIES],
	    setting_rules[LOG].words[read.value[LOG]], is_disabled ? " disable=1" : "",
	    *after ? "; restart it to get " : "", after);
}

static void judge_loaded(const char *process, const struct memory *memory,
			 const struct loaded *loaded, const struct program *program,
			 struct verdict *verdict)
{
	char library[PATH_MAX + 64];

	snprintf(library, sizeof library, "libnoselfconn %s (%s)",
		 *loaded->version ? loaded->version : "before 1.1.0", loaded->file);
	if (!loaded->is_loaded && is_mapped(memory))
		say(&verdict->answer, UNKNOWN,
		    "unknown: " LIBRARY_NAME " is mapped, but the dynamic linker does not list it");
	else if (!loaded->is_loaded && !*program->interpreter && !program->is_loader)
		say(&verdict->answer, NOT_PROTECTED, "not protected, it is statically linked");
	else if (!loaded->is_loaded && !loaded->is_settled)
		say(&verdict->answer, UNKNOWN,
		    "unknown: its dynamic linker has not loaded libc yet");
	else if (!loaded->is_loaded)
		say(&verdict->answer, NOT_PROTECTED,
		    "not protected, " LIBRARY_NAME " is not loaded");
	else if (program->past_libc)
		say(&verdict->answer, NOT_PROTECTED,
		    "not protected by %s: a %s program makes its system calls without libc",
		    library, program->past_libc);
	else if (!loaded->is_in_front)
		say(&verdict->answer, NOT_PROTECTED,
		    "not protected by %s: it was loaded behind libc, not preloaded", library);
	else if (*loaded->past)
		say(&verdict->answer, NOT_PROTECTED,
		    "not protected by %s in %s, whose connect() is libc's", library, loaded->past);
	else if (*loaded->other || program->defines_connect)
		say(&verdict->answer, UNKNOWN,
		    "unknown: calls of connect() go to %s, which stands before %s",
		    *loaded->other ? loaded->other : loaded->program, library);
	else
		say_protected(process, loaded, library, verdict);
}

/* Returns false if the process is just starting or ending, so that the answer may soon change. */
static bool look_at_memory(const char *process, const struct memory *memory,
			   struct verdict *verdict)
{
	static struct loaded loaded;
	static struct program program;

	if (memory->fd < 0) {
		say(&verdict->answer, UNKNOWN,
		    "unknown: its memory may not be read, which root may");
		return true;
	}
	find_objects(memory, &loaded);
	if (!read_program_of(process, &loaded, &program)) {
		say_unknown(process, verdict, errno);
		return false; /* it may be ending */
	}
	judge_loaded(process, memory, &loaded, &program, verdict);
	return loaded.is_settled || !*program.interpreter;
}

static bool look_at_process(const char *process, struct verdict *verdict)
{
	struct memory memory;
	bool is_final = true;

	*verdict = (struct verdict){0};
	if (!open_memory(&memory, process)) {
		say_unknown(process, verdict, errno);
		return true;
	}
	if (!find_evidence(process, verdict))
		say_unknown(process, verdict, errno);
	else if (verdict->answer.status != NOT_PROTECTED)
		is_final = look_at_memory(process, &memory, verdict);
	close_memory(&memory);
	return is_final;
}

void judge_process(const char *process, struct verdict *verdict)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	char thread[PROCESS_NAME];

	find_living_thread(process, thread);
	for (int looks = 0; looks < 50 && !look_at_process(thread, verdict); looks++)
		nanosleep(&moment, NULL);
}
