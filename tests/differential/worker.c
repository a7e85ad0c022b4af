/*
 * Runs each sequence in a process of its own, so that a crash or an endless wait is a result like
 * any other. The driver starts two workers in identical namespaces.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* No kernel has this error, so a change of errno after success is seen. */
enum { ERRNO_BEFORE = 4242 };

/* A call that waits too long is interrupted, and after many interruptions the process ends. */
enum { PATIENCE_MS = 20, MOST_INTERRUPTIONS = 250 };

const struct sequence *sequence;
int slots[SLOTS];
bool something_closed;
static bool plain;
static struct trace *trace;
volatile sig_atomic_t broken_pipes;
static volatile sig_atomic_t interruptions;

int descriptor_of(uint8_t slot)
{
	static const int special[] = {
		[NOT_A_SOCKET - SLOTS] = 0, [NEGATIVE - SLOTS] = -1, [NEVER_OPENED - SLOTS] = 999};

	return slot < SLOTS ? slots[slot] >= 0 ? slots[slot] : special[NEVER_OPENED - SLOTS]
			    : special[slot - SLOTS];
}

static void on_signal(int number)
{
	if (number == SIGPIPE)
		broken_pipes++;
	else if (++interruptions > MOST_INTERRUPTIONS)
		_exit(1);
}

static void be_patient_for_a_while(void)
{
	static const struct itimerval from_now_on = {{0, PATIENCE_MS * 1000},
						     {0, PATIENCE_MS * 1000}};

	setitimer(ITIMER_REAL, &from_now_on, NULL);
}

/* Notes which options the call has changed. */
static void look_at_options(struct record *record, int fd, const int64_t *before)
{
	read_options(record->options, fd);
	for (size_t i = 0; i < option_count; i++)
		if (before[i] != record->options[i])
			record->changed |= UINT64_C(1) << i;
}

/* On loopback the answer comes at once, except when ksoftirqd handles it. */
static void wait_for_answer(int fd)
{
	struct pollfd descriptor = {.fd = fd, .events = POLLOUT};

	if (!sequence->full)
		poll(&descriptor, 1, PATIENCE_MS);
}

static void run_call(const struct call *call, struct record *record)
{
	int64_t before[OPTIONS];
	int fd = descriptor_of(call->slot);
	bool tcp = is_connecting(call) && is_tcp(fd);
	bool had_peer = tcp && has_peer(fd);

	if (tcp)
		read_options(before, fd);
	be_patient_for_a_while();
	if (call->operation == SHUTDOWN || call->operation == CLOSE || call->operation == FORK)
		something_closed = true;
	record->error = ERRNO_BEFORE;
	broken_pipes = 0;
	errno = ERRNO_BEFORE;
	long result = perform(call);
	if (plain && tcp)
		result = without_self_connect(call, result, record, had_peer);
	record->error = errno;
	record->result = (int32_t)result;
	record->broken_pipes = broken_pipes;
	if (tcp) {
		wait_for_answer(fd);
		look_at_options(record, fd, before);
	}
	observe(record, descriptor_of(call->slot));
	record->done = 1;
}

static void run_calls(int from, int to)
{
	for (int i = from; i < to; i++) {
		const struct call *call = &sequence->calls[i];

		run_call(call, &trace->records[i]);
		if (call->operation != FORK)
			continue;

		int rest = i + 1 + call->other < to ? i + 1 + call->other : to;
		pid_t child = fork();
		if (child == 0) {
			run_calls(i + 1, rest);
			_exit(0);
		}
		int status;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		trace->records[i].result = status;
		i = rest - 1;
	}
}

/* Options come first, because reading SO_ERROR clears it. */
static void look_at_the_end(void)
{
	for (int i = 0; i < SLOTS; i++) {
		struct record *record = &trace->records[sequence->count + i];

		record->done = 1;
		if (slots[i] < 0)
			continue;
		observe(record, slots[i]);
		read_options(record->options, slots[i]);
		record->result = option_of(slots[i], SOL_SOCKET, SO_ERROR);
	}
}

static int open_server(const struct host *host, int type, enum port port, int backlog)
{
	union address address;
	socklen_t length = make_address(&address, host, port);
	int fd = socket(host->family, type, 0);

	if (bind(fd, &address.any, length) != 0)
		abort();
	listen(fd, backlog);
	return fd;
}

/* The queue holds one connection, and tcp_conn_request() drops every further SYN. */
static void open_full_server(void)
{
	static const struct host everywhere = {AF_INET6, "::"};
	int fd = open_server(&everywhere, SOCK_STREAM, FULL, 0);
	int client = socket(AF_INET6, SOCK_STREAM, 0);
	union address address = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback}};
	socklen_t length = sizeof address.v6;

	address.v6.sin6_port = htons((uint16_t)(sequence->first_port + PORTS_IN_BLOCK - 1));
	bind(client, &address.any, length);
	getsockname(fd, &address.any, &length);
	if (connect(client, &address.any, length) != 0)
		abort();
}

static void open_servers(void)
{
	static const struct host everywhere = {AF_INET6, "::"};
	static const struct host named = {AF_UNIX, "live"};
	int backlog = 2 * CALLS;

	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	slots[SERVER] = open_server(&everywhere, SOCK_STREAM | SOCK_NONBLOCK, LIVE, backlog);
	setsockopt(slots[SERVER], IPPROTO_TCP, TCP_FASTOPEN, &backlog, sizeof backlog);
	open_server(&everywhere, SOCK_DGRAM, LIVE, 0);
	open_server(&named, SOCK_STREAM, LIVE, backlog);
	if (sequence->full)
		open_full_server();
}

static void run_sequence(void)
{
	const struct sigaction interrupting = {.sa_handler = on_signal};

	sigaction(SIGALRM, &interrupting, NULL);
	sigaction(SIGPIPE, &interrupting, NULL);
	open_servers();
	run_calls(0, sequence->count);
	look_at_the_end();
	_exit(0);
}

/* The files belong to the namespace. They stay open to save time. */
static void configure(int ports, int fast_open)
{
	char text[32];
	int low;
	int high;

	range_of(sequence, &low, &high);
	int length = snprintf(text, sizeof text, "%d %d", low, high);
	if (pwrite(ports, text, (size_t)length, 0) != length)
		abort();
	/* Client; client without cookie, server, server without cookie (ip-sysctl.rst). */
	length = snprintf(text, sizeof text, "%d", sequence->fast_open ? 0x207 : 1);
	if (pwrite(fast_open, text, (size_t)length, 0) != length)
		abort();
}

int main(int argc, char **argv)
{
	int ports = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	int fast_open = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY | O_CLOEXEC);
	struct sequence read;

	plain = argc == 2 && strcmp(argv[1], "plain") == 0;
	sequence = &read;
	trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	map_arguments();
	while (recv(CHANNEL, &read, sizeof read, 0) == sizeof read) {
		memset(trace, 0, sizeof *trace);
		configure(ports, fast_open);

		pid_t child = fork();
		if (child == 0)
			run_sequence();
		waitpid(child, &trace->ending, 0);
		send(CHANNEL, trace, sizeof *trace, 0);
	}
	return 0;
}
