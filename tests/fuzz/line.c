/*
 * report() with any values, up to the system call that writes the line, compared with printf() and
 * inet_ntop().
 */
#include "library.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct settings settings = {.value = {[LOG] = LOG_TO_STDERR}};

enum { PRIORITY = sizeof "<12>" - 1, NEWLINE = 1 };

static char written[sizeof((struct line *)0)->text];
static size_t written_size;

/* In place of the kernel, in which stderr is a regular file. */
long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	void *argument[6] = {(void *)a, (void *)b, (void *)c, (void *)d, (void *)e, (void *)f};

	switch (number) {
	case SYS_getpid:
		return getpid();
	case SYS_statx:
		*(struct statx *)argument[4] =
			(struct statx){.stx_mask = STATX_INO, .stx_mode = S_IFREG};
		return 0;
	case SYS_ppoll:
		((struct pollfd *)argument[0])->revents = POLLOUT;
		return 1;
	case SYS_write:
		written_size = (size_t)argument[2];
		if (written_size > sizeof written - PRIORITY)
			abort();
		memcpy(written, argument[1], written_size);
		return (long)written_size;
	default:
		return -1;
	}
}

const char *libc_program_name(void)
{
	return program_invocation_short_name;
}

struct input {
	char program[100];
	char text[300];
	union endpoint destination;
	uint32_t self_connects;
	int32_t outcome;
	uint8_t undone;
};

static bool was_written(const char *expected)
{
	size_t most = sizeof written - PRIORITY - NEWLINE;
	size_t size = strlen(expected) < most ? strlen(expected) : most;

	return written_size == size + NEWLINE && memcmp(written, expected, size) == 0 &&
	       written[size] == '\n';
}

static void write_endpoint(char *text, size_t size, const union endpoint *endpoint)
{
	const struct in6_addr *v6 = &endpoint->v6.sin6_addr;
	char address[INET6_ADDRSTRLEN];
	char scope[16] = "";

	if (endpoint->family == AF_INET) {
		inet_ntop(AF_INET, &endpoint->v4.sin_addr, address, sizeof address);
		snprintf(text, size, "%s:%u", address, ntohs(endpoint->v4.sin_port));
		return;
	}
	inet_ntop(AF_INET6, v6, address, sizeof address);
	/* inet_ntop() writes ::1.2.3.4, a form that RFC 5952, 5, no longer recommends. */
	if (IN6_IS_ADDR_V4COMPAT(v6) && strchr(address, '.'))
		snprintf(address, sizeof address, "::%x:%x", ntohs(v6->s6_addr16[6]),
			 ntohs(v6->s6_addr16[7]));
	if (endpoint->v6.sin6_scope_id)
		snprintf(scope, sizeof scope, "%%%u", endpoint->v6.sin6_scope_id);
	snprintf(text, size, "[%s%s]:%u", address, scope, ntohs(endpoint->v6.sin6_port));
}

static void replace_control_bytes(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void check_report(struct input *input)
{
	char endpoint[100];
	char expected[512];
	const char *name = input->outcome ? strerrorname_np(input->outcome) : "success";

	struct msghdr message = {.msg_name = &input->destination,
				 .msg_namelen = sizeof input->destination};
	struct call call = {.message = &message,
			    .self_connects = input->self_connects,
			    .stuck = !(input->undone & 1)};

	replace_control_bytes(input->program);
	write_endpoint(endpoint, sizeof endpoint, &input->destination);
	report(&call, input->outcome);
	int size = snprintf(
		expected, sizeof expected,
		"%.63s[%d]: libnoselfconn: destination=%s self-connects=%u undone=%s result=",
		*input->program ? input->program : "?", getpid(), endpoint, input->self_connects,
		input->undone & 1 ? "yes" : "no");

	/* Only some errors have a name in the log. */
	snprintf(&expected[size], sizeof expected - (size_t)size, "errno %u",
		 (unsigned int)input->outcome);
	if (input->outcome && was_written(expected))
		return;
	snprintf(&expected[size], sizeof expected - (size_t)size, "%s", name ? name : "");
	if (!was_written(expected))
		abort();
}

/* A text that may not fit. */
static void check_long_line(struct input *input)
{
	char expected[512];
	struct line line;

	begin_line(&line);
	append_safe(&line, input->text, sizeof input->text);
	write_line(&line, LOG_TO_STDERR);
	replace_control_bytes(input->text);
	snprintf(expected, sizeof expected, "%.63s[%d]: libnoselfconn: %s",
		 *input->program ? input->program : "?", getpid(), input->text);
	if (!was_written(expected))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {0};

	memcpy(&input, data, size < sizeof input ? size : sizeof input);
	input.program[sizeof input.program - 1] = '\0';
	input.text[sizeof input.text - 1] = '\0';
	if (input.destination.family != AF_INET)
		input.destination.family = AF_INET6;
	program_invocation_short_name = *input.program ? input.program : "?";
	prepare_log(LOG_TO_STDERR);
	check_report(&input);
	check_long_line(&input);
	program_invocation_short_name = "";
	return 0;
}
