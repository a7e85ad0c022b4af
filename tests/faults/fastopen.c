/*
 * A blocking call with MSG_FASTOPEN, while another thread shuts the socket down, and one that asks
 * for more than valgrind, under which scenario.fastopen runs, can look at.
 */
#include "faults.h"
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LIVE_PORT = PORT + 1, SIZE = 1 << 18 };

static int client;

/* Data goes with the SYN without a cookie, and is taken. */
static void fast_namespace(void)
{
	other_ports();
	run("echo 0x207 > /proc/sys/net/ipv4/tcp_fastopen");
}

/* In SYN_SENT it would undo the connection. */
static void shut_down(void)
{
	wait_for_connect(client);
	shutdown(client, SHUT_WR);
}

static ssize_t open_with_fault(struct fault wanted)
{
	static const char data[SIZE];
	union address address = address_of("127.0.0.1", LIVE_PORT);
	int server = listen_on("127.0.0.1", LIVE_PORT);
	int queue = 8;

	setsockopt(server, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof queue);
	client = tcp_socket(AF_INET, 0);
	fault = wanted;
	ssize_t sent = sendto(client, data, SIZE, MSG_FASTOPEN, &address.any, length_of(&address));
	ck_assert_int_eq(fault.seen, !control);
	fault = (struct fault){0};
	return sent;
}

/* What was sent before is the result, and SIGPIPE would end the test. */
START_TEST(shutdown_before_the_rest)
{
	ssize_t sent = open_with_fault((struct fault){.calls = SENDMSG, .act = shut_down});

	ck_assert_int_gt(sent, 0);
	ck_assert_int_eq(sent == SIZE, control);
}
END_TEST

/* sendto() cuts it, and without a cookie finds out only when the connection is there. */
START_TEST(size_beyond_all_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union address address = address_of("127.0.0.1", LIVE_PORT);

	run("echo 3 > /proc/sys/net/ipv4/tcp_fastopen");
	listen_on("127.0.0.1", LIVE_PORT);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(munmap(pages + page, page), 0);
	client = tcp_socket(AF_INET, 0);
	ck_assert_int_eq(
		sendto(client, pages, SIZE_MAX, MSG_FASTOPEN, &address.any, length_of(&address)),
		-1);
	ck_assert_int_eq(errno, EFAULT);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *tests = add_case(suite, "fast open", fast_namespace);

	tcase_add_test(tests, shutdown_before_the_rest);
	tcase_add_test(tests, size_beyond_all_memory);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
