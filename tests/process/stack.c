/*
 * How much of the stack a call takes, because a signal handler may run on a small stack. The test
 * prints the bytes that a blocking connect() to itself takes. The control prints libc's part.
 */
#include "scenario.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK = 1 << 18, PAINT = 0xa5 };

/* The limit that the manual promises. */
enum { MOST_WITHOUT_LOG = 1024, MOST_WITH_LOG = 2048 };

static unsigned char *stack;
static struct sockaddr_in destination;

struct attempt {
	int fd;
	int error;
	size_t depth; /* in bytes, below the caller */
};

static void *attempt(void *argument)
{
	struct attempt *made = argument;
	const unsigned char *here = __builtin_frame_address(0);
	const unsigned char *lowest = stack;

	made->error = connect(made->fd, (struct sockaddr *)&destination, sizeof destination) == 0
			      ? 0
			      : errno;
	while (*lowest == PAINT)
		lowest++;
	made->depth = (size_t)(here - lowest);
	return NULL;
}

START_TEST(stack_of_a_self_connect)
{
	struct attempt made = {.fd = tcp_socket(AF_INET, 0)};
	const char *log = getenv("NOSELFCONN_LOG");
	pthread_attr_t attributes;
	pthread_t thread;

	destination = address_of("127.0.0.1", PORT).v4;
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
		     -1, 0);
	ck_assert_ptr_ne(stack, MAP_FAILED);
	memset(stack, PAINT, STACK);
	ck_assert_int_eq(pthread_attr_init(&attributes), 0);
	ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, STACK), 0);
	ck_assert_int_eq(pthread_create(&thread, &attributes, attempt, &made), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	must_be_refused(made.fd, made.error);
	printf("%s, log %s: %zu bytes of stack\n", control ? "without the library" : "self-connect",
	       log ? log : "none", made.depth);
	ck_assert_uint_le(made.depth, log ? MOST_WITH_LOG : MOST_WITHOUT_LOG);
}
END_TEST

static void add_tests(Suite *suite)
{
	tcase_add_test(add_case(suite, "one port", one_port), stack_of_a_self_connect);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
