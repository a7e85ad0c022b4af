/* Random sequences. */
#include "driver.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t state;
static uint8_t families[DESCRIPTORS];

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t next_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint8_t below(size_t limit)
{
	return (uint8_t)(next_random() % limit);
}

static bool in_percent(unsigned int percent)
{
	return next_random() % 100 < percent;
}

/* Returns the ordinary value, 0, except in a few per cent. */
static uint8_t seldom(unsigned int percent, size_t limit)
{
	return in_percent(percent) ? below(limit) : 0;
}

/* Chooses at random, by weight. */
static uint8_t weighted(const uint8_t *weights, size_t count)
{
	unsigned int sum = 0;
	uint8_t choice = 0;

	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	unsigned int left = (unsigned int)(next_random() % sum);
	while (left >= weights[choice])
		left -= weights[choice++];
	return choice;
}

void find_kinds(struct kinds *kinds)
{
	static const uint16_t protocols[] = {0,
					     IPPROTO_ICMP,
					     IPPROTO_TCP,
					     IPPROTO_UDP,
					     IPPROTO_ICMPV6,
					     IPPROTO_SCTP,
					     IPPROTO_UDPLITE,
					     IPPROTO_RAW,
					     IPPROTO_MPTCP};

	kinds->count = 0;
	for (uint8_t family = 1; family < AF_MAX; family++)
		for (uint8_t type = SOCK_STREAM; type <= SOCK_PACKET; type++)
			for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
				struct kind kind = {family, type, protocols[i]};
				int fd = kind.protocol && family != AF_INET && family != AF_INET6
						 ? -1
						 : socket(family, type, kind.protocol);
				if (fd < 0)
					continue;
				close(fd);
				kinds->kinds[kinds->count++] = kind;
			}
}

/*
 * A UDP socket may by chance get the very port that it sends to, and receive its own datagram. So
 * where the kernel chooses from several ports there is only TCP, which the library keeps from that.
 */
static void choose_kind(struct call *call, const struct sequence *sequence,
			const struct kinds *kinds)
{
	enum { KINDS_OF_TCP = 6 };
	static const struct kind common[] = {
		{AF_INET, SOCK_STREAM, 0}, {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
		{AF_INET, SOCK_STREAM, 0}, {AF_INET6, SOCK_STREAM, 0},
		{AF_INET, SOCK_STREAM, 0}, {AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
		{AF_INET, SOCK_DGRAM, 0},  {AF_INET6, SOCK_DGRAM, 0},
	};
	const struct kind *kind = sequence->range == DEAD_AND_MORE ? &common[below(KINDS_OF_TCP)]
				  : in_percent(75) ? &common[below(sizeof common / sizeof *common)]
						   : &kinds->kinds[below(kinds->count)];

	families[call->slot] = kind->family;
	call->family = kind->family;
	call->type = kind->type;
	call->protocol = kind->protocol;
}

/* An address of the socket's family, as far as the generator knows it. */
static uint8_t fitting_host(uint8_t slot)
{
	enum { HOSTS_ON_LOOPBACK = 7 };
	uint8_t host;

	do
		host = below(HOSTS_ON_LOOPBACK);
	while ((families[slot] == AF_INET || families[slot] == AF_INET6) &&
	       hosts[host].family != families[slot]);
	return host;
}

static void choose_address(struct call *call, const struct sequence *sequence)
{
	static const uint8_t ports[2][PORTS] = {
		{[DEAD] = 10, [LIVE] = 5, [ANOTHER_DEAD] = 2, [ANY] = 2},
		{[DEAD] = 5, [LIVE] = 2, [FULL] = 10, [ANOTHER_DEAD] = 1, [ANY] = 1}};

	call->host = in_percent(85) ? fitting_host(call->slot) : below(host_count);
	call->port = weighted(ports[sequence->full], PORTS);
	call->pointer = seldom(8, POINTERS);
	call->length = seldom(8, length_count);
}

static void choose_message(struct call *call, const struct sequence *sequence)
{
	choose_address(call, sequence);
	call->other = in_percent(50) ? (uint8_t)(1 + below(3)) : below(send_flags_count);
	call->data = seldom(25, DATA_KINDS);
	call->size = seldom(60, size_count);
	call->message = seldom(8, POINTERS);
	call->messages = in_percent(70) ? 1 : below(4);
	if (in_percent(15)) {
		call->pointer = IS_NULL;
		call->length = 1;
	}
}

static uint8_t choose_descriptor(void)
{
	return in_percent(90) ? (uint8_t)(1 + below(3)) : below(DESCRIPTORS);
}

static struct call choose_call(const struct sequence *sequence, const struct kinds *kinds)
{
	static const uint8_t weights[OPERATIONS] = {
		[SOCKET] = 8,	[BIND] = 8,	   [CONNECT] = 18,  [LISTEN] = 2,
		[ACCEPT] = 3,	[SENDTO] = 9,	   [SENDMSG] = 6,   [SENDMMSG] = 5,
		[RECEIVE] = 6,	[SET_OPTION] = 14, [GET_ERROR] = 4, [SET_NONBLOCK] = 5,
		[SHUTDOWN] = 3, [CLOSE] = 3,	   [DUP] = 3,	    [FORK] = 2};
	struct call call = {.operation = weighted(weights, OPERATIONS),
			    .slot = choose_descriptor(),
			    .variant = seldom(35, 2)};

	switch (call.operation) {
	case SOCKET:
		call.slot = (uint8_t)(1 + below(3));
		choose_kind(&call, sequence, kinds);
		break;
	case BIND:
	case CONNECT:
		choose_address(&call, sequence);
		break;
	case SENDTO:
	case SENDMSG:
	case SENDMMSG:
		choose_message(&call, sequence);
		break;
	case ACCEPT:
		call.slot = in_percent(70) ? (uint8_t)SERVER : call.slot;
		call.other = (uint8_t)(1 + below(SLOTS - 1));
		break;
	case DUP:
		call.other = (uint8_t)(1 + below(SLOTS - 1));
		break;
	case SET_OPTION:
		call.other = below(option_count);
		break;
	case SHUTDOWN:
		call.other = below(4);
		break;
	case FORK:
		call.other = (uint8_t)(1 + below(4));
		break;
	default:
		break;
	}
	return call;
}

/* The first calls make sockets, because the others need some. */
void generate(struct sequence *sequence, const struct kinds *kinds, uint64_t seed)
{
	enum { FEWEST_CALLS = 4, SOCKETS_FIRST = 2 };

	state = seed;
	memset(families, 0, sizeof families);
	memset(sequence, 0, sizeof *sequence);
	sequence->range = weighted((const uint8_t[]){6, 3, 2}, RANGES);
	sequence->fast_open = in_percent(50);
	sequence->full = in_percent(1);
	sequence->count = (uint8_t)(FEWEST_CALLS + below(CALLS - FEWEST_CALLS + 1));
	for (uint8_t i = 0; i < sequence->count; i++) {
		sequence->calls[i] = choose_call(sequence, kinds);
		if (i >= SOCKETS_FIRST)
			continue;
		sequence->calls[i] = (struct call){
			.operation = SOCKET, .slot = (uint8_t)(1 + i), .variant = seldom(35, 2)};
		choose_kind(&sequence->calls[i], sequence, kinds);
	}
}
