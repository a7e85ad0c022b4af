/* Composes LD_PRELOAD, and finds the library that it has to name. */
#include "launcher.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Either separates entries of LD_PRELOAD: ld.so(8). */
static const char separators[] = " :";

static bool is_library(const char *entry, size_t length)
{
	const char *slash = memrchr(entry, '/', length);
	const char *name = slash ? slash + 1 : entry;

	return (size_t)(entry + length - name) == strlen(LIBRARY_NAME) &&
	       memcmp(name, LIBRARY_NAME, strlen(LIBRARY_NAME)) == 0;
}

char *preload_list(const char *library, const char *existing)
{
	char *list = malloc(strlen(library) + strlen(existing) + sizeof ":");
	char *end;

	if (!list)
		return NULL;
	end = stpcpy(list, library);
	while (*(existing += strspn(existing, separators))) {
		size_t length = strcspn(existing, separators);
		if (!is_library(existing, length)) {
			*end++ = ':';
			end = stpncpy(end, existing, length);
		}
		existing += length;
	}
	*end = '\0';
	return list;
}

bool map_file(const char *path, struct image *image)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool known = fd >= 0 && fstat(fd, &status) == 0;

	*image = (struct image){0};
	if (known && status.st_size > 0) {
		void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data != MAP_FAILED)
			*image = (struct image){.data = data, .size = (size_t)status.st_size};
		known = data != MAP_FAILED;
	}
	if (fd >= 0)
		close(fd);
	return known;
}

void unmap_file(const struct image *image)
{
	if (image->size > 0)
		munmap((void *)image->data, image->size);
}

bool is_dynamic_linker(const char *path)
{
	struct program program;
	struct image image;

	if (!map_file(path, &image))
		return true;
	read_program(&program, image.data, image.size);
	unmap_file(&image);
	return program.is_loader;
}

struct candidate {
	bool fits; /* has the right architecture, or is no ELF file at all */
	const char *problem;
};

static struct candidate examine(const char *path, const struct architecture *architecture)
{
	struct candidate candidate = {.fits = true};
	struct statvfs file_system;
	struct program library;
	struct image image;

	if (!map_file(path, &image)) {
		candidate.problem = "cannot be read";
		return candidate;
	}
	read_program(&library, image.data, image.size);
	unmap_file(&image);
	if (image.size == 0)
		candidate.problem = "is empty";
	else if (library.kind != ELF_PROGRAM)
		candidate.problem = "is not a library";
	else if (!same_architecture(&library.architecture, architecture))
		candidate.fits = false;
	else if (!library.is_library)
		candidate.problem = "is not a library, or only a part of one";
	else if (statvfs(path, &file_system) == 0 && file_system.f_flag & ST_NOEXEC)
		candidate.problem = "is on a file system that is mounted noexec";
	else if (strpbrk(path, " :$"))
		candidate.problem = "has a space, a colon or a dollar sign in its path";
	return candidate;
}

/*
 * The directory of the launcher, and the one above it. Without /proc the configured directory is
 * used.
 */
static void find_own_place(char directory[PATH_MAX], char prefix[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);

	directory[length > 0 ? length : 0] = '\0';
	if (length <= 0)
		strcpy(directory, NOSELFCONN_BINDIR "/");
	*strrchr(directory, '/') = '\0';
	strcpy(prefix, directory);
	if (*prefix)
		*strrchr(prefix, '/') = '\0';
}

/* Quotes the characters of a path that are special in a glob(7) pattern. */
static void append_literally(char *pattern, const char *path)
{
	for (pattern += strlen(pattern); *path; *pattern++ = *path++)
		if (strchr("\\*?[", *path))
			*pattern++ = '\\';
	*pattern = '\0';
}

static void look_in(glob_t *found, const char *directory, const char *pattern)
{
	char whole[2 * PATH_MAX + 64] = "";

	append_literally(whole, directory);
	strcat(whole, pattern);
	glob(whole, GLOB_NOSORT | GLOB_APPEND, NULL, found);
}

static bool has_string(const struct image *image, const char *string)
{
	char whole[PATH_MAX + 1] = "";

	strcpy(whole + 1, string);
	return memmem(image->data, image->size, whole, strlen(string) + 2);
}

/*
 * Whether the loader expands $LIB to this directory. Then it contains the directory as a string,
 * and also the name of another token, $PLATFORM, which loaders without $LIB do not have.
 */
static bool expands_lib_to(const char *loader, const char *directory)
{
	struct image image;
	bool expands;

	if (!map_file(loader, &image))
		return false;
	expands = has_string(&image, "PLATFORM") && has_string(&image, directory);
	unmap_file(&image);
	return expands;
}

/* Turns PREFIX/lib64/libnoselfconn.so into PREFIX/$LIB/libnoselfconn.so, which may be longer. */
static void serve_both_sizes(char library[PATH_MAX], const char *prefix, const char *loader)
{
	size_t length = strlen(prefix);
	char directory[PATH_MAX];

	if (strncmp(library, prefix, length) != 0 || library[length] != '/')
		return;
	strcpy(directory, library + length + 1);
	*strrchr(directory, '/') = '\0';
	if (length + sizeof "/$LIB/" LIBRARY_NAME <= PATH_MAX && expands_lib_to(loader, directory))
		strcpy(library + length, "/$LIB/" LIBRARY_NAME);
}

const char *find_library(const struct program *program, const char *loader, char library[PATH_MAX])
{
	char directory[PATH_MAX];
	char prefix[PATH_MAX];
	glob_t found = {0};
	const char *problem = NULL;
	bool others = false;

	*library = '\0';
	find_own_place(directory, prefix);
	look_in(&found, directory, "/" LIBRARY_NAME);
	look_in(&found, prefix, "/lib*/*-linux-*/" LIBRARY_NAME);
	look_in(&found, prefix, "/lib*/" LIBRARY_NAME);
	look_in(&found, NOSELFCONN_LIBDIR, "/" LIBRARY_NAME);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct candidate candidate = examine(path, &program->architecture);
		others |= !candidate.fits;
		/* Take the first file, but prefer a good one that follows. */
		if (candidate.fits && strlen(path) < PATH_MAX &&
		    (!*library || (problem && !candidate.problem))) {
			strcpy(library, path);
			problem = candidate.problem;
		}
	}
	globfree(&found);
	if (others && *library && !problem)
		serve_both_sizes(library, prefix, loader);
	return problem;
}
