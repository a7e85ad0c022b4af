/* What counts as a difference. */
#include "driver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* With several ports to choose from, perhaps only one of the two runs met itself. */
static bool may_have_met_itself(const struct sequence *sequence, const struct trace *plain)
{
	for (int i = 0; i < sequence->count; i++)
		if (plain->records[i].self_connects > 0)
			return true;
	return sequence->range == DEAD_AND_MORE;
}

/*
 * A retry resets some options (libnoselfconn(7), CAVEATS), and one run may need more retries than
 * the other. TCP_QUICKACK changes with time (tcp(7): not permanent).
 */
static bool may_differ(bool retry, size_t option)
{
	return (retry && is_reset_by_retry(option)) ||
	       strcmp(options[option].name, "TCP_QUICKACK") == 0;
}

static bool same_options(bool retry, const struct record *plain, const struct record *other,
			 struct difference *difference)
{
	for (size_t i = 0; i < option_count; i++)
		if (plain->options[i] != other->options[i] && !may_differ(retry, i)) {
			difference->what = options[i].name;
			snprintf(difference->text, sizeof difference->text,
				 "plain %lld, other %lld", (long long)plain->options[i],
				 (long long)other->options[i]);
			return false;
		}
	return true;
}

/*
 * The plain run resets the socket as the library does, so a comparison of the two does not show
 * what the reset changes. Therefore the options are also compared with those before the call.
 */
static bool refused_unchanged(const struct sequence *sequence, const struct record *plain,
			      const struct record *other, struct difference *difference)
{
	if (plain->self_connects == 0 || sequence->range == DEAD_AND_MORE)
		return true;
	for (size_t i = 0; i < option_count; i++)
		if (other->changed & UINT64_C(1) << i && !is_reset_by_retry(i)) {
			difference->what = options[i].name;
			snprintf(difference->text, sizeof difference->text,
				 "changed by a refusal, now %lld", (long long)other->options[i]);
			return false;
		}
	return true;
}

/* When a self-connect ends by itself, the other run may have been refused instead. */
static bool is_refused_instead(const struct record *plain, const struct record *other)
{
	return plain->ended_itself && other->result == -1 && other->error == ECONNREFUSED;
}

static bool same_result(const struct record *plain, const struct record *other,
			struct difference *difference)
{
	bool result = plain->result == other->result;

	if ((result && plain->error == other->error) || is_refused_instead(plain, other))
		return true;
	difference->what = result ? "errno" : "result";
	snprintf(difference->text, sizeof difference->text, "plain %d, other %d",
		 result ? plain->error : plain->result, result ? other->error : other->result);
	return false;
}

/*
 * MPTCP connects a socket that was shut down before, but does not send: each attempt that is
 * undone brings a SIGPIPE, and each further message of sendmmsg() another one in the plain run.
 */
static int expected_pipes(const struct record *plain, const struct record *other)
{
	bool fewer = plain->self_connects > 0 && other->broken_pipes < plain->broken_pipes;

	return plain->ended_itself || fewer ? other->broken_pipes : plain->broken_pipes;
}

static bool same_numbers(const struct record *plain, const struct record *other,
			 struct difference *difference)
{
	const struct {
		const char *name;
		long plain;
		long other;
	} numbers[] = {
		{"done", plain->done, other->done},
		{"number of the descriptor", plain->descriptor, other->descriptor},
		{"descriptor and status flags", plain->status_flags, other->status_flags},
		{"state", plain->state, other->state},
		{"readiness", plain->readiness, other->readiness},
		{"bytes to read", plain->queued, other->queued},
		{"SIGPIPEs", expected_pipes(plain, other), other->broken_pipes},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].plain != numbers[i].other) {
			difference->what = numbers[i].name;
			snprintf(difference->text, sizeof difference->text, "plain %ld, other %ld",
				 numbers[i].plain, numbers[i].other);
			return false;
		}
	return true;
}

static bool same_names(const struct record *plain, const struct record *other,
		       struct difference *difference)
{
	bool local = strcmp(plain->local, other->local) == 0;

	if (local && strcmp(plain->peer, other->peer) == 0)
		return true;
	difference->what = local ? "peer" : "local address";
	snprintf(difference->text, sizeof difference->text, "plain %s, other %s",
		 local ? plain->peer : plain->local, local ? other->peer : other->local);
	return false;
}

bool equal_at(const struct sequence *sequence, const struct pair *traces, int place,
	      struct difference *difference)
{
	bool retry = may_have_met_itself(sequence, &traces->plain);
	const struct record *plain = &traces->plain.records[place];
	const struct record *other = &traces->other.records[place];

	difference->place = place;
	return same_numbers(plain, other, difference) && same_result(plain, other, difference) &&
	       same_names(plain, other, difference) &&
	       refused_unchanged(sequence, plain, other, difference) &&
	       same_options(retry, plain, other, difference);
}

int place_count(const struct sequence *sequence)
{
	return sequence->count + SLOTS;
}

bool equal(const struct sequence *sequence, const struct pair *traces,
	   struct difference *difference)
{
	for (int place = 0; place < place_count(sequence); place++)
		if (!equal_at(sequence, traces, place, difference))
			return false;
	return true;
}

void print_record(FILE *file, const struct record *record)
{
	if (!record->done)
		fprintf(file, "never came back");
	else
		fprintf(file,
			"%d, errno %d, poll 0x%x, state %d, %d bytes to read, local %s, peer %s%s",
			record->result, record->error, (unsigned int)record->readiness,
			record->state, record->queued, record->local, record->peer,
			record->self_connects ? " (after a self-connect)" : "");
}
