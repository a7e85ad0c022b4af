/*
 * same_endpoint() against the same decision taken on text:
 *
 *   The ports are equal, and so are the addresses, written as IPv6 (::ffff:1.2.3.4 for IPv4),
 *   after the destination ::ffff:0.0.0.0 has become the local address, and the destination :: has
 *   become ::ffff:127.0.0.1 if the local address is ::ffff:something, and otherwise ::1.
 */
#include "library.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char address[sizeof "::ffff:" + INET6_ADDRSTRLEN];
	int port;
};

static bool write_as_v6(struct text *text, const union endpoint *endpoint)
{
	strcpy(text->address, "::ffff:");
	text->port = ntohs(endpoint->v4.sin_port);
	if (endpoint->family == AF_INET)
		return inet_ntop(AF_INET, &endpoint->v4.sin_addr, text->address + strlen("::ffff:"),
				 INET_ADDRSTRLEN);
	return endpoint->family == AF_INET6 &&
	       inet_ntop(AF_INET6, &endpoint->v6.sin6_addr, text->address, INET6_ADDRSTRLEN);
}

static bool same_text(const union endpoint *local, const union endpoint *destination)
{
	struct text from;
	struct text to;

	if (!write_as_v6(&from, local) || !write_as_v6(&to, destination))
		return false;
	if (strcmp(to.address, "::ffff:0.0.0.0") == 0)
		strcpy(to.address, from.address);
	else if (strcmp(to.address, "::") == 0)
		strcpy(to.address,
		       strncmp(from.address, "::ffff:", 7) == 0 && strchr(from.address, '.')
			       ? "::ffff:127.0.0.1"
			       : "::1");
	return from.port == to.port && strcmp(from.address, to.address) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union endpoint pair[2];

	if (size != sizeof pair)
		return -1;
	memcpy(pair, data, size);
	if (same_endpoint(&pair[0], &pair[1]) != same_text(&pair[0], &pair[1]))
		abort();
	return 0;
}
