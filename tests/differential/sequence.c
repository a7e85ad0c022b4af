/* The values that a sequence is made of, and how it is printed. */
#include "sequence.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

uint16_t number_of(const struct sequence *sequence, enum port port)
{
	static const uint16_t places[PORTS] = {
		[DEAD] = 0, [LIVE] = FEW, [FULL] = FEW + 1, [ANOTHER_DEAD] = FEW + 2};

	return port == ANY ? 0 : (uint16_t)(sequence->first_port + places[port]);
}

void range_of(const struct sequence *sequence, int *low, int *high)
{
	*low = sequence->range == ELSEWHERE ? 61001 : sequence->first_port;
	*high = sequence->range == ELSEWHERE	   ? 65000
		: sequence->range == DEAD_AND_MORE ? *low + FEW - 1
						   : *low;
}

/* The namespace has only loopback, so other addresses cannot be reached. */
const struct host hosts[] = {
	{AF_INET, "127.0.0.1"},
	{AF_INET, "127.0.0.2"},
	{AF_INET, "0.0.0.0"},
	{AF_INET6, "::1"},
	{AF_INET6, "::"},
	{AF_INET6, "::ffff:127.0.0.1"},
	{AF_INET6, "::ffff:0.0.0.0"},
	{AF_INET, "192.0.2.1"},
	{AF_INET, "224.0.0.1"},
	{AF_INET, "255.255.255.255"},
	{AF_INET6, "fe80::1"},
	{AF_INET6, "2001:db8::1"},
	{AF_UNIX, "live"},
	{AF_UNIX, "dead"},
	{AF_UNSPEC, ""},
	{AF_NETLINK, ""},
	{77, ""},
};
const size_t host_count = sizeof hosts / sizeof *hosts;

const int lengths[] = {EXACT, 0, 1, 2, 8, LESS_4, MORE_1, sizeof(struct sockaddr_storage), 129, -1};
const size_t length_count = sizeof lengths / sizeof *lengths;

const size_t sizes[] = {5, 0, 1, 1400, MORE_THAN_A_SYN};
const size_t size_count = sizeof sizes / sizeof *sizes;

const int send_flags[] = {
	0,
	MSG_FASTOPEN,
	MSG_FASTOPEN | MSG_DONTWAIT,
	MSG_FASTOPEN | MSG_NOSIGNAL,
	MSG_DONTWAIT,
	MSG_NOSIGNAL,
	MSG_OOB,
	MSG_FASTOPEN | MSG_OOB,
	MSG_MORE,
	MSG_FASTOPEN | MSG_MORE,
	MSG_EOR,
	MSG_CONFIRM,
};
const size_t send_flags_count = sizeof send_flags / sizeof *send_flags;

/* The headers may be older. */
enum { TCP_RTO_MAX_MS_ = 44, TCP_RTO_MIN_US_ = 45, TCP_DELACK_MAX_US_ = 46 };
#define OPTION(level, option, ...)                                                                 \
	{                                                                                          \
		level, option, #option, __VA_ARGS__                                                \
	}

