/* Connections that only look like a self-connect are the same with and without the library. */
#include "namespace.h"
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static void some_ports_on_two_interfaces(void)
{
	some_ports();
	add_interface();
}

static void must_carry_data(int client, int server)
{
	char byte = 0;

	ck_assert_int_eq(send(client, "x", 1, MSG_NOSIGNAL), 1);
	ck_assert_int_eq(recv(server, &byte, 1, 0), 1);
	ck_assert_int_eq(byte, 'x');
}

static void must_reach(const char *source, const char *destination, const char *server)
{
	int listener = listen_on(server, PORT);
	int fd = tcp_socket(address_of(source, 0).family, 0);

	bind_to(fd, source, PORT);
	ck_assert_int_eq(connect_to(fd, destination, PORT), 0);
	ck_assert_int_eq(local_port(fd), PORT);
	must_carry_data(fd, accept(listener, NULL, NULL));
}

START_TEST(another_loopback_address)
{
	must_reach("127.0.0.1", "127.0.0.2", "127.0.0.2");
}
END_TEST

START_TEST(wildcard_that_is_not_the_source)
{
	must_reach("fd00::7", "::", "::1");
}
END_TEST

START_TEST(mapped_wildcard_that_is_not_the_source)
{
	must_reach("::ffff:127.0.0.2", "::", "::ffff:127.0.0.1");
}
END_TEST

/* Nobody listens, the ports are equal, the addresses differ: a true refusal, no retry. */
START_TEST(refusal_by_another_loopback_address)
{
	int fd = tcp_socket(AF_INET, SOCK_NONBLOCK);

	set_port_range(PORT, PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.2", PORT), EINPROGRESS);
	ck_assert_int_eq(local_port(fd), PORT);
	ck_assert_int_eq(wait_for_connect(fd), ECONNREFUSED);
	must_have_connected(1);
}
END_TEST

/* connect() does not choose a port that a server has bound, so the server has another port. */
START_TEST(unbound_to_another_loopback_address)
{
	int listener = listen_on("127.0.0.2", PORT + 1);
	int fd = tcp_socket(AF_INET, 0);

	run("nft 'table ip nat { chain output { type nat hook output priority -100; "
	    "ip daddr 127.0.0.2 tcp dport %d dnat to 127.0.0.2:%d; }; }'",
	    PORT, PORT + 1);
	set_port_range(PORT, PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.2", PORT), 0);
	ck_assert_int_eq(local_port(fd), PORT);
	must_have_connected(1);
	must_carry_data(fd, accept(listener, NULL, NULL));
}
END_TEST

/*
 * Each SYN finds a socket in SYN_SENT (RFC 9293, 3.5). The very first SYN is dropped, because the
 * other socket is not in SYN_SENT yet.
 */
START_TEST(simultaneous_open)
{
	int one = tcp_socket(AF_INET, SOCK_NONBLOCK);
	int other = tcp_socket(AF_INET, SOCK_NONBLOCK);

	run("nft 'add table t; add chain t c { type filter hook input priority 0; };"
	    "add rule t c ip daddr 127.0.0.2 tcp flags & (syn | ack) == syn drop'");
	bind_to(one, "127.0.0.1", PORT);
	bind_to(other, "127.0.0.2", PORT);
	ck_assert_int_eq(connect_to(one, "127.0.0.2", PORT), EINPROGRESS);
	ck_assert_int_eq(connect_to(other, "127.0.0.1", PORT), EINPROGRESS);
	ck_assert_int_eq(wait_for_connect(one), 0);
	ck_assert_int_eq(wait_for_connect(other), 0);
	must_carry_data(one, other);
	must_carry_data(other, one);
}
END_TEST

START_TEST(udp_socket)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	bind_to(fd, "127.0.0.1", PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
	ck_assert(is_self_connected(fd));
	must_carry_data(fd, fd);
}
END_TEST

/* A raw socket's port is the number of its protocol (inet_create()): here both ports are 6. */
START_TEST(raw_socket)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);

	ck_assert_int_ge(fd, 0);
	bind_to(fd, "127.0.0.1", 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", IPPROTO_TCP), 0);
	ck_assert_int_eq(local_port(fd), IPPROTO_TCP);
	ck_assert(connect_to(fd, "127.0.0.1", IPPROTO_TCP) == 0 && send(fd, "x", 1, 0) == 1);
}
END_TEST

START_TEST(unix_datagram)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0self"};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	must_carry_data(fd, fd);
}
END_TEST

START_TEST(unix_stream)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0server"};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	must_carry_data(fd, accept(listener, NULL, NULL));
}
END_TEST

/* For AF_UNSPEC the kernel needs only the family of the address. */
START_TEST(connect_to_af_unspec)
{
	const sa_family_t unspecified = AF_UNSPEC;
	int listener = listen_on("127.0.0.1", PORT + 100);
	int fd = tcp_socket(AF_INET, 0);

	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT + 100), 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&unspecified, sizeof unspecified), 0);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT + 100), 0);
	close(accept(listener, NULL, NULL));
	must_carry_data(fd, accept(listener, NULL, NULL));
}
END_TEST

/* UDP ignores MSG_FASTOPEN. */
START_TEST(udp_with_msg_fastopen)
{
	struct iovec data = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &data, .msg_iovlen = 1}}};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	messages[1] = messages[0];
	bind_to(fd, "127.0.0.1", PORT);
	ck_assert_int_eq(connect_to(fd, "127.0.0.1", PORT), 0);
	ck_assert_int_eq(sendto(fd, "x", 1, MSG_FASTOPEN, NULL, 0), 1);
	ck_assert_int_eq(sendmsg(fd, &messages[0].msg_hdr, MSG_FASTOPEN), 1);
	ck_assert_int_eq(sendmmsg(fd, messages, 2, MSG_FASTOPEN), 2);
	ck_assert_int_eq(sendmmsg(fd, messages, 0, MSG_FASTOPEN), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}
END_TEST

static void add_tests(Suite *suite)
{
	TCase *untouched = add_case(suite, "untouched", some_ports_on_two_interfaces);

	tcase_add_test(untouched, another_loopback_address);
	tcase_add_test(untouched, wildcard_that_is_not_the_source);
	tcase_add_test(untouched, mapped_wildcard_that_is_not_the_source);
	tcase_add_test(untouched, refusal_by_another_loopback_address);
	tcase_add_test(untouched, unbound_to_another_loopback_address);
	tcase_add_test(untouched, simultaneous_open);
	tcase_add_test(untouched, connect_to_af_unspec);
	tcase_add_test(untouched, udp_socket);
	tcase_add_test(untouched, udp_with_msg_fastopen);
	tcase_add_test(untouched, unix_datagram);
	tcase_add_test(untouched, unix_stream);

	TCase *raw_sockets = add_case(suite, "raw", some_ports);
	tcase_add_test(raw_sockets, raw_socket);
}

int main(int argc, char **argv)
{
	return scenario_main(argc, argv, add_tests);
}
