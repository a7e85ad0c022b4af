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

/* At how many ports the kernel can start: of an odd number it leaves out the last. */
static int count_choices(const struct ephemeral_ports *ports)
{
	int size = (int)(ports->high - ports->low + 1);

	return size > 1 ? size & ~1 : size;
}

enum { ANY = -1 };

/*
 * From how many starts of this parity the kernel comes to the wanted port, or to any: it takes the
 * next one that is not reserved, and looks at half of its choices. Ports count from the lowest.
 * After the highest comes the lowest, except in a range of an odd number of ports: there the port
 * after the last one is the third (__inet_hash_connect(), "port -= remaining").
 */
static int count_starts(const struct ephemeral_ports *ports, int parity, int wanted)
{
	const bool *reserved = ports->reserved + ports->low;
	int size = (int)(ports->high - ports->low + 1);
	int choices = count_choices(ports);
	int found = parity == 0 ? 2 * (size - choices) : parity;
	int starts = 0;

	while (found < size && reserved[found])
		found += 2;
	for (int at = size - 1 - (size - 1 + parity) % 2; at >= 0; at -= 2) {
		if (!reserved[at])
			found = at;
		if (at < choices && found < size && found - at < choices)
			starts += wanted == ANY || found == wanted;
	}
	return starts;
}

bool is_ephemeral(const struct ephemeral_ports *ports, unsigned int port)
{
	return port >= ports->low && port <= ports->high && !ports->reserved[port];
}

struct chance chance_of(const struct ephemeral_ports *ports, unsigned int port)
{
	int offset = (int)(port - ports->low);
	int parity = offset % 2;
	struct chance chance = {0};
	int starts = is_ephemeral(ports, port) ? count_starts(ports, parity, offset) : 0;

	if (starts == 0)
		return chance;
	double tries = (double)count_starts(ports, parity, ANY) / starts;
	if (parity == 0 || count_starts(ports, 0, ANY) == 0)
		chance.connect = tries;
	if (parity == 1 || count_starts(ports, 1, ANY) == 0)
		chance.bound = tries;
	return chance;
}
