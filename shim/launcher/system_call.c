/* The function that each program with core has to define: core.h. */
#include "core.h"

#include <unistd.h>

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	return syscall(number, a, b, c, d, e, f);
}
