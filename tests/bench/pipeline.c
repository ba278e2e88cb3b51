/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events per second through decode, enrich and judge on one core:
 * tocsin-bench-pipeline [-n EVENTS] [-r ROUNDS] [-s] [-w] [RULES...].
 *
 * -s measures stages only, not kinds: each event is judged once in each round, which is what to
 * count instructions of (see README.md). With -w rules with errors are left out, and the others
 * judged: for files that ask for fields which are not there.
 *
 * Every round starts with empty tables and takes the same stream (stream.h) from memory. Figures
 * are medians of the rounds, of processor time; kinds are timed in rounds of their own, since
 * reading the clock costs as much as a part of an event.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/decode.h"
#include "agent/pipeline.h"
#include "rules/compile/matcher.h"
#include "rules/ruleset.h"
#include "tests/bench/stream.h"

#define ROUNDS_MAX 101

enum stage { STAGE_DECODE, STAGE_ENRICH, STAGE_ALL, STAGE_MAX };

struct bench {
	struct stream stream;
	struct tc_ruleset *rules;
	unsigned rounds;
	uint64_t load_ns;
	uint64_t kind_ns[TC_KIND_LIMIT][ROUNDS_MAX], kind_count[TC_KIND_LIMIT];
	struct tc_pipeline_counts counts;
};

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "tocsin-bench-pipeline: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Of this thread alone; asking costs too much for single events. */
static uint64_t processor_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t median(uint64_t *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* --- rounds --- */

static uint64_t round_decode(struct bench *bench)
{
	struct tc_decode_error error;
	struct tc_event event;
	uint64_t start_ns;

	check(tc_event_init(&event), "event");
	start_ns = processor_ns();
	for (size_t i = 0; i < bench->stream.count; i++) {
		const struct tc_record *record = stream_at(&bench->stream, i);

		check(tc_decode(record, record->size, &event, &error), "decode");
	}
	start_ns = processor_ns() - start_ns;
	tc_event_done(&event);
	return start_ns;
}

static uint64_t round_enrich(struct bench *bench)
{
	struct tc_decode_error error;
	struct tc_world world;
	struct tc_event event;
	uint64_t start_ns;

	check(tc_event_init(&event), "event");
	check(tc_world_init(&world), "world");
	start_ns = processor_ns();
	for (size_t i = 0; i < bench->stream.count; i++) {
		const struct tc_record *record = stream_at(&bench->stream, i);

		check(tc_decode(record, record->size, &event, &error), "decode");
		check(tc_world_enrich(&world, &event), "enrich");
		tc_world_settle(&world, &event);
	}
	start_ns = processor_ns() - start_ns;
	tc_event_done(&event);
	tc_world_done(&world);
	return start_ns;
}

static uint64_t feed_all(struct bench *bench, struct tc_pipeline *pipeline)
{
	uint64_t start_ns = processor_ns();

	for (size_t i = 0; i < bench->stream.count; i++) {
		const struct tc_record *record = stream_at(&bench->stream, i);

		check(tc_pipeline_feed(pipeline, record, record->size), "feed");
	}
	return processor_ns() - start_ns;
}

/* Adds up the time of each kind; the cost of the clock is in it. */
static uint64_t feed_kinds(struct bench *bench, struct tc_pipeline *pipeline, unsigned round)
{
	for (size_t i = 0; i < bench->stream.count; i++) {
		const struct tc_record *record = stream_at(&bench->stream, i);
		uint64_t start_ns = now_ns();

		check(tc_pipeline_feed(pipeline, record, record->size), "feed");
		bench->kind_ns[record->kind][round] += now_ns() - start_ns;
	}
	return 0;
}

static uint64_t round_all(struct bench *bench, int kinds_round)
{
	struct tc_world world;
	struct tc_pipeline_parts parts = {.world = &world, .rules = bench->rules};
	struct tc_pipeline *pipeline;
	uint64_t span_ns;

	check(tc_world_init(&world), "world");
	check(tc_pipeline_new(&parts, &pipeline), "pipeline");
	if (kinds_round < 0)
		span_ns = feed_all(bench, pipeline);
	else
		span_ns = feed_kinds(bench, pipeline, (unsigned)kinds_round);
	tc_pipeline_counts(pipeline, &bench->counts);
	tc_pipeline_free(pipeline);
	tc_world_done(&world);
	return span_ns;
}

/* --- report --- */

static uint64_t clock_cost_ns(void)
{
	uint64_t start_ns = now_ns();

	for (unsigned i = 0; i < 1000000; i++)
		now_ns();
	return (now_ns() - start_ns) / 1000000;
}

static void print_stage(const struct bench *bench, const char *name, uint64_t *spans_ns)
{
	double ns = (double)median(spans_ns, bench->rounds) / (double)bench->stream.count;
	double best = (double)spans_ns[0] / (double)bench->stream.count;

	printf("%-28s %8.1f ns/event %12.0f events/s   (best round %.1f ns)\n", name, ns, 1e9 / ns,
	       best);
}

static void bench_stages(struct bench *bench)
{
	static uint64_t spans_ns[STAGE_MAX][ROUNDS_MAX];

	/* In turn, so that whatever else the machine does meets all of them. */
	for (unsigned i = 0; i < bench->rounds; i++) {
		spans_ns[STAGE_DECODE][i] = round_decode(bench);
		spans_ns[STAGE_ENRICH][i] = round_enrich(bench);
		spans_ns[STAGE_ALL][i] = round_all(bench, -1);
	}
	print_stage(bench, "decode", spans_ns[STAGE_DECODE]);
	print_stage(bench, "decode, enrich", spans_ns[STAGE_ENRICH]);
	print_stage(bench, "decode, enrich, judge", spans_ns[STAGE_ALL]);
}

/* Rules that may match a kind of event. */
static size_t count_rules(const struct tc_ruleset *set, unsigned kind)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_rules; i++)
		n += set->rules[i].kinds >> kind & 1;
	return n;
}