const struct option options[] = {
	OPTION(SOL_SOCKET, SO_REUSEADDR, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_REUSEPORT, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_KEEPALIVE, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_LINGER, LINGER, 1),
	OPTION(SOL_SOCKET, SO_SNDTIMEO, TIME, 1),
	OPTION(SOL_SOCKET, SO_RCVTIMEO, TIME, 1),
	OPTION(SOL_SOCKET, SO_SNDBUF, NUMBER, 100000),
	OPTION(SOL_SOCKET, SO_RCVBUF, NUMBER, 100000),
	OPTION(SOL_SOCKET, SO_RCVLOWAT, NUMBER, 2),
	OPTION(SOL_SOCKET, SO_OOBINLINE, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_PEEK_OFF, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_PRIORITY, NUMBER, 3),
	OPTION(SOL_SOCKET, SO_MARK, NUMBER, 7),
	OPTION(SOL_SOCKET, SO_BROADCAST, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_DONTROUTE, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_ZEROCOPY, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_NO_CHECK, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_TIMESTAMP, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_BUSY_POLL, NUMBER, 0),
	OPTION(SOL_SOCKET, SO_PASSCRED, NUMBER, 1),
	OPTION(SOL_SOCKET, SO_BINDTODEVICE, TEXT, 'l'),
	OPTION(SOL_SOCKET, SO_TYPE, NUMBER, 0),
	OPTION(SOL_SOCKET, SO_PROTOCOL, NUMBER, 0),
	OPTION(SOL_SOCKET, SO_ACCEPTCONN, NUMBER, 0),
	OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, NUMBER, 1),
	OPTION(IPPROTO_IP, IP_TOS, NUMBER, 16),
	OPTION(IPPROTO_IP, IP_TTL, NUMBER, 9),
	OPTION(IPPROTO_IP, IP_MTU_DISCOVER, NUMBER, IP_PMTUDISC_DO),
	OPTION(IPPROTO_IP, IP_RECVERR, NUMBER, 1),
	OPTION(IPPROTO_IP, IP_FREEBIND, NUMBER, 1),
	OPTION(IPPROTO_IP, IP_TRANSPARENT, NUMBER, 1),
	OPTION(IPPROTO_IP, IP_MTU, NUMBER, 0),
	OPTION(IPPROTO_IPV6, IPV6_V6ONLY, NUMBER, 1),
	OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, NUMBER, 9),
	OPTION(IPPROTO_IPV6, IPV6_TCLASS, NUMBER, 16),
	OPTION(IPPROTO_IPV6, IPV6_RECVERR, NUMBER, 1),
	OPTION(IPPROTO_IPV6, IPV6_MTU, NUMBER, 0),
	OPTION(IPPROTO_TCP, TCP_NODELAY, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_MAXSEG, NUMBER, 30000),
	OPTION(IPPROTO_TCP, TCP_CORK, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_KEEPIDLE, NUMBER, 11),
	OPTION(IPPROTO_TCP, TCP_KEEPINTVL, NUMBER, 12),
	OPTION(IPPROTO_TCP, TCP_KEEPCNT, NUMBER, 13),
	OPTION(IPPROTO_TCP, TCP_SYNCNT, NUMBER, 2),
	OPTION(IPPROTO_TCP, TCP_LINGER2, NUMBER, 5),
	OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP, NUMBER, 9000),
	OPTION(IPPROTO_TCP, TCP_QUICKACK, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_CONGESTION, TEXT, 'r'),
	OPTION(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, NUMBER, 9999),
	OPTION(IPPROTO_TCP, TCP_FASTOPEN, NUMBER, 5),
	OPTION(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT, NUMBER, 4000),
	OPTION(IPPROTO_TCP, TCP_SAVE_SYN, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_INQ, NUMBER, 1),
	OPTION(IPPROTO_TCP, TCP_TX_DELAY, NUMBER, 0),
	OPTION(IPPROTO_TCP, TCP_REPAIR, NUMBER, 0),
	{IPPROTO_TCP, TCP_RTO_MAX_MS_, "TCP_RTO_MAX_MS", NUMBER, 5000},
	{IPPROTO_TCP, TCP_RTO_MIN_US_, "TCP_RTO_MIN_US", NUMBER, 9000},
	{IPPROTO_TCP, TCP_DELACK_MAX_US_, "TCP_DELACK_MAX_US", NUMBER, 9000},
};
const size_t option_count = sizeof options / sizeof *options;
_Static_assert(sizeof options / sizeof *options <= OPTIONS, "record.changed has a bit for each");

bool is_reset_by_retry(size_t option)
{
	static const struct {
		int level;
		int number;
	} reset[] = {
		{SOL_SOCKET, SO_SNDBUF},
		{SOL_SOCKET, SO_PEEK_OFF},
		{IPPROTO_IP, IP_MTU}, /* these two come from the route, if there is one */
		{IPPROTO_IPV6, IPV6_MTU},
		{IPPROTO_TCP, TCP_WINDOW_CLAMP},
		{IPPROTO_TCP, TCP_QUICKACK},
		{IPPROTO_TCP, TCP_MAXSEG},
		{IPPROTO_TCP, TCP_DELACK_MAX_US_},
		{IPPROTO_TCP, TCP_RTO_MIN_US_},
	};

	for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
		if (options[option].level == reset[i].level &&
		    options[option].number == reset[i].number)
			return true;
	return false;
}

bool is_connecting(const struct call *call)
{
	return call->operation == CONNECT || call->operation == SENDTO ||
	       call->operation == SENDMSG || call->operation == SENDMMSG;
}

bool is_fast_open(const struct call *call)
{
	return call->operation != CONNECT && is_connecting(call) &&
	       send_flags[call->other] & MSG_FASTOPEN;
}

static void print_descriptor(FILE *file, uint8_t slot)
{
	static const char *const special[] = {"/dev/null", "-1", "never opened"};

	if (slot >= SLOTS)
		fprintf(file, "%s", special[slot - SLOTS]);
	else
		fprintf(file, "s%d", slot);
}

static void print_pointer(FILE *file, const char *what, uint8_t pointer)
{
	static const char *const names[POINTERS] = {"",	       "misaligned", "at the end of a page",
						    "cut off", "NULL",	     "unmapped"};

	if (pointer != ORDINARY)
		fprintf(file, ", %s %s", what, names[pointer]);
}

static void print_address(FILE *file, const struct call *call)
{
	static const char *const ports[PORTS] = {"dead", "live", "full", "another dead", "0"};
	const struct host *host = &hosts[call->host];
	int length = lengths[call->length];

	if (host->family == AF_INET)
		fprintf(file, ", %s:%s", host->text, ports[call->port]);
	else if (host->family == AF_INET6)
		fprintf(file, ", [%s]:%s", host->text, ports[call->port]);
	else if (host->family == AF_UNIX)
		fprintf(file, ", AF_UNIX \"%s\"", host->text);
	else
		fprintf(file, ", address of family %d", host->family);
	print_pointer(file, "address", call->pointer);
	if (length == LESS_4 || length == MORE_1)
		fprintf(file, ", length %s", length == LESS_4 ? "4 less" : "1 more");
	else if (length != EXACT)
		fprintf(file, ", length %d", length);
}

