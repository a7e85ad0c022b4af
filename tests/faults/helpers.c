#include "faults.h"
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

struct fault fault;

int lowest_free_descriptor(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD, 0);

	close(fd);
	return fd;
}

struct attempt {
	int fd;
	union address destination;
	struct fault wanted;
	bool seen;
	int error;
};

/* Check's assertions are cancellation points, so there are none here. */
static void *attempt(void *argument)
{
	struct attempt *made = argument;

	fault = made->wanted;
	errno = EDOM;
	int result = connect(made->fd, &made->destination.any, sizeof made->destination.v4);
	made->error = result == 0 && errno == EDOM ? 0 : errno;
	made->seen = fault.seen;
	fault = (struct fault){0};
	pthread_testcancel();
	return NULL;
}

int connect_with_fault(int fd, struct fault wanted)
{
	struct attempt made = {
		.fd = fd, .destination = address_of("127.0.0.1", PORT), .wanted = wanted};

	attempt(&made);
	ck_assert_int_eq(made.seen, !control && wanted.calls != 0);
	return made.error;
}

static void cancel(void)
{
	pthread_cancel(pthread_self());
}

void must_outlast_cancellation(int calls)
{
	struct attempt made = {.fd = tcp_socket(AF_INET, 0),
			       .destination = address_of("127.0.0.1", PORT),
			       .wanted = {.calls = calls, .act = cancel},
			       .error = -1};
	int free_before = lowest_free_descriptor();
	pthread_t thread;
	void *result;

	ck_assert_int_eq(pthread_create(&thread, NULL, attempt, &made), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert(result == (control ? NULL : PTHREAD_CANCELED));
	must_be_refused(made.fd, made.error);
	ck_assert_int_eq(lowest_free_descriptor(), free_before);
	close_with_reset(made.fd);
}
