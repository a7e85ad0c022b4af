/* A line of text, composed without stdio. */
#include "library.h"

static void append_character(struct line *line, char character)
{
	if (line->length < sizeof line->text)
		line->text[line->length++] = character;
}

void append_text(struct line *line, const char *text)
{
	while (*text)
		append_character(line, *text++);
}

void append_safe(struct line *line, const char *text, size_t most)
{
	for (; *text && most > 0; text++, most--)
		append_character(line, *text < ' ' || *text > '~' ? '?' : *text);
}

static void append_in_base(struct line *line, unsigned int number, unsigned int base)
{
	char digits[sizeof "4294967295"] = "";
	char *first = &digits[sizeof digits - 1];

	do
		*--first = "0123456789abcdef"[number % base];
	while (number /= base);
	append_text(line, first);
}

void append_number(struct line *line, unsigned int number)
{
	append_in_base(line, number, 10);
}

static void append_v4(struct line *line, const uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		append_text(line, i > 0 ? "." : "");
		append_number(line, bytes[i]);
	}
}

/* The i-th number of two bytes, which the network sends high byte first. */
static unsigned int group_of(const void *address, int i)
{
	const uint8_t *bytes = (const uint8_t *)address + 2 * i;

	return (unsigned int)bytes[0] << 8 | bytes[1];
}

/* RFC 5952: "::" for the first of the longest rows of two or more groups of zeros. */
static void append_v6(struct line *line, const struct in6_addr *address)
{
	int zeros = 1;
	int end = -1; /* the last group of that row */

	for (int i = 0, row = 0; i < 8; i++) {
		row = group_of(address, i) == 0 ? row + 1 : 0;
		if (row > zeros) {
			zeros = row;
			end = i;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == end + 1 - zeros && end >= 0) {
			append_text(line, "::");
			i = end;
			continue;
		}
		append_text(line, i > 0 && i != end + 1 ? ":" : "");
		append_in_base(line, group_of(address, i), 16);
	}
}

void append_endpoint(struct line *line, const union endpoint *endpoint)
{
	const struct in6_addr *v6 = &endpoint->v6.sin6_addr;

	if (endpoint->family == AF_INET) {
		append_v4(line, (const uint8_t *)&endpoint->v4.sin_addr);
	} else {
		append_text(line, IN6_IS_ADDR_V4MAPPED(v6) ? "[::ffff:" : "[");
		if (IN6_IS_ADDR_V4MAPPED(v6))
			append_v4(line, &v6->s6_addr[12]);
		else
			append_v6(line, v6);
		if (endpoint->v6.sin6_scope_id) {
			append_text(line, "%");
			append_number(line, endpoint->v6.sin6_scope_id);
		}
		append_text(line, "]");
	}
	append_text(line, ":");
	append_number(line, group_of(&endpoint->v4.sin_port, 0));
}
