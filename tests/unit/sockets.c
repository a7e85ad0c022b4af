/* Lines of /proc/PID/net/tcp and tcp6, as the kernel of this machine prints them. */
#include "launcher.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

static void print_words(char *text, const char *address)
{
	uint32_t words[4] = {0};
	int count = strchr(address, ':') ? 4 : 1;

	ck_assert_int_eq(inet_pton(count == 4 ? AF_INET6 : AF_INET, address, words), 1);
	for (int i = 0; i < count; i++)
		text += sprintf(text, "%08X", words[i]);
}

static bool read(struct tcp_socket *socket, const char *local, const char *peer,
		 unsigned int peer_port, unsigned int state)
{
	char words[2][40];
	char line[256];

	print_words(words[0], local);
	print_words(words[1], peer);
	snprintf(line, sizeof line,
		 "  12: %s:AD9C %s:%04X %02X 00000000:00000001 03:0000176F 00000000  1000        0 "
		 "4711 1 00000000ad51f0c0 20 4 30 10 -1\n",
		 words[0], words[1], peer_port, state);
	return read_tcp_line(socket, line);
}

static const char *const addresses[][2] = {
	{"127.0.0.1", "127.0.0.1:44444"},
	{"1.2.3.4", "1.2.3.4:44444"},
	{"::1", "[::1]:44444"},
	{"fd00:1:2:3:4:5:6:7", "[fd00:1:2:3:4:5:6:7]:44444"},
	{"::ffff:127.0.0.1", "[::ffff:127.0.0.1]:44444"},
};

START_TEST(connected_to_itself)
{
	struct tcp_socket socket;
	char text[ENDPOINT_TEXT];

	ck_assert(read(&socket, addresses[_i][0], addresses[_i][0], 44444, TCP_TIME_WAIT));
	ck_assert(is_own_peer(&socket));
	ck_assert_str_eq(endpoint_text(&socket.local, text), addresses[_i][1]);
	ck_assert_str_eq(endpoint_text(&socket.peer, text), addresses[_i][1]);
	ck_assert_str_eq(state_name(socket.state), "TIME_WAIT");
	ck_assert_uint_eq(socket.timer, 0x176f);
	ck_assert_uint_eq(socket.user, 1000);
	ck_assert_uint_eq(socket.inode, 4711);
}
END_TEST

START_TEST(not_connected_to_itself)
{
	struct tcp_socket socket;
	const char *address = addresses[_i][0];
	const char *other = strchr(address, ':') ? "::2" : "127.0.0.2";

	ck_assert(read(&socket, address, address, 44445, TCP_ESTABLISHED));
	ck_assert(!is_own_peer(&socket));
	ck_assert(read(&socket, address, other, 44444, TCP_ESTABLISHED));
	ck_assert(!is_own_peer(&socket));
	ck_assert(read(&socket, address, address, 44444, TCP_LISTEN));
	ck_assert(!is_own_peer(&socket));
}
END_TEST

START_TEST(invalid_lines)
{
	static const char *const lines[] = {
		"",
		"\n",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		"   0: 0100007F:AD9C 0100007F:AD9C 01 00000000:00000000 00:00000000 00000000     0",
		"   0: 0100007:AD9C 0100007:AD9C 01 00000000:00000000 00:00000000 00000000 0 0 1",
		"0: 0100007F:AD9C 00000000000000000000000001000000:AD9C 01 0:0 00:0 0 0 0 1",
	};
	struct tcp_socket socket;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		ck_assert_msg(!read_tcp_line(&socket, lines[i]), "%s", lines[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sockets");
	TCase *lines = tcase_create("lines");
	int count = sizeof addresses / sizeof *addresses;

	tcase_add_loop_test(lines, connected_to_itself, 0, count);
	tcase_add_loop_test(lines, not_connected_to_itself, 0, count);
	tcase_add_test(lines, invalid_lines);
	suite_add_tcase(suite, lines);
	return run_suite(suite);
}
