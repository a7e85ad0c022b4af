/* The calls. */
#include "worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* Memory for an argument: a page, followed by one that is not mapped. */
enum { PAGE = 4096, ADDRESS = 0, MESSAGE, DATA, VECTOR, AREAS };

bool to_port_0;
static char *areas[AREAS];
static char data[MORE_THAN_A_SYN];
static char received[100000];

void map_arguments(void)
{
	for (int i = 0; i < AREAS; i++) {
		areas[i] = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);
		mprotect(areas[i] + PAGE, PAGE, PROT_NONE);
	}
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (char)('!' + i * 7 % 90 + i / 1000);
}

/* Returns the address for the call, after copying there as many bytes as are mapped. */
static void *place(int area, const void *bytes, size_t size, enum pointer how)
{
	size_t offsets[POINTERS] = {[ORDINARY] = 0,
				    [MISALIGNED] = 1,
				    [AT_END_OF_PAGE] = PAGE - size,
				    [CUT_OFF] = PAGE - size / 2};

	if (how == IS_NULL)
		return NULL;
	if (how == UNMAPPED)
		return areas[area] + PAGE;
	memset(areas[area], 0, PAGE);
	memcpy(areas[area] + offsets[how], bytes, how == CUT_OFF ? size / 2 : size);
	return areas[area] + offsets[how];
}

socklen_t make_address(union address *address, const struct host *host, enum port port)
{
	in_port_t number = to_port_0 ? 0 : htons(number_of(sequence, port));

	*address = (union address){.family = (sa_family_t)host->family};
	switch (host->family) {
	case AF_INET:
		inet_pton(AF_INET, host->text, &address->v4.sin_addr);
		address->v4.sin_port = number;
		return sizeof address->v4;
	case AF_INET6:
		inet_pton(AF_INET6, host->text, &address->v6.sin6_addr);
		address->v6.sin6_port = number;
		return sizeof address->v6;
	case AF_UNIX:
		/* An abstract name. */
		memcpy(address->local.sun_path + 1, host->text, strlen(host->text));
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(host->text));
	default:
		return sizeof address->any;
	}
}

static socklen_t length_of(const struct call *call, socklen_t exact)
{
	int length = lengths[call->length];

	if (length == LESS_4)
		return exact - 4;
	return length == EXACT ? exact : length == MORE_1 ? exact + 1 : (socklen_t)length;
}

static struct sockaddr *place_address(const struct call *call, socklen_t *length)
{
	union address address;
	socklen_t exact = make_address(&address, &hosts[call->host], call->port);

	*length = length_of(call, exact);
	return place(ADDRESS, &address, exact, call->pointer);
}

static char *place_data(const struct call *call)
{
	switch (call->data) {
	case NULL_DATA:
		return NULL;
	case UNMAPPED_DATA:
		return areas[DATA] + PAGE;
	case CUT_OFF_DATA:
		return memcpy(areas[DATA] + PAGE - 3, data, 3);
	default:
		return data;
	}
}

/*
 * A non-blocking Fast Open sends only what the SYN carries. How much that is depends on the last
 * SYN to that address (tcp_fastopen_cache_get()), but the smaller size always fits.
 */
static size_t size_of(const struct call *call)
{
	enum { LESS_THAN_A_SYN = 1400 };
	size_t size = sizes[call->size];
	bool waits = !(send_flags[call->other] & MSG_DONTWAIT) &&
		     !(fcntl(descriptor_of(call->slot), F_GETFL) & O_NONBLOCK);

	return waits || size < LESS_THAN_A_SYN ? size : LESS_THAN_A_SYN;
}

static long perform_sendto(const struct call *call)
{
	socklen_t length;
	struct sockaddr *address = place_address(call, &length);

	return sendto(descriptor_of(call->slot), place_data(call), size_of(call),
		      send_flags[call->other], address, length);
}

static struct msghdr compose_message(const struct call *call)
{
	enum { PARTS = 3 };
	struct msghdr message = {0};
	size_t size = size_of(call);
	struct iovec parts[PARTS] = {
		{data, size / 3}, {data + size / 3, 0}, {data + size / 3, size - size / 3}};

	message.msg_name = place_address(call, &message.msg_namelen);
	message.msg_iovlen = call->data == IN_PARTS || call->data == BAD_SECOND_PART ? PARTS
			     : call->data == NO_PARTS				     ? 0
			     : call->data == TOO_MANY_PARTS			     ? IOV_MAX + 1
										     : 1;
	if (call->data == BAD_SECOND_PART)
		parts[1] = (struct iovec){areas[DATA] + PAGE, 9};
	if (message.msg_iovlen == 1)
		parts[0] = (struct iovec){place_data(call),
					  call->data == NEGATIVE_LENGTH ? (size_t)-1 : size};
	message.msg_iov =
		place(VECTOR, parts, sizeof parts, call->data == NULL_VECTOR ? IS_NULL : ORDINARY);
	return message;
}

