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
 * The kernel leaves out the last port of a range that has an odd number of them, unless it is the
 * only one.
 */
static unsigned int count_choices(const struct ephemeral_ports *ports)
{
	unsigned int size = ports->high - ports->low + 1;

	return size > 1 ? size & ~1U : size;
}

static bool has_choice(const struct ephemeral_ports *ports, unsigned int offset)
{
	for (; offset < count_choices(ports); offset += 2)
		if (!ports->reserved[ports->low + offset])
			return true;
	return false;
}

/*
 * The kernel starts at a random port of this parity and takes the next one that is not reserved;
 * after the highest comes the lowest. So a port is also found from the reserved ones before it.
 */
static double tries_for(const struct ephemeral_ports *ports, unsigned int offset)
{
	unsigned int count = (count_choices(ports) + 1) / 2;
	unsigned int slot = offset / 2;
	unsigned int starts = 1;

	while (starts < count &&
	       ports->reserved[ports->low + offset % 2 + (slot + count - starts) % count * 2])
		starts++;
	return (double)count / starts;
}

bool is_ephemeral(const struct ephemeral_ports *ports, unsigned int port)
{
	return port >= ports->low && port <= ports->high && !ports->reserved[port];
}

struct chance chance_of(const struct ephemeral_ports *ports, unsigned int port)
{
	unsigned int offset = port - ports->low;
	bool is_odd = offset % 2 == 1;
	struct chance chance = {0};
	double tries;

	if (!is_ephemeral(ports, port) || offset >= count_choices(ports))
		return chance;
	tries = tries_for(ports, offset);
	if (!is_odd || !has_choice(ports, false))
		chance.connect = tries;
	if (is_odd || !has_choice(ports, true))
		chance.bound = tries;
	return chance;
}
