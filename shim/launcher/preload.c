/* LD_PRELOAD, and the file that it has to name. */
#include "launcher.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ld.so(8): both separate. */
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

static bool is_for(const char *path, const struct architecture *architecture)
{
	struct image image;
	struct program library;

	if (!map_file(path, &image))
		return false;
	read_program(&library, image.data, image.size);
	unmap_file(&image);
	return library.kind == ELF_PROGRAM &&
	       same_architecture(&library.architecture, architecture);
}

/*
 * The directory of the launcher, and the one above it. Without /proc there is only what was
 * configured.
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

/* A path may hold characters that are special in a pattern. */
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
 * Whether $LIB stands for this directory in the loader: it is among its strings, and so is the
 * name of another token, $PLATFORM, which loaders without $LIB do not know.
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

bool find_library(const struct program *program, char library[PATH_MAX])
{
	char directory[PATH_MAX];
	char prefix[PATH_MAX];
	glob_t candidates = {0};
	bool others = false;

	*library = '\0';
	find_own_place(directory, prefix);
	look_in(&candidates, directory, "/" LIBRARY_NAME);
	look_in(&candidates, prefix, "/lib*/*-linux-*/" LIBRARY_NAME);
	look_in(&candidates, prefix, "/lib*/" LIBRARY_NAME);
	look_in(&candidates, NOSELFCONN_LIBDIR, "/" LIBRARY_NAME);
	for (size_t i = 0; i < candidates.gl_pathc; i++)
		if (!is_for(candidates.gl_pathv[i], &program->architecture))
			others = true;
		else if (!*library && strlen(candidates.gl_pathv[i]) < PATH_MAX)
			strcpy(library, candidates.gl_pathv[i]);
	globfree(&candidates);
	if (strpbrk(library, " :$"))
		return false;
	if (others && *library)
		serve_both_sizes(library, prefix, program->interpreter);
	return true;
}
