/* A server behind NAT: a connection to it may look like a self-connect. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <unistd.h>

enum { LIVE_PORT = PORT + 100, TRIES = 64 };

static void redirected(void)
{
	run("nft 'table ip nat { chain output { type nat hook output priority -100; "
	    "tcp dport %d redirect to :%d; }; }'",
	    PORT, LIVE_PORT);
}

static void some_ports_redirected(void)
{
	some_ports();
	redirected();
}

static void one_port_redirected(void)
{
	one_port();
	redirected();
}

/* The server's queue has room for the connections that the library undoes. */
static int patient_server(void)
{
	int fd = listen_on("127.0.0.1", LIVE_PORT);

	ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

/* Sends a byte there and back. The server may first see connections that were undone. */
static void must_echo(int server, int fd, char byte)
{
	char received = (char)~byte;

	ck_assert_int_eq(send(fd, &byte, 1, 0), 1);
	while (received != byte) {
		int accepted = accept(server, NULL, NULL);
		if (recv(accepted, &received, 1, 0) == 1)
			ck_assert_int_eq(send(accepted, &byte, 1, 0), 1);
		close(accepted);
	}
	ck_assert_int_eq(recv(fd, &received, 1, 0), 1);
	ck_assert_int_eq(received, byte);
}

START_TEST(server_is_reached)
{
	int server = patient_server();
	int alike = 0;

	for (int try = 0; try < TRIES; try++) {
		int fd = tcp_socket(AF_INET, 0);

		ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
		alike += is_self_connected(fd);
		must_echo(server, fd, (char)try);
		close_with_reset(fd);
	}
	if (control)
		ck_assert_int_gt(alike, 0);
	else
		ck_assert_int_eq(alike, 0);
}
END_TEST

/* With a range of one port every retry looks like a self-connect, so the library refuses. */
START_TEST(look_alike_is_refused)
{
	patient_server();
	int fd = tcp_socket(AF_INET, 0);

	must_be_refused(fd, connect_to(fd, "127.0.0.1", PORT));
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *some = add_case(suite, "some ports", some_ports_redirected);
	tcase_add_test(some, server_is_reached);

	TCase *one = add_case(suite, "one port", one_port_redirected);
	tcase_add_test(one, look_alike_is_refused);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