/* Those of them that every event of the kind is judged by. */
static size_t count_always(const struct tc_ruleset *set, unsigned kind)
{
	const uint64_t *always = set->dispatch.kinds[kind].always;
	size_t n = 0;

	for (size_t word = 0; always && word < set->dispatch.n_words; word++)
		n += (size_t)__builtin_popcountll(always[word]);
	return n;
}

static void bench_kinds(struct bench *bench)
{
	uint64_t clock_ns = clock_cost_ns();

	for (size_t i = 0; i < bench->stream.count; i++)
		bench->kind_count[stream_at(&bench->stream, i)->kind]++;
	for (unsigned i = 0; i < bench->rounds; i++)
		round_all(bench, (int)i);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		double ns;

		if (!bench->kind_count[kind])
			continue;
		ns = (double)median(bench->kind_ns[kind], bench->rounds) /
			     (double)bench->kind_count[kind] -
		     (double)clock_ns;
		printf("  %-26s %8.0f ns/event, %5.1f %% of the events, %zu of %zu rules always\n",
		       tc_kind_info(kind)->name, ns,
		       100.0 * (double)bench->kind_count[kind] / (double)bench->stream.count,
		       count_always(bench->rules, kind), count_rules(bench->rules, kind));
	}
}

/* whole: those that are, when others are not. */
static void load_rules(struct bench *bench, const char *const *paths, size_t n_paths, bool whole)
{
	struct tc_diagnostics diagnostics = {0};
	uint64_t start_ns = now_ns();
	int r = whole ? tc_ruleset_examine(paths, n_paths, &diagnostics, &bench->rules)
		      : tc_ruleset_load(paths, n_paths, &diagnostics, &bench->rules);

	bench->load_ns = now_ns() - start_ns;
	if (r < 0)
		tc_diagnostics_print(&diagnostics, stderr, false);
	check(r, "rules");
	tc_diagnostics_done(&diagnostics);
}

/* On one core, whichever it is. */
static void stay_here(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void print_matchers(const struct tc_program *program)
{
	size_t n = 0, bytes = 0;

	for (size_t i = 0; i < program->n_inputs; i++) {
		if (!program->inputs[i].matcher)
			continue;
		n++;
		bytes += tc_matcher_bytes(program->inputs[i].matcher);
	}
	printf("%zu checks of %zu inputs; %zu matchers of %zu KiB\n", program->n_checks,
	       program->n_inputs, n, bytes / 1024);
}

int main(int argc, char **argv)
{
	static const char *const default_rules[] = {BENCH_SOURCE_DIR "/rules/default"};
	static struct bench bench = {.rounds = 11};
	size_t events = 200000;
	bool whole = false, stages = false;
	int option;

	while ((option = getopt(argc, argv, "n:r:sw")) != -1) {
		if (option == 'n')
			events = strtoul(optarg, NULL, 10);
		else if (option == 'r')
			bench.rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			stages = true;
		else if (option == 'w')
			whole = true;
		else
			return 2;
	}
	if (!bench.rounds || bench.rounds > ROUNDS_MAX)
		return 2;
	if (optind < argc)
		load_rules(&bench, (const char *const *)argv + optind, (size_t)(argc - optind),
			   whole);
	else
		load_rules(&bench, default_rules, 1, whole);
	check(stream_make(&bench.stream, events), "stream");
	stay_here();

	printf("%zu events of %llu processes, %.0f bytes each, %zu rules loaded in %.1f ms, %u "
	       "rounds\n",
	       bench.stream.count, (unsigned long long)bench.stream.processes,
	       (double)bench.stream.used / (double)bench.stream.count,
	       tc_ruleset_count(bench.rules), (double)bench.load_ns / 1e6, bench.rounds);
	print_matchers(&bench.rules->program);
	bench_stages(&bench);
	if (!stages)
		bench_kinds(&bench);
	printf("%llu alerts, %llu records refused\n", (unsigned long long)bench.counts.alerts,
	       (unsigned long long)bench.counts.refused);
	tc_ruleset_free(bench.rules);
	stream_done(&bench.stream);
	return 0;
}
