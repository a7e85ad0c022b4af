/* The next definitions where dlsym() finds nothing, or finds the library's own function. */
#include "library.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static void *found;

/* Replaces libc's dlsym(). */
void *dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return found;
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
	struct iovec data = {.iov_base = "msg", .iov_len = 3};
	struct mmsghdr messages = {.msg_hdr = {.msg_iov = &data, .msg_iovlen = 1}};
	int server = socket(AF_UNIX, SOCK_DGRAM, 0);
	int client = socket(AF_UNIX, SOCK_DGRAM, 0);

	/* A name that no other process has. */
	snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "next%d", (int)getpid());
	ck_assert_int_eq(bind(server, (struct sockaddr *)&name, sizeof name), 0);
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
}
END_TEST

/* The library's own function would call itself for ever. */
START_TEST(itself_found)
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
	tcase_add_test(next, nothing_found);
	tcase_add_test(next, itself_found);
	return run_suite(suite);
}
