/* From the attempt to what the program is told. */
#include "library.h"

#include <errno.h>

/* After EINTR and an expired SO_SNDTIMEO (EINPROGRESS) the kernel goes on connecting. */
static bool is_under_way(ssize_t result, int outcome)
{
	return result >= 0 || outcome == EINPROGRESS || outcome == EINTR;
}

bool met_itself(struct encounter *encounter, ssize_t *result)
{
	int outcome = *result < 0 ? errno : 0;
	bool undone = true;
	union endpoint destination;

	if (is_under_way(*result, outcome) && read_destination(&destination, encounter->message) &&
	    is_self_connected(encounter->fd, &destination)) {
		encounter->self_connects++;
		undone = undo_self_connect(encounter->fd);
		/* A signal has made an end of the waiting; another try would begin it anew. */
		if (undone && outcome != EINTR &&
		    encounter->self_connects <= settings.value[RETRIES])
			return true;
		*result = -1;
		outcome = ECONNREFUSED;
	}
	/* Undoing gives up a port that the kernel had chosen; a true refusal needs no other one. */
	if (encounter->self_connects > 0 && outcome == EADDRNOTAVAIL)
		outcome = ECONNREFUSED;
	if (encounter->self_connects > 0 && read_destination(&destination, encounter->message))
		report(&destination, encounter->self_connects, undone, outcome);
	errno = outcome ? outcome : encounter->caller_errno;
	return false;
}

int noselfconn_connect(int fd, const struct sockaddr *destination, socklen_t length)
{
	if (settings.value[DISABLE])
		return libc_connect(fd, destination, length);

	struct msghdr message = {.msg_name = (void *)destination, .msg_namelen = length};
	struct encounter encounter = {.fd = fd, .message = &message, .caller_errno = errno};
	ssize_t result;

	do
		result = libc_connect(fd, destination, length);
	while (met_itself(&encounter, &result));
	return (int)result;
}
