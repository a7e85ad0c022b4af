/*
 * The next definitions if dlsym() finds nothing, if it finds the library's own function, and if a
 * call comes before the constructor has looked them up.
 */
#include "library.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

typedef void function(void);

static const struct {
	const char *name;
	function *definition;
} definitions[] = {
	{"connect", (function *)connect},	  {"sendto", (function *)sendto},
	{"sendmsg", (function *)sendmsg},	  {"sendmmsg", (function *)sendmmsg},
	{"syscall", (function *)syscall},	  {"secure_getenv", (function *)secure_getenv},
	{"getsockname", (function *)getsockname},
};

static bool finds_libc;
static void *found;

/* Replaces libc's dlsym(). */
void *dlsym(void *handle, const char *name)
{
	void *definition = found;

	(void)handle;
	for (size_t i = 0; finds_libc && i < sizeof definitions / sizeof *definitions; i++)
		if (strcmp(definitions[i].name, name) == 0)
			memcpy(&definition, &definitions[i].definition, sizeof definition);
	return definition;
}

static void must_arrive(int fd, const char *text)
{
	char received[16] = "";

	ck_assert_int_eq(recv(fd, received, sizeof received - 1, MSG_DONTWAIT),
			 (ssize_t)strlen(text));
	ck_assert_str_eq(received, text);
}

static void must_work_without_dlsym(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0next"};
	struct sockaddr_un bound;
	struct iovec data = {.iov_base = "msg", .iov_len = 3};
	struct mmsghdr messages = {.msg_hdr = {.msg_iov = &data, .msg_iovlen = 1}};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0);
	int client = socket(AF_UNIX, SOCK_DGRAM, 0);

	/* A name that no other process has. */
	snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "next%d", (int)getpid());
	ck_assert_int_eq(bind(server, (struct sockaddr *)&name, sizeof name), 0);
	socklen_t length = sizeof bound;
	ck_assert_int_eq(libc_getsockname(server, (struct sockaddr *)&bound, &length), 0);
	ck_assert_mem_eq(&bound, &name, sizeof name);
	ck_assert_int_eq(libc_sendto(client, "to", 2, 0, (struct sockaddr *)&name, sizeof name), 2);
	must_arrive(server, "to");
	ck_assert_int_eq(libc_connect(client, (struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq(libc_sendmsg(client, &messages.msg_hdr, 0), 3);
	must_arrive(server, "msg");
	ck_assert_int_eq(libc_sendmmsg(client, &messages, 1, 0), 1);
	ck_assert_uint_eq(messages.msg_len, 3);
	must_arrive(server, "msg");
}

START_TEST(nothing_found)
{
	find_next_definitions();
	must_work_without_dlsym();
	ck_assert_ptr_null(libc_program_name());
}
END_TEST

static ssize_t sends_to(int fd, struct sockaddr_un *name)
{
	return libc_sendto(fd, "x", 1, 0, (struct sockaddr *)name, sizeof *name);
}

static struct iovec part = {.iov_base = "x", .iov_len = 1};

static ssize_t sends_message(int fd, struct sockaddr_un *name)
{
	struct msghdr message = {
		.msg_name = name, .msg_namelen = sizeof *name, .msg_iov = &part, .msg_iovlen = 1};

	return libc_sendmsg(fd, &message, 0);
}

static ssize_t sends_messages(int fd, struct sockaddr_un *name)
{
	struct mmsghdr message = {.msg_hdr = {.msg_name = name,
					      .msg_namelen = sizeof *name,
					      .msg_iov = &part,
					      .msg_iovlen = 1}};

	return libc_sendmmsg(fd, &message, 1, 0);
}

static ssize_t connects(int fd, struct sockaddr_un *name)
{
	return libc_connect(fd, (struct sockaddr *)name, sizeof *name) == 0 ? send(fd, "x", 1, 0)
									    : -1;
}

static ssize_t (*const first_calls[])(int fd, struct sockaddr_un *name) = {
	connects, sends_to, sends_message, sends_messages};

/* As in the constructor of another library that runs before ours. */
START_TEST(found_by_the_first_call)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "first%d", (int)getpid());
	ck_assert_int_eq(bind(server, (struct sockaddr *)&name, sizeof name), 0);
	finds_libc = true;
	ck_assert_int_eq(first_calls[_i](socket(AF_UNIX, SOCK_DGRAM, 0), &name), 1);
	must_arrive(server, "x");
}
END_TEST

/* The library's own function would call itself for ever. */
START_TEST(own_function_is_found)
{
	connect_function *itself = libc_connect;

	memcpy(&found, &itself, sizeof found);
	find_next_definitions();
	must_work_without_dlsym();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("next");
	TCase *next = tcase_create("next");

	suite_add_tcase(suite, next);
	tcase_add_loop_test(next, found_by_the_first_call, 0,
			    sizeof first_calls / sizeof *first_calls);
	tcase_add_test(next, nothing_found);
	tcase_add_test(next, own_function_is_found);
	return run_suite(suite);
}
