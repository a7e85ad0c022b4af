/*
 * Runs random sequences of socket calls with and without the library and prints the first
 * difference, cut down to the calls that it takes.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

static struct kinds kinds;

/*
 * The kernel's choice of ports and the timing of packets vary without the library too. A difference
 * that plain runs also show is therefore none. Each place in the sequence is judged alone.
 */
static bool can_be_plain(struct sequence *sequence, const struct pair *traces,
			 struct difference *difference, int repeats)
{
	bool seen[CALLS + SLOTS] = {false};
	struct pair again = *traces;
	struct difference other;

	for (int i = 0; i < repeats; i++) {
		int unseen = 0;

		run_plain(sequence, &again.plain);
		for (int place = place_count(sequence) - 1; place >= 0; place--) {
			seen[place] = seen[place] || equal_at(sequence, &again, place, &other);
			if (seen[place])
				continue;
			unseen++;
			equal_at(sequence, &again, place, difference);
		}
		if (unseen == 0)
			return true;
	}
	return false;
}

enum { REPEATS = 40 };

/* A sequence that differs, the workers' answers to it, and the difference. */
struct finding {
	struct sequence sequence;
	struct pair traces;
	struct difference difference;
	int runs; /* how many runs it takes to see the difference again */
};

static bool differs(struct finding *finding)
{
	run_pair(&finding->sequence, &finding->traces);
	return !equal(&finding->sequence, &finding->traces, &finding->difference) &&
	       !can_be_plain(&finding->sequence, &finding->traces, &finding->difference, REPEATS);
}

/* Takes the candidate if it shows the same difference, and no other one instead. */
static bool take(struct finding *finding, const struct sequence *candidate)
{
	struct finding next = {.sequence = *candidate, .runs = finding->runs};

	for (int i = 0; i < finding->runs; i++)
		if (differs(&next) && strcmp(next.difference.what, finding->difference.what) == 0) {
			*finding = next;
			return true;
		}
	return false;
}

/*
 * On a busy machine a packet may once be later than in all plain runs. A difference that the
 * library makes comes again, even if rarely, and never in a plain run. One that comes by chance,
 * however often, is taken for the library's in at most one of 70,000 such sequences.
 */
static bool is_the_librarys(struct finding *finding)
{
	enum { TIMES = 5, MOST_RUNS = 100, PLAIN_RUNS_EACH = 5 };
	struct sequence sequence = finding->sequence;
	int times = 0;
	int runs;

	finding->runs = 1;
	for (runs = 0; runs < MOST_RUNS && times < TIMES; runs++)
		times += take(finding, &sequence);
	finding->runs = runs;
	return times == TIMES && !can_be_plain(&finding->sequence, &finding->traces,
					       &finding->difference, PLAIN_RUNS_EACH * runs);
}

/* Drops calls, many at a time as long as that works (Zeller: delta debugging). */
static void drop_calls(struct finding *finding)
{
	for (int size = finding->sequence.count / 2; size > 0; size /= 2)
		for (int i = 0; i + size <= finding->sequence.count;) {
			struct sequence shorter = finding->sequence;

			memmove(&shorter.calls[i], &shorter.calls[i + size],
				(size_t)(shorter.count - i - size) * sizeof *shorter.calls);
			shorter.count = (uint8_t)(shorter.count - size);
			if (!take(finding, &shorter))
				i++;
		}
}

/* Sets each argument back to its ordinary value where the difference stays. */
static void simplify_calls(struct finding *finding)
{
	const size_t end = offsetof(struct call, family);

	for (int i = 0; i < finding->sequence.count; i++)
		for (size_t byte = offsetof(struct call, other); byte < end; byte++) {
			struct sequence simpler = finding->sequence;
			uint8_t *field = (uint8_t *)&simpler.calls[i] + byte;

			if (*field == 0)
				continue;
			*field = 0;
			take(finding, &simpler);
		}
}

