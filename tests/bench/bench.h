/* The calls that bench can make, and the helpers that they share. */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Each makes COUNT calls and returns the nanoseconds that they took together. Work for the other
 * end of a connection, such as accept(), is not timed. The table in bench.c has the first argument.
 */
int64_t connects(int family, long count);
int64_t connects_nonblocking(int family, long count);
int64_t connects_in_threads(int threads, long count);
int64_t connects_with_taken_ports(int taken, long count);
int64_t refusals(int family, long count);
int64_t sendtos(int family, long count);
int64_t sends_by_sendmsg(int family, long count);
int64_t sends_by_sendmmsg(int family, long count);
int64_t starts(int expected_status, long count);

enum answer { REFUSAL = 1, SELF_CONNECT, SELF_CONNECT_EXPLICIT, NONBLOCKING = 16 };
int64_t answers(int answer, long count);
int64_t waits_for_bind(int pause_ms, long count);
/* These two also print a count: how many tries connected, and how many binds failed. */
int64_t tries(int port, long count);
int64_t binds(int port, long count);

void fail(const char *what) __attribute__((noreturn));
int must(int result, const char *what);
int64_t now(void);
void reset_on_close(int fd);
int tcp_socket(int flags);
struct sockaddr_in loopback_address(int port);
/*
 * Bound to port 0, so that the kernel chose the port. If the socket connects to *address, it
 * connects to itself.
 */
int bound_socket(int flags, struct sockaddr_in *address);
/* Waits for the outcome of a non-blocking connect(): 0 or an errno. */
int outcome_of(int fd);
