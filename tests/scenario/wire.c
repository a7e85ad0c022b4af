/*
 * The packets of a connection to a distant peer are the same with and without the library. This
 * test plays the peer, behind a TUN device, and answers once the client sleeps in its call.
 */
#include "namespace.h"
#include "scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FAR_PORT = 80, NO_COOKIE_NEEDED = 1 | 4 /* tcp_fastopen in ip-sysctl */ };

static const char far_address[] = "10.1.0.2";

struct packet {
	struct iphdr ip;
	struct tcphdr tcp; /* from the client, options follow */
	char rest[1500];
};

static int tun;

static void far_end(void)
{
	struct ifreq request = {.ifr_name = "tun", .ifr_flags = IFF_TUN | IFF_NO_PI};

	other_ports();
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	ck_assert_msg(ioctl(tun, TUNSETIFF, &request) == 0, "TUNSETIFF: %s", strerror(errno));
	run("ip link set tun up && ip address add 10.1.0.1/24 dev tun && "
	    "echo %d > /proc/sys/net/ipv4/tcp_fastopen",
	    NO_COOKIE_NEEDED);
}

static bool is_tcp(const struct packet *packet)
{
	return packet->ip.version == 4 && packet->ip.protocol == IPPROTO_TCP;
}

/* Returns the client's next TCP packet. */
static struct packet next_packet(void)
{
	struct pollfd descriptor = {.fd = tun, .events = POLLIN};
	struct packet packet;

	do {
		ck_assert_msg(poll(&descriptor, 1, 10000) == 1, "the client sends nothing");
		ck_assert_int_gt(read(tun, &packet, sizeof packet), 0);
	} while (!is_tcp(&packet));
	return packet;
}

static int size_of_data(const struct packet *packet)
{
	return ntohs(packet->ip.tot_len) - packet->ip.ihl * 4 - packet->tcp.doff * 4;
}

static uint16_t checksum(const void *bytes, size_t size, uint32_t sum)
{
	for (const uint8_t *byte = bytes; size > 1; byte += 2, size -= 2)
		sum += (uint32_t)byte[0] << 8 | byte[1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Answers the client's packet, and acknowledges that many bytes of its data. */
static void answer(const struct packet *packet, bool syn, int acknowledged)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} reply = {
		.ip = {.version = 4,
		       .ihl = 5,
		       .tot_len = htons(sizeof reply),
		       .ttl = 64,
		       .protocol = IPPROTO_TCP,
		       .saddr = packet->ip.daddr,
		       .daddr = packet->ip.saddr},
		.tcp = {.source = packet->tcp.dest,
			.dest = packet->tcp.source,
			.seq = htonl(1),
			.ack_seq = htonl(ntohl(packet->tcp.seq) + 1 + (uint32_t)acknowledged),
			.doff = 5,
			.ack = 1,
			.syn = syn,
			.window = htons(65535)},
	};
	/* The pseudo header: addresses, protocol and length (RFC 9293, 3.1). */
	uint32_t sum = IPPROTO_TCP + sizeof reply.tcp;

	for (const uint8_t *byte = (uint8_t *)&reply.ip.saddr; byte < (uint8_t *)&reply.tcp;
	     byte += 2)
		sum += (uint32_t)byte[0] << 8 | byte[1];
	reply.tcp.check = checksum(&reply.tcp, sizeof reply.tcp, sum);
	reply.ip.check = checksum(&reply.ip, sizeof reply.ip, 0);
	ck_assert_int_eq(write(tun, &reply, sizeof reply), sizeof reply);
}

static const char data[1000];

static int connects(int fd, int size)
{
	(void)size;
	return connect_to(fd, far_address, FAR_PORT) == 0 ? 0 : -1;
}

static int sends_to(int fd, int size)
{
	union address address = address_of(far_address, FAR_PORT);

	return (int)sendto(fd, data, (size_t)size, MSG_FASTOPEN, &address.any, length_of(&address));
}

static int sends_message(int fd, int size)
{
	union address address = address_of(far_address, FAR_PORT);
	struct iovec part = {.iov_base = (void *)data, .iov_len = (size_t)size};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = length_of(&address),
				 .msg_iov = &part,
				 .msg_iovlen = 1};

	return (int)sendmsg(fd, &message, MSG_FASTOPEN);
}

static const struct {
	int (*call)(int fd, int size); /* bytes sent, or -1 */
	int size;
} calls[] = {
	{connects, 0}, {sends_to, 1}, {sends_to, 1000}, {sends_message, 1}, {sends_message, 1000}};

enum { CALLS = sizeof calls / sizeof *calls };

/* The client runs in its own thread. */
struct client {
	int call;
	int result;
	atomic_int thread;
};

static void *be_a_client(void *argument)
{
	struct client *client = argument;
	int fd = tcp_socket(AF_INET, 0);

	atomic_store(&client->thread, (int)syscall(SYS_gettid));
	client->result = calls[client->call].call(fd, calls[client->call].size);
	return NULL;
}

static bool is_asleep(int thread)
{
	char path[64];
	char state = '?';

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%*d %*[^)]) %c", &state), 1);
	fclose(file);
	return state == 'S';
}

/* The peer acknowledges the data of the SYN, or only the SYN. */
static void must_be_acknowledged_at_once(int call, bool takes_data)
{
	struct client client = {.call = call};
	int size = calls[call].size;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, be_a_client, &client), 0);
	struct packet syn = next_packet();
	ck_assert(syn.tcp.syn && !syn.tcp.ack);
	ck_assert_int_eq(size_of_data(&syn), size);
	while (!is_asleep(atomic_load(&client.thread)))
		;
	answer(&syn, true, takes_data ? size : 0);
	struct packet acknowledgement = next_packet();
	ck_assert(!acknowledgement.tcp.syn && acknowledgement.tcp.ack);
	ck_assert_uint_eq(ntohl(acknowledgement.tcp.ack_seq), 2);
	ck_assert_int_eq(size_of_data(&acknowledgement), takes_data ? 0 : size);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(client.result, size);
	run("nstat -asz TcpExtDelayedACKs | grep -q 'ACKs  *0 '");
}

START_TEST(handshake)
{
	must_be_acknowledged_at_once(_i, true);
}
END_TEST

START_TEST(handshake_without_the_data)
{
	must_be_acknowledged_at_once(_i, false);
}
END_TEST

static bool has_tun(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		printf("skipped: no /dev/net/tun: %s\n", strerror(errno));
	close(fd);
	return fd >= 0;
}

static void add_tests(Suite *suite)
{
	TCase *far = add_case(suite, "far end", far_end);

	tcase_add_loop_test(far, handshake, 0, CALLS);
	tcase_add_loop_test(far, handshake_without_the_data, 1, CALLS);
}

int main(int argc, char **argv)
{
	return has_tun() ? scenario_main(argc, argv, add_tests) : SKIPPED;
}