static void cut_down(struct finding *finding)
{
	uint8_t count;

	do {
		count = finding->sequence.count;
		drop_calls(finding);
		simplify_calls(finding);
	} while (finding->sequence.count < count);
}

static void print_finding(const struct finding *finding)
{
	const struct sequence *sequence = &finding->sequence;
	int place = finding->difference.place;

	print_sequence(stdout, sequence);
	printf("The difference is ");
	if (place < sequence->count)
		printf("at call %d, ", place + 1);
	else
		printf("after the last call, at s%d, ", place - sequence->count);
	printf("%s: %s\n", finding->difference.what, finding->difference.text);
	if (finding->traces.other.ending)
		printf("The other run ended with wait status 0x%x\n",
		       (unsigned int)finding->traces.other.ending);
	for (int i = 0; i < sequence->count; i++) {
		printf("%3d  plain  ", i + 1);
		print_record(stdout, &finding->traces.plain.records[i]);
		printf("\n     other  ");
		print_record(stdout, &finding->traces.other.records[i]);
		printf("\n");
	}
}

static unsigned int self_connects_in(const struct trace *trace)
{
	unsigned int sum = 0;

	for (int i = 0; i < CALLS; i++)
		sum += trace->records[i].self_connects > 0;
	return sum;
}

/* On any machine a few sequences vary by chance, mostly in the choice of ports. */
static bool is_too_much(unsigned long varied, unsigned long once, unsigned long count)
{
	return varied > count / 100 + 1 || once > count / 1000 + 5;
}

/*
 * In 2,000 sequences more than 300 calls meet themselves. Whether one does in a single sequence is
 * chance where the kernel chooses from several ports.
 */
enum { ENOUGH_TO_MEET = 500 };

static int run_all(uint64_t seed, unsigned long first, unsigned long count)
{
	static struct finding finding;
	static struct finding last;
	unsigned long meetings = 0;
	unsigned long varied = 0;
	unsigned long once = 0;

	for (unsigned long i = first; i < first + count; i++) {
		generate(&finding.sequence, &kinds, seed * 1000003 + i);
		run_pair(&finding.sequence, &finding.traces);
		meetings += self_connects_in(&finding.traces.plain);
		if (equal(&finding.sequence, &finding.traces, &finding.difference))
			continue;
		last = finding;
		if (can_be_plain(&finding.sequence, &finding.traces, &finding.difference,
				 REPEATS)) {
			varied++;
			continue;
		}
		if (!is_the_librarys(&finding)) {
			once++;
			continue;
		}
		printf("Sequence %lu of seed %llu differs, %s: %s\n", i, (unsigned long long)seed,
		       finding.difference.what, finding.difference.text);
		cut_down(&finding);
		print_finding(&finding);
		return 1;
	}
	if (varied + once > 0) {
		printf("The last sequence that varies:\n");
		print_finding(&last);
	}
	printf("%lu sequences of seed %llu: no difference; %lu calls met themselves without the "
	       "library; %lu sequences vary from run to run, %lu differed once\n",
	       count, (unsigned long long)seed, meetings, varied, once);
	return (meetings == 0 && count >= ENOUGH_TO_MEET) || is_too_much(varied, once, count);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("DIFFERENTIAL_SEED");

	if (argc < 4 || argc > 5) {
		fprintf(stderr,
			"usage: [DIFFERENTIAL_SEED=NUMBER] %s WORKER LIBRARY|- COUNT [FIRST]\n",
			argv[0]);
		return 2;
	}
	find_kinds(&kinds);
	start_workers(argv[1], strcmp(argv[2], "-") == 0 ? NULL : argv[2]);
	int status = run_all(seed ? strtoull(seed, NULL, 0) : 1,
			     argc == 5 ? strtoul(argv[4], NULL, 0) : 0, strtoul(argv[3], NULL, 0));
	end_workers();
	return status;
}
