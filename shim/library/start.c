/* Before main(). */
#include "library.h"

#include <errno.h>

__attribute__((constructor)) static void start(void)
{
	int errno_before = errno;

	find_next_definitions();
	settings = read_settings();
	errno = errno_before;
}
