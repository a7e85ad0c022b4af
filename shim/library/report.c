/* Composes the log line about one call. */
#include "library.h"

#include <errno.h>

/* The usual outcomes of a connection. The log shows any other as a number. */
static const struct {
	int number;
	char name[16];
} outcomes[] = {{0, "success"},
		{EADDRINUSE, "EADDRINUSE"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{ECONNREFUSED, "ECONNREFUSED"},
		{ECONNRESET, "ECONNRESET"},
		{EINPROGRESS, "EINPROGRESS"},
		{EINTR, "EINTR"},
		{EPERM, "EPERM"},
		{ETIMEDOUT, "ETIMEDOUT"}};

static void append_outcome(struct line *line, int outcome)
{
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (outcomes[i].number == outcome) {
			append_text(line, outcomes[i].name);
			return;
		}
	append_text(line, "errno ");
	append_number(line, (unsigned int)outcome);
}

void report(const struct call *call, int outcome)
{
	union endpoint destination;
	struct line line;

	if (settings.value[LOG] == LOG_TO_NONE ||
	    !read_endpoint(&destination, call->message->msg_name, call->message->msg_namelen))
		return;
	begin_line(&line);
	append_text(&line, "destination=");
	append_endpoint(&line, &destination);
	append_text(&line, " self-connects=");
	append_number(&line, call->self_connects);
	append_text(&line, call->stuck ? " undone=no result=" : " undone=yes result=");
	append_outcome(&line, outcome);
	write_line(&line, settings.value[LOG]);
}
