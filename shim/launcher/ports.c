/* Computes which source ports the kernel chooses. */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool read_port(const char *text, uint16_t *port)
{
	unsigned long number = strtoul(text, NULL, 10);

	*port = (uint16_t)number;
	return strspn(text, "0123456789") == strlen(text) && number > 0 && number <= UINT16_MAX;
}

/* Takes a number off the front of the text. */
static bool take_port(const char **text, unsigned int *port)
{
	char *end;
	unsigned long number = strtoul(*text, &end, 10);

	if (**text < '0' || **text > '9' || number > UINT16_MAX)
		return false;
	*port = (unsigned int)number;
	*text = end;
	return true;
}

bool read_port_list(bool ports[PORTS], const char *text)
{
	unsigned int first;
	unsigned int last;

	while (*text && *text != '\n') {
		if (!take_port(&text, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !take_port(&text, &last)))
			return false;
		while (first <= last)
			ports[first++] = true;
		if (*text == ',')
			text++;
		else if (*text && *text != '\n')
			return false;
	}
	return true;
}

void print_port_list(const bool ports[PORTS], FILE *file)
{
	const char *separator = "";

	for (unsigned int first = 0; first < PORTS; first++) {
		unsigned int last = first;
		if (!ports[first])
			continue;
		while (last + 1 < PORTS && ports[last + 1])
			last++;
		fprintf(file, last > first ? "%s%u-%u" : "%s%u", separator, first, last);
		separator = ",";
		first = last;
	}
}

/*
 * How many ports the kernel considers first: every second port from this offset on. If the range
 * has an odd number of ports, the last one is left out, unless it is the only one.
 */
static unsigned int count_first(const struct ephemeral_ports *ports, unsigned int offset)
{
	unsigned int size = ports->high - ports->low + 1;
	unsigned int count = 0;

	for (; offset < (size > 1 ? size & ~1U : size); offset += 2)
		count += !ports->reserved[ports->low + offset];
	return count;
}

bool is_ephemeral(const struct ephemeral_ports *ports, unsigned int port)
{
	return port >= ports->low && port <= ports->high && !ports->reserved[port];
}

struct chance chance_of(const struct ephemeral_ports *ports, unsigned int port)
{
	unsigned int even = count_first(ports, 0);
	unsigned int odd = count_first(ports, 1);
	unsigned int offset = port - ports->low;

	if (!is_ephemeral(ports, port) || (port == ports->high && offset > 0 && offset % 2 == 0))
		return (struct chance){0};
	if (offset % 2 == 0)
		return (struct chance){.connect = even, .bound = odd == 0 ? even : 0};
	return (struct chance){.connect = even == 0 ? odd : 0, .bound = odd};
}
