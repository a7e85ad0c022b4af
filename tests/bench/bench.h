/* The calls that bench makes, and what they share. */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Each makes COUNT calls and returns the nanoseconds that they took together; the argument is what
 * the table in bench.c says. What belongs to the other end is done between the timed spans.
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
/* These print what they count as well. */
int64_t tries(int port, long count);
int64_t binds(int port, long count);

void fail(const char *what) __attribute__((noreturn));
int must(int result, const char *what);
int64_t now(void);
void reset_on_close(int fd);
int tcp_socket(int flags);
struct sockaddr_in loopback_address(int port);
/* On a port that bind() chose: connected to this address, the socket would meet itself. */
int bound_socket(int flags, struct sockaddr_in *address);
/* Waits until a connection under way is there or has failed; 0, or an errno. */
int outcome_of(int fd);
