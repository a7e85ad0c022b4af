/* A line of text, composed without stdio. */
#include "library.h"

#include <arpa/inet.h>

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
	char digits[sizeof "4294967295"];
	char *first = &digits[sizeof digits - 1];

	*first = '\0';
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

static unsigned int group_of(const struct in6_addr *address, int i)
{
	return (unsigned int)address->s6_addr[2 * i] << 8 | address->s6_addr[2 * i + 1];
}

/* How many groups of zeros stand in a row from the i-th on. */
static int zeros_at(const struct in6_addr *address, int i)
{
	int count = 0;

	while (i + count < 8 && group_of(address, i + count) == 0)
		count++;
	return count;
}

/* RFC 5952: "::" for the first of the longest rows of two or more groups of zeros. */
static void append_v6(struct line *line, const struct in6_addr *address)
{
	int start = -1;
	int zeros = 1;

	for (int i = 0; i < 8; i++)
		if (zeros_at(address, i) > zeros) {
			start = i;
			zeros = zeros_at(address, i);
		}
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			append_text(line, "::");
			i += zeros - 1;
			continue;
		}
		append_text(line, i > 0 && i != start + zeros ? ":" : "");
		append_in_base(line, group_of(address, i), 16);
	}
}

void append_endpoint(struct line *line, const union endpoint *endpoint)
{
	const struct in6_addr *v6 = &endpoint->v6.sin6_addr;

	if (endpoint->family == AF_INET) {
		append_v4(line, (const uint8_t *)&endpoint->v4.sin_addr);
	} else {
		append_text(line, "[");
		if (IN6_IS_ADDR_V4MAPPED(v6)) {
			append_text(line, "::ffff:");
			append_v4(line, &v6->s6_addr[12]);
		} else {
			append_v6(line, v6);
		}
		if (endpoint->v6.sin6_scope_id) {
			append_text(line, "%");
			append_number(line, endpoint->v6.sin6_scope_id);
		}
		append_text(line, "]");
	}
	append_text(line, ":");
	append_number(line, ntohs(endpoint->v4.sin_port));
}
