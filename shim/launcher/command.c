/* Finds the file of a command. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int error_of_execution(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return errno;
	return S_ISREG(status.st_mode) ? 0 : EACCES;
}

/*
 * As in execvp() a file that cannot be executed is passed over, but changes the error to EACCES. As
 * in shells, and unlike execvp(), a directory that cannot be searched does not.
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

int find_command(const char *command, char path[PATH_MAX])
{
	if (!*command)
		return ENOENT;
	if (!strchr(command, '/'))
		return find_in_path(command, path);
	if (snprintf(path, PATH_MAX, "%s", command) >= PATH_MAX)
		return ENAMETOOLONG;
	return error_of_execution(path);
}