static void print_socket(FILE *file, const struct call *call)
{
	static const char *const families[] = {
		[AF_UNIX] = "AF_UNIX",	     [AF_INET] = "AF_INET",	[AF_INET6] = "AF_INET6",
		[AF_NETLINK] = "AF_NETLINK", [AF_PACKET] = "AF_PACKET", [AF_VSOCK] = "AF_VSOCK"};
	static const char *const types[] = {[SOCK_STREAM] = "SOCK_STREAM",
					    [SOCK_DGRAM] = "SOCK_DGRAM",
					    [SOCK_RAW] = "SOCK_RAW",
					    [SOCK_SEQPACKET] = "SOCK_SEQPACKET"};

	print_descriptor(file, call->slot);
	fprintf(file, " = socket(");
	if (call->family < sizeof families / sizeof *families && families[call->family])
		fprintf(file, "%s, ", families[call->family]);
	else
		fprintf(file, "%d, ", call->family);
	if (call->type < sizeof types / sizeof *types && types[call->type])
		fprintf(file, "%s", types[call->type]);
	else
		fprintf(file, "%d", call->type);
	fprintf(file, "%s, %d)", call->variant ? " | SOCK_NONBLOCK" : "", call->protocol);
}

static void print_flags(FILE *file, int flags)
{
	static const struct {
		int flag;
		const char *name;
	} names[] = {{MSG_FASTOPEN, "MSG_FASTOPEN"}, {MSG_DONTWAIT, "MSG_DONTWAIT"},
		     {MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {MSG_OOB, "MSG_OOB"},
		     {MSG_MORE, "MSG_MORE"},	     {MSG_EOR, "MSG_EOR"},
		     {MSG_CONFIRM, "MSG_CONFIRM"}};
	const char *between = ", ";

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (flags & names[i].flag) {
			fprintf(file, "%s%s", between, names[i].name);
			between = " | ";
		}
}

static void print_send(FILE *file, const struct call *call)
{
	static const char *const data[DATA_KINDS] = {
		"",
		" in parts",
		" in no parts",
		", vector NULL",
		" in too many parts",
		", negative length",
		", second part unmapped",
		" at NULL",
		" unmapped",
		" cut off",
	};

	fprintf(file, ", %zu bytes%s", sizes[call->size], data[call->data]);
	print_flags(file, send_flags[call->other]);
	print_address(file, call);
	if (call->operation != SENDTO)
		print_pointer(file, "message", call->message);
	if (call->operation == SENDMMSG)
		fprintf(file, ", %d messages", call->messages);
}

static void print_option(FILE *file, const struct call *call)
{
	const struct option *option = &options[call->other];

	fprintf(file, ", %s, %s%d", option->name, option->form == TEXT ? "text " : "",
		call->variant ? 0 : option->value);
}

void print_call(FILE *file, const struct call *call)
{
	static const char *const names[OPERATIONS] = {
		"socket",   "bind",	"connect", "listen",	 "accept",    "sendto",
		"sendmsg",  "sendmmsg", "recv",	   "setsockopt", "get error", "set O_NONBLOCK",
		"shutdown", "close",	"dup",	   "fork"};

	if (call->operation == SOCKET) {
		print_socket(file, call);
		return;
	}
	if (call->operation == FORK) {
		fprintf(file, "fork(), the next %d calls in the child", call->other);
		return;
	}
	if (call->operation == ACCEPT || call->operation == DUP) {
		print_descriptor(file, call->other);
		fprintf(file, " = ");
	}
	fprintf(file, "%s(", names[call->operation]);
	print_descriptor(file, call->slot);
	if (call->operation == BIND || call->operation == CONNECT)
		print_address(file, call);
	else if (is_connecting(call))
		print_send(file, call);
	else if (call->operation == SET_OPTION)
		print_option(file, call);
	else if (call->operation == SHUTDOWN || call->operation == SET_NONBLOCK)
		fprintf(file, ", %d", call->operation == SHUTDOWN ? call->other : !call->variant);
	else if (call->operation == RECEIVE)
		fprintf(file, "%s", call->variant ? ", MSG_PEEK" : "");
	fprintf(file, ")");
}

void print_sequence(FILE *file, const struct sequence *sequence)
{
	static const char *const ranges[RANGES] = {"dead", "dead and 7 more", "elsewhere"};

	fprintf(file, "local ports: %s; Fast Open: %s%s\n", ranges[sequence->range],
		sequence->fast_open ? "without cookies" : "client only",
		sequence->full ? "; a server that is full" : "");
	for (int i = 0; i < sequence->count; i++) {
		fprintf(file, "%3d  ", i + 1);
		print_call(file, &sequence->calls[i]);
		fprintf(file, "\n");
	}
}
