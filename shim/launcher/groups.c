/* Lists the processes of a control group, cgroups(7). */
#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With cgroups v2, v1, or both at once ("The three different tree setups", systemd.io). */
static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/systemd",
				    "/sys/fs/cgroup/unified"};

struct search {
	struct processes *found;
	const char *unit; /* the name of its group */
	bool is_there;
};

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text);

	return length > strlen(with) && strcmp(text + length - strlen(with), with) == 0;
}

/* Whether a group could not be opened because it is gone. Otherwise it may hold processes. */
static bool is_gone(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ENODEV;
}

static bool join(char path[PATH_MAX], const char *directory, const char *name)
{
	errno = ENAMETOOLONG;
	return snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX;
}

/* This file tells a group from a directory that only holds mount points. */
static FILE *open_group(const char *directory)
{
	char path[PATH_MAX];

	return join(path, directory, "cgroup.procs") ? fopen(path, "re") : NULL;
}

/* Visits each directory in this one until a visit fails. Returns false with errno. */
static bool each_below(struct search *search, const char *directory,
		       bool (*visit)(struct search *search, const char *directory))
{
	DIR *directories = opendir(directory);
	const struct dirent *entry;
	char path[PATH_MAX];
	bool good = true;
	int error;

	if (!directories)
		return is_gone();
	while (good && (entry = readdir(directories)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			good = join(path, directory, entry->d_name) && visit(search, path);
	error = errno;
	closedir(directories);
	errno = error;
	return good;
}

static bool add(struct processes *processes, pid_t number)
{
	void *larger = reallocarray(processes->numbers, processes->count + 1, sizeof number);

	if (!larger)
		return false;
	processes->numbers = larger;
	processes->numbers[processes->count++] = number;
	return true;
}

/* A threaded group cannot be read (EOPNOTSUPP); its processes are listed in the group above it. */
static bool add_group(struct search *search, const char *directory)
{
	FILE *group = open_group(directory);
	char line[32];
	bool good = group || is_gone();

	while (good && group && fgets(line, sizeof line, group))
		good = add(search->found, (pid_t)strtol(line, NULL, 10));
	if (group)
		fclose(group);
	return good && each_below(search, directory, add_group);
}

/*
 * The host's units lie in slices, and users' units below user@UID.service. Any other unit inside a
 * unit is a container's, for instance.
 */
static bool find_unit(struct search *search, const char *directory)
{
	const char *name = strrchr(directory, '/') + 1;

	if (strcmp(name, search->unit) == 0) {
		search->is_there = true;
		return add_group(search, directory);
	}
	return (!ends(name, ".slice") && strncmp(name, "user@", strlen("user@")) != 0) ||
	       each_below(search, directory, find_unit);
}

static bool take_path(struct search *search, const char *directory)
{
	FILE *group = open_group(directory);

	if (!group)
		return is_gone();
	fclose(group);
	search->is_there = true;
	return add_group(search, directory);
}

static bool search_root(struct search *search, const char *root, const char *group)
{
	char path[PATH_MAX];

	if (!strchr(group, '/'))
		return each_below(search, root, find_unit);
	if (strncmp(group, roots[0], strlen(roots[0])) == 0)
		return take_path(search, group);
	return join(path, root, group) && take_path(search, path);
}

static int compare(const void *a, const void *b)
{
	return (*(const pid_t *)a > *(const pid_t *)b) - (*(const pid_t *)a < *(const pid_t *)b);
}

/* With both versions of cgroups a process is in one group of each. */
static void leave_each_once(struct processes *processes)
{
	size_t count = 0;

	if (processes->count == 0)
		return;
	qsort(processes->numbers, processes->count, sizeof *processes->numbers, compare);
	for (size_t i = 0; i < processes->count; i++)
		if (count == 0 || processes->numbers[i] != processes->numbers[count - 1])
			processes->numbers[count++] = processes->numbers[i];
	processes->count = count;
}

bool list_group(struct processes *processes, const char *group)
{
	static const char *const kinds[] = {".service", ".scope", ".slice",
					    ".socket",	".mount", ".swap"};
	char unit[PATH_MAX];
	struct search search = {.found = processes, .unit = unit};
	bool has_kind = false;
	bool good = true;

	*processes = (struct processes){0};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		has_kind |= ends(group, kinds[i]);
	errno = ENAMETOOLONG;
	if (snprintf(unit, sizeof unit, "%s%s", group, has_kind ? "" : ".service") >= PATH_MAX)
		return false;
	for (size_t i = 0; i < sizeof roots / sizeof *roots && good; i++)
		good = search_root(&search, roots[i], group);
	leave_each_once(processes);
	if (good && !search.is_there)
		errno = ENOENT;
	return good && search.is_there;
}
