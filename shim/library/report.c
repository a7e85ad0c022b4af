/* What the library did in one call, told in one line. */
#include "library.h"

#include <errno.h>

/* What programs hear of connections; the rest is told by number. */
static void append_outcome(struct line *line, int outcome)
{
	static const struct {
		int number;
		char name[16];
	} names[] = {
		{0, "success"},
		{EADDRINUSE, "EADDRINUSE"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{ECONNREFUSED, "ECONNREFUSED"},
		{ECONNRESET, "ECONNRESET"},
		{EINPROGRESS, "EINPROGRESS"},
		{EINTR, "EINTR"},
		{EPERM, "EPERM"},
		{ETIMEDOUT, "ETIMEDOUT"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == outcome) {
			append_text(line, names[i].name);
			return;
		}
	append_text(line, "errno ");
	append_number(line, (unsigned int)outcome);
}

void report(const union endpoint *destination, unsigned int self_connects, bool undone, int outcome)
{
	struct line line;

	if (settings.value[LOG] == LOG_TO_NONE)
		return;
	begin_line(&line);
	append_text(&line, "destination=");
	append_endpoint(&line, destination);
	append_text(&line, " self-connects=");
	append_number(&line, self_connects);
	append_text(&line, undone ? " undone=yes result=" : " undone=no result=");
	append_outcome(&line, outcome);
	write_line(&line, settings.value[LOG]);
}
