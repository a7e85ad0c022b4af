/* Loaded after the library: starts a server before the second attempt, which the library makes. */
#include "below.h"

#include <netinet/in.h>
#include <stdlib.h>

int below_listener = -1;

static void listen_on(const struct sockaddr *address)
{
	below_listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(below_listener, address, sizeof(struct sockaddr_in)) != 0 ||
	    listen(below_listener, 1) != 0)
		abort();
}

bool may_connect(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET && below_listener < 0 && getenv("BELOW_LISTEN"))
		listen_on(address);
	return true;
}
