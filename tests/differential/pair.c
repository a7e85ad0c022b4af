/* Two workers in identical namespaces, one of them with the library. */
#include "driver.h"
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static int channels[2];

static pid_t workers[2];

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "differential: %s: %s\n", what, strerror(errno));
	exit(1);
}

/*
 * Switches off what one sequence would leave to the next: TIME_WAIT, cached metrics, and the pause
 * in Fast Open after a reset. Buffers have a fixed size, because tuning by the kernel varies (and
 * is the residue of SO_SNDBUF). Queues are long, so that nobody waits for room.
 */
static void write_sysctls(void)
{
	static const struct {
		const char *path;
		const char *value;
	} sysctls[] = {
		{"/proc/sys/net/ipv4/tcp_max_tw_buckets", "0"},
		{"/proc/sys/net/ipv4/tcp_no_metrics_save", "1"},
		{"/proc/sys/net/ipv4/tcp_fastopen_blackhole_timeout_sec", "0"},
		{"/proc/sys/net/ipv4/tcp_wmem", "4096 131072 131072"},
		{"/proc/sys/net/ipv4/tcp_rmem", "4096 131072 131072"},
		{"/proc/sys/net/unix/max_dgram_qlen", "512"},
	};

	for (size_t i = 0; i < sizeof sysctls / sizeof *sysctls; i++) {
		int fd = open(sysctls[i].path, O_WRONLY | O_CLOEXEC);
		must(write(fd, sysctls[i].value, strlen(sysctls[i].value)) > 0, sysctls[i].path);
		close(fd);
	}
}

/* Delayed acknowledgements, above all of a FIN, would cost 40 ms each. */
static void acknowledge_at_once(void)
{
	must(system("for net in 127.0.0.1 127.0.0.0/8; do "
		    "ip route change local $net dev lo table local src 127.0.0.1 quickack 1 || "
		    "exit; "
		    "done; ip -6 route del local ::1 dev lo table local && "
		    "ip -6 route add local ::1 dev lo table local quickack 1") == 0,
	     "ip route");
}

static void become_worker(const char *worker, const char *library, int channel)
{
	enum { ANY_RANGE_LOW = 61001, ANY_RANGE_HIGH = 65000 };
	char preload[4096];
	char *arguments[] = {(char *)worker, library ? "protected" : "plain", NULL};
	char retries[sizeof "NOSELFCONN_RETRIES=" + 2];
	char *environment[] = {retries, library ? preload : NULL, NULL};
	const char *missing = enter_namespace(ANY_RANGE_LOW, ANY_RANGE_HIGH);

	if (missing) {
		printf("skipped: %s\n", missing);
		fflush(stdout);
		_exit(SKIPPED);
	}
	write_sysctls();
	acknowledge_at_once();
	snprintf(retries, sizeof retries, "NOSELFCONN_RETRIES=%d", RETRIES);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library ? library : "");
	int null = open("/dev/null", O_RDWR);
	must(dup2(null, STDIN_FILENO) == STDIN_FILENO && dup2(channel, CHANNEL) == CHANNEL, "dup2");
	for (int fd = CHANNEL + 1; fd < 64; fd++)
		close(fd);
	execve(worker, arguments, environment);
	must(false, worker);
}

static void start_worker(int which, const char *worker, const char *library)
{
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
	pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0)
		become_worker(worker, library, ends[1]);
	close(ends[1]);
	channels[which] = ends[0];
	workers[which] = child;
}

void start_workers(const char *worker, const char *library)
{
	start_worker(0, worker, NULL);
	start_worker(1, worker, library);
}

void end_workers(void)
{
	for (int i = 0; i < 2; i++) {
		close(channels[i]);
		waitpid(workers[i], NULL, 0);
	}
}

/* Gives the sequence a block of ports that no recent run has used. */
static void give_ports(struct sequence *sequence)
{
	enum { FIRST = 10000, LAST = 61000 - PORTS_IN_BLOCK };
	static uint16_t next = FIRST;

	sequence->first_port = next;
	next = next + PORTS_IN_BLOCK > LAST ? FIRST : (uint16_t)(next + PORTS_IN_BLOCK);
}

static void ask(int which, const struct sequence *sequence)
{
	send(channels[which], sequence, sizeof *sequence, MSG_NOSIGNAL);
}

static void hear(int which, struct trace *trace)
{
	must(recv(channels[which], trace, sizeof *trace, 0) == sizeof *trace, "a worker has ended");
}

void run_pair(struct sequence *sequence, struct pair *traces)
{
	give_ports(sequence);
	ask(0, sequence);
	ask(1, sequence);
	hear(0, &traces->plain);
	hear(1, &traces->other);
}

void run_plain(struct sequence *sequence, struct trace *trace)
{
	give_ports(sequence);
	ask(0, sequence);
	hear(0, trace);
}
