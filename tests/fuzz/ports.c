/* A list of ports is refused, or printed with the same ports. The chances add up to one. */
#include "launcher.h"

#include <stdlib.h>
#include <string.h>

static void check_list(const bool ports[PORTS])
{
	static bool again[PORTS];
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	print_port_list(ports, file);
	fclose(file);
	memset(again, 0, sizeof again);
	if (!read_port_list(again, text) || memcmp(again, ports, sizeof again) != 0)
		abort();
	free(text);
}

/* If one try in n gets a port, there must be n such ports. */
static void check_chances(const struct ephemeral_ports *ports)
{
	double connect = 0;
	double bound = 0;

	for (unsigned int port = ports->low; port <= ports->high; port++) {
		struct chance chance = chance_of(ports, port);
		if (!is_ephemeral(ports, port) && (chance.connect > 0 || chance.bound > 0))
			abort();
		connect += chance.connect > 0 ? 1.0 / chance.connect : 0;
		bound += chance.bound > 0 ? 1.0 / chance.bound : 0;
	}
	if ((connect > 0 && (connect < 0.999 || connect > 1.001)) ||
	    (bound > 0 && (bound < 0.999 || bound > 1.001)))
		abort();
}

/* The input is the range, its low end and size in four bytes, and the list of reserved ports. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ephemeral_ports ports;
	uint16_t range[2];
	char *list;

	if (size < sizeof range)
		return -1;
	memcpy(range, data, sizeof range);
	list = strndup((const char *)data + sizeof range, size - sizeof range);
	memset(&ports, 0, sizeof ports);
	ports.low = range[0];
	ports.high = range[0] + range[1] % 256U;
	if (ports.high >= PORTS)
		ports.high = PORTS - 1;
	if (read_port_list(ports.reserved, list)) {
		check_list(ports.reserved);
		check_chances(&ports);
	}
	free(list);
	return 0;
}
