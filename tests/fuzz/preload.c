/* preload_list() against strtok(): the library, then every other entry in its order. */
#include "launcher.h"

#include <stdlib.h>
#include <string.h>

static const char library[] = "/usr/lib/" LIBRARY_NAME;

static bool is_named_like_the_library(const char *entry)
{
	const char *slash = strrchr(entry, '/');

	return strcmp(slash ? slash + 1 : entry, LIBRARY_NAME) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *existing = strndup((const char *)data, size);
	char *list = preload_list(library, existing);
	char *rest_of_list;
	char *rest;
	char *expected = strtok_r(existing, " :", &rest);

	if (strcmp(strtok_r(list, ":", &rest_of_list), library) != 0)
		abort();
	for (; expected; expected = strtok_r(NULL, " :", &rest))
		if (!is_named_like_the_library(expected) &&
		    strcmp(strtok_r(NULL, ":", &rest_of_list), expected) != 0)
			abort();
	if (strtok_r(NULL, ":", &rest_of_list))
		abort();
	free(list);
	free(existing);
	return 0;
}
