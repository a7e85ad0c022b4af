/*
 * read_tcp_line() reads back every line that the kernel can print. The socket is connected to
 * itself when both address fields are the same text. Other text is refused, or read correctly.
 */
#include "launcher.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	uint32_t is_v6;
	uint32_t address[2][4];
	uint16_t port[2];
	uint8_t state;
	uint32_t timer;
	uint32_t user;
	uint64_t inode;
};

static bool has_address(const union endpoint *endpoint, const uint32_t *words, uint16_t port)
{
	return endpoint->v4.sin_port == htons(port) &&
	       (endpoint->family == AF_INET ? memcmp(&endpoint->v4.sin_addr, words, 4) == 0
					    : memcmp(&endpoint->v6.sin6_addr, words, 16) == 0);
}

static void write_address(char *text, bool is_v6, const uint32_t *words, uint16_t port)
{
	for (int i = 0; i < (is_v6 ? 4 : 1); i++)
		text += sprintf(text, "%08X", words[i]);
	sprintf(text, ":%04X", port);
}

/* As get_tcp4_sock() and get_tcp6_sock() print it. */
static void check_line(const struct input *input)
{
	bool is_v6 = input->is_v6 & 1;
	char address[2][64];
	char line[512];
	struct tcp_socket socket;

	for (int i = 0; i < 2; i++)
		write_address(address[i], is_v6, input->address[i], input->port[i]);
	sprintf(line,
		"%4d: %s %s %02X %08X:%08X %02X:%08lX %08X %5u %8d %llu %d %016x %lu %lu %u %u "
		"%d\n",
		1, address[0], address[1], input->state, 1U, 2U, 3, (unsigned long)input->timer, 0U,
		input->user, 0, (unsigned long long)input->inode, 1, 0U, 20UL, 4UL, 30U, 10U, -1);
	if (!read_tcp_line(&socket, line) || socket.local.family != (is_v6 ? AF_INET6 : AF_INET) ||
	    !has_address(&socket.local, input->address[0], input->port[0]) ||
	    !has_address(&socket.peer, input->address[1], input->port[1]) ||
	    socket.state != input->state || socket.timer != input->timer ||
	    socket.user != input->user || socket.inode != input->inode ||
	    is_own_peer(&socket) != (strcmp(address[0], address[1]) == 0 &&
				     input->state != TCP_LISTEN && input->port[0] != 0))
		abort();
}

static void check_text(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct tcp_socket socket;

	if (read_tcp_line(&socket, text) &&
	    (socket.local.family != socket.peer.family ||
	     (socket.local.family != AF_INET && socket.local.family != AF_INET6)))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {0};

	memcpy(&input, data, size < sizeof input ? size : sizeof input);
	check_line(&input);
	memcpy(input.address[1], input.address[0], sizeof input.address[0]);
	input.port[1] = input.port[0];
	check_line(&input);
	check_text(data, size);
	return 0;
}