static long perform_sendmsg(const struct call *call)
{
	struct msghdr message = compose_message(call);

	return sendmsg(descriptor_of(call->slot),
		       place(MESSAGE, &message, sizeof message, call->message),
		       send_flags[call->other]);
}

/* The result includes the lengths that were sent. */
static long perform_sendmmsg(const struct call *call)
{
	enum { MOST = 3 };
	struct mmsghdr messages[MOST];
	const unsigned int count = call->messages;

	for (int i = 0; i < MOST; i++)
		messages[i] = (struct mmsghdr){.msg_hdr = compose_message(call)};
	char *placed = place(MESSAGE, messages, count * sizeof *messages, call->message);
	long result = sendmmsg(descriptor_of(call->slot), (struct mmsghdr *)placed, count,
			       send_flags[call->other]);
	if (call->message > AT_END_OF_PAGE)
		return result;
	memcpy(messages, placed, count * sizeof *messages);
	for (int i = 0, sent = (int)result; i < sent; i++)
		result = result * 100003 + messages[i].msg_len;
	return result;
}

/* A hash (FNV-1a) by which the driver compares received data. */
static uint32_t hash_of(const char *bytes, long size)
{
	uint32_t hash = 2166136261;

	for (long i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619;
	return hash;
}

static long perform_receive(const struct call *call)
{
	int fd = descriptor_of(call->slot);
	long size = is_left_to_chance(fd) ? 0
					  : recv(fd, received, sizeof received,
						 MSG_DONTWAIT | (call->variant ? MSG_PEEK : 0));

	return size > 0 ? (long)(hash_of(received, size) >> 1) : size;
}

static long perform_set_option(const struct call *call)
{
	const struct option *option = &options[call->other];
	int number = call->variant ? 0 : option->value;
	struct linger linger = {.l_onoff = number};
	struct timeval time = {.tv_usec = number * 1000};
	const char *text = call->variant ? "" : option->value == 'l' ? "lo" : "reno";
	const void *values[] = {
		[NUMBER] = &number, [LINGER] = &linger, [TIME] = &time, [TEXT] = text};
	socklen_t length[] = {[NUMBER] = sizeof number,
			      [LINGER] = sizeof linger,
			      [TIME] = sizeof time,
			      [TEXT] = (socklen_t)strlen(text)};

	return setsockopt(descriptor_of(call->slot), option->level, option->number,
			  values[option->form], length[option->form]);
}

static long perform_get_error(const struct call *call)
{
	int error;
	socklen_t length = sizeof error;

	return getsockopt(descriptor_of(call->slot), SOL_SOCKET, SO_ERROR, &error, &length) == 0
		       ? error
		       : -1;
}

static long perform_set_nonblock(const struct call *call)
{
	int fd = descriptor_of(call->slot);
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, call->variant ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* Puts the descriptor in the slot, after closing the old one, also when there is no new one. */
static long fill(uint8_t slot, int fd)
{
	int error = errno;

	if (slots[slot] >= 0) {
		close(slots[slot]);
		something_closed = true;
	}
	slots[slot] = fd;
	errno = error;
	return fd;
}

static long perform_close(const struct call *call)
{
	int fd = descriptor_of(call->slot);

	if (call->slot < SLOTS)
		slots[call->slot] = -1;
	else if (call->slot == NOT_A_SOCKET)
		return 0;
	return close(fd);
}

/* Without a client, accept() would wait for ever. */
static long perform_accept(const struct call *call)
{
	struct pollfd descriptor = {.fd = descriptor_of(call->slot), .events = POLLIN};
	enum { MOST_MS = 1 };

	if (poll(&descriptor, 1, MOST_MS) == 0) {
		errno = EWOULDBLOCK;
		return -1;
	}
	return fill(call->other, accept(descriptor.fd, NULL, NULL));
}

long perform(const struct call *call)
{
	int fd = descriptor_of(call->slot);
	socklen_t length;
	struct sockaddr *address;

	switch (call->operation) {
	case SOCKET:
		return fill(call->slot,
			    socket(call->family, call->type | (call->variant ? SOCK_NONBLOCK : 0),
				   call->protocol));
	case BIND:
		address = place_address(call, &length);
		return bind(fd, address, length);
	case CONNECT:
		address = place_address(call, &length);
		return connect(fd, address, length);
	case LISTEN:
		return listen(fd, 2 * CALLS);
	case ACCEPT:
		return perform_accept(call);
	case SENDTO:
		return perform_sendto(call);
	case SENDMSG:
		return perform_sendmsg(call);
	case SENDMMSG:
		return perform_sendmmsg(call);
	case RECEIVE:
		return perform_receive(call);
	case SET_OPTION:
		return perform_set_option(call);
	case GET_ERROR:
		return perform_get_error(call);
	case SET_NONBLOCK:
		return perform_set_nonblock(call);
	case SHUTDOWN:
		return shutdown(fd, call->other);
	case CLOSE:
		return perform_close(call);
	case DUP:
		return fill(call->other, dup(fd));
	default:
		return 0;
	}
}
