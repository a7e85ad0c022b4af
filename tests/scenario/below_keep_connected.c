/* Imitates a kernel that cannot reset a TCP connection: connect() with AF_UNSPEC fails. */
#include "below.h"

#include <errno.h>

bool may_connect(const struct sockaddr *address)
{
	if (address->sa_family != AF_UNSPEC)
		return true;
	errno = EAFNOSUPPORT;
	return false;
}
