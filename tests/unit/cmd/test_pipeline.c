/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "../output/journal_fixture.h"
#include "../output/json_check.h"
#include "../output/recorder.h"
#include "agent/enrich/host.h"
#include "agent/notice.h"
#include "agent/pipeline.h"
#include "output/limit.h"

/* A pipeline with a journal and an output; another connection can keep the journal from being
 * written. */
struct bench {
	struct place *place;
	struct tc_couriers *couriers;
	struct tc_world world;
	struct tc_journal *journal;
	struct tc_pipeline *pipeline;
	sqlite3 *other;
};

static struct bench *bench_open(struct place *place)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct tc_pipeline_parts parts = {.world = &bench->world, .rules = rules};

	memset(&recorder, 0, sizeof(recorder));
	bench->place = place;
	assert_int_equal(tc_couriers_new(&bench->couriers), 0);
	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	assert_int_equal(tc_world_init(&bench->world), 0);
	parts.journal = bench->journal = open_journal(place->path);
	parts.couriers = bench->couriers;
	assert_int_equal(tc_couriers_start(bench->couriers, place->path, 0), 0);
	assert_int_equal(tc_pipeline_new(&parts, &bench->pipeline), 0);
	assert_int_equal(sqlite3_open(place->path, &bench->other), SQLITE_OK);
	return bench;
}

static void bench_close(struct bench *bench)
{
	sqlite3_close(bench->other);
	tc_pipeline_free(bench->pipeline);
	tc_couriers_free(bench->couriers);
	tc_journal_close(bench->journal);
	tc_world_done(&bench->world);
	free(bench);
}

static void say(struct bench *bench, const char *sql)
{
	assert_int_equal(sqlite3_exec(bench->other, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* An exec, which both rules match: two alerts. */
static void feed_exec(struct bench *bench, uint64_t time_ns)
{
	struct tc_exec *exec = fixture_exec(&fixture);

	exec->header.time_ns = time_ns;
	assert_int_equal(tc_pipeline_feed(bench->pipeline, exec, exec->header.size), 0);
}

static void feed_garbage(struct bench *bench)
{
	_Alignas(8) char bytes[8] = "garbage";

	assert_int_equal(tc_pipeline_feed(bench->pipeline, bytes, sizeof(bytes)), 0);
}

static struct tc_pipeline_counts counts_of(const struct bench *bench)
{
	struct tc_pipeline_counts counts;

	tc_pipeline_counts(bench->pipeline, &counts);
	return counts;
}

/* Waits until the output has told so many; false after a minute. */
static bool is_told(size_t count)
{
	for (unsigned i = 0; i < 60000 && recorder.n_delivered < count; i++)
		usleep(1000);
	return recorder.n_delivered == count;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void test_is_told_once_committed(void **state)
{
	struct bench *bench = bench_open(*state);
	double start;
	int error;

	feed_exec(bench, 1000);
	say(bench, "BEGIN IMMEDIATE");
	start = now();
	error = tc_pipeline_commit(bench->pipeline);
	/* The thread that drains the rings waits for nobody. */
	assert_true(now() - start < 4);
	assert_int_equal(error, -EBUSY);
	usleep(50000);
	assert_int_equal(recorder.n_delivered, 0);
	say(bench, "ROLLBACK");
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_true(is_told(2));
	assert_int_equal(recorder.seqs[0], 1);
	assert_int_equal(recorder.seqs[1], 2);
	assert_int_equal(query(bench->place->path, TC_JOURNAL_FILTER_ALL).count, 2);
	bench_close(bench);
}

/* The end of a run whose journal cannot be written: outputs are stopped while alerts wait. */
static void test_what_was_not_committed_is_never_told(void **state)
{
	struct bench *bench = bench_open(*state);

	feed_exec(bench, 1000);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	feed_exec(bench, 2000);
	say(bench, "BEGIN IMMEDIATE");
	assert_int_equal(tc_pipeline_commit(bench->pipeline), -EBUSY);
	tc_couriers_stop(bench->couriers);
	assert_int_equal(recorder.n_delivered, 2);
	say(bench, "ROLLBACK");
	bench_close(bench);
}

/* A row of the journal, as it was stored. */
struct stored {
	char kind[16], json[8192];
	unsigned count;
};

static int keep(const struct tc_journal_row *row, void *context)
{
	struct stored *stored = context;

	snprintf(stored->kind, sizeof(stored->kind), "%s", row->kind);
	snprintf(stored->json, sizeof(stored->json), "%s", row->json);
	stored->count++;
	return 0;
}

/* How many rows of a kind there are, and the last of them. */
static struct stored rows_of(const struct bench *bench, const char *kind)
{
	struct tc_journal_filter filter = {.max_priority = TC_PRIORITY_DEBUG, .kind = kind};
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct stored stored = {0};

	assert_int_equal(tc_journal_reader_open(bench->place->path, &reader), 0);
	assert_int_equal(tc_journal_reader_query(reader, &filter, keep, &stored), 0);
	return stored;
}

static void test_alerts_without_room_are_told_when_there_is_some(void **state)
{
	struct bench *bench = bench_open(*state);
	uint64_t n = TC_JOURNAL_PENDING_MAX / 2;
	struct stored stored;

	say(bench, "BEGIN IMMEDIATE");
	for (uint64_t i = 0; i < n + 5; i++)
		feed_exec(bench, 1000 + i);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), -EBUSY);
	assert_int_equal(counts_of(bench).dropped, 10);
	say(bench, "ROLLBACK");
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	stored = rows_of(bench, "loss");
	assert_int_equal(stored.count, 1);
	assert_non_null(strstr(stored.json, "\"loss.count\":10,"));
	assert_non_null(strstr(stored.json, "\"loss.reason\":\"journal_full\""));
	assert_non_null(strstr(stored.json, "\"loss.since_boottime\":33768,"));
	assert_non_null(strstr(stored.json, "\"loss.until_boottime\":33772,"));
	/* No CPU lost them, and no event was lost. */
	assert_null(strstr(stored.json, "4294967295"));
	assert_int_equal(counts_of(bench).lost, 0);
	/* Once. */
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(rows_of(bench, "loss").count, 1);
	bench_close(bench);
}

static void test_refused_records_are_told(void **state)
{
	struct bench *bench = bench_open(*state);
	struct stored stored;

	feed_exec(bench, 5000);
	feed_garbage(bench);
	feed_exec(bench, 6000);
	feed_garbage(bench);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	stored = rows_of(bench, "loss");
	assert_int_equal(stored.count, 1);
	assert_true(json_valid(stored.json));
	assert_non_null(strstr(stored.json, "\"loss.count\":2,"));
	assert_non_null(strstr(stored.json, "\"loss.reason\":\"refused\""));
	assert_non_null(strstr(stored.json, "\"loss.since_boottime\":5000,"));
	assert_non_null(strstr(stored.json, "\"loss.until_boottime\":6000,"));
	assert_int_equal(counts_of(bench).refused, 2);
	bench_close(bench);
}

static void test_a_clock_that_is_set_is_told_and_counts_from_then_on(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;
	struct stored stored;

	/* As the world finds it at its next look at the host. */
	bench->world.origin = tc_host_new("", 0);
	assert_non_null(bench->world.origin);
	bench->world.next_tick_ns = UINT64_MAX;
	bench->world.next_clock.real_minus_boot_ns = -3600000000000;
	feed_exec(bench, 7200000000001);
	feed_exec(bench, 7200000000002);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	stored = rows_of(bench, "clock_step");
	assert_int_equal(stored.count, 1);
	assert_true(json_valid(stored.json));
	assert_non_null(strstr(stored.json, "\"clock.step\":-3600000000000,"));
	assert_non_null(strstr(stored.json, "\"clock.offset\":-3600000000000,"));
	/* Two alerts by the former time, the step and two by the new one. */
	filter.since_ns = 7200000000000;
	assert_int_equal(query(bench->place->path, filter).count, 2);
	filter.since_ns = 3600000000000;
	assert_int_equal(query(bench->place->path, filter).count, 5);
	bench_close(bench);
}

static void test_other_rules_judge_from_the_next_record_on(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *others = fixture_rules("- rule: other\n"
						  "  desc: d\n"
						  "  condition: evt.kind = exec\n"
						  "  output: x\n"
						  "  priority: INFO\n");
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;

	feed_exec(bench, 1000);
	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, others, 0), 0);
	feed_exec(bench, 2000);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(query(bench->place->path, TC_JOURNAL_FILTER_ALL).count, 3);
	filter.rules = (const char *const[]){"other"};
	filter.n_rules = 1;
	assert_int_equal(query(bench->place->path, filter).count, 1);
	bench_close(bench);
	tc_ruleset_free(others);
}

/* An exec that a hook judged, by the rules of a generation. */
static void feed_judged(struct bench *bench, uint32_t generation, uint32_t rule,
			enum tc_verdict verdict)
{
	struct tc_exec *exec = fixture_exec(&fixture);

	exec->header.generation = generation;
	exec->header.rule = rule;
	exec->header.verdict = verdict;
	assert_int_equal(tc_pipeline_feed(bench->pipeline, exec, exec->header.size), 0);
}

/* How many alerts of a rule the journal has, when all was committed. */
static size_t count_of(struct bench *bench, const char *rule)
{
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;

	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	filter.rules = &rule;
	filter.n_rules = 1;
	return query(bench->place->path, filter).count;
}

#define RULE(name, condition)                                                                      \
	"- rule: " name "\n  desc: d\n  condition: " condition "\n  output: x\n  priority: INFO\n"

static void test_records_are_judged_by_the_rules_of_their_generation(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *two = fixture_rules(RULE("two", "evt.kind = exec"));
	struct tc_ruleset *three = fixture_rules(RULE("three", "evt.kind = exec"));

	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, two, 2), 0);
	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, three, 3), 0);
	feed_judged(bench, 2, 0, TC_VERDICT_NONE);
	assert_int_equal(count_of(bench, "two"), 1);
	assert_int_equal(count_of(bench, "three"), 0);
	feed_judged(bench, 3, 0, TC_VERDICT_NONE);
	feed_judged(bench, 0, 0, TC_VERDICT_NONE);
	assert_int_equal(count_of(bench, "two"), 1);
	assert_int_equal(count_of(bench, "three"), 2);
	tc_pipeline_forget_former(bench->pipeline);
	tc_ruleset_free(two);
	feed_judged(bench, 2, 0, TC_VERDICT_NONE);
	assert_int_equal(count_of(bench, "three"), 3);
	bench_close(bench);
	tc_ruleset_free(three);
}

static void test_what_a_rule_did_in_the_kernel_is_its_alert(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		fixture_rules(RULE("all", "evt.kind = exec") RULE("other", "proc.name = other"));

	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, set, 7), 0);
	/* The deciding rule speaks once, also where it would not match any more; others beside it.
	 */
	feed_judged(bench, 7, 2, TC_VERDICT_BLOCKED);
	assert_int_equal(count_of(bench, "other"), 1);
	assert_int_equal(count_of(bench, "all"), 1);
	feed_judged(bench, 7, 1, TC_VERDICT_WOULD_BLOCK);
	assert_int_equal(count_of(bench, "all"), 2);
	assert_int_equal(count_of(bench, "other"), 1);
	/* Nobody knows what rule 2 of another generation was, and there is no rule 3. */
	feed_judged(bench, 6, 2, TC_VERDICT_BLOCKED);
	feed_judged(bench, 7, 3, TC_VERDICT_KILLED);
	feed_judged(bench, 7, 2, TC_VERDICT_ALERTED);
	assert_int_equal(count_of(bench, "other"), 1);
	assert_int_equal(count_of(bench, "all"), 5);
	/* An agent before this one had the same rules. */
	tc_pipeline_inherit(bench->pipeline, 6);
	feed_judged(bench, 6, 2, TC_VERDICT_BLOCKED);
	feed_judged(bench, 5, 2, TC_VERDICT_BLOCKED);
	assert_int_equal(count_of(bench, "other"), 2);
	bench_close(bench);
	tc_ruleset_free(set);
}

#define SECOND 1000000000ULL

/* An exec of a program by a process, so many seconds after the first one. */
static void feed_program(struct bench *bench, const char *exe, uint32_t pid, uint64_t time_s)
{
	struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);

	exec->header.tgid = exec->header.tid = pid;
	exec->header.time_ns = (100000 + time_s) * SECOND;
	fixture_slot(&fixture, &exec->exe, exe, strlen(exe));
	assert_int_equal(tc_pipeline_feed(bench->pipeline, exec, exec->header.size), 0);
}

/* Rules that judge from now on. To be freed behind the bench. */
static struct tc_ruleset *use(struct bench *bench, const char *text)
{
	struct tc_ruleset *set = fixture_rules(text);

	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, set, 0), 0);
	return set;
}

static void test_a_rule_keeps_back_what_is_too_much(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: {rate: 2/1h, by: "
							      "[proc.exepath, user.uid]}\n" RULE(
								      "free", "evt.kind = exec"));
	struct stored stored;

	for (unsigned i = 0; i < 5; i++)
		feed_program(bench, "/bin/sh", 10, i);
	feed_program(bench, "/bin/other", 10, 5);
	assert_int_equal(count_of(bench, "limited"), 3);
	assert_int_equal(count_of(bench, "free"), 6);
	assert_int_equal(counts_of(bench).limited, 3);
	assert_int_equal(counts_of(bench).alerts, 9);
	assert_int_equal(rows_of(bench, "suppressed").count, 0);
	/* The span is over: its count comes first, and a new one begins. */
	feed_program(bench, "/bin/sh", 10, 3600);
	assert_int_equal(count_of(bench, "limited"), 4);
	stored = rows_of(bench, "suppressed");
	assert_int_equal(stored.count, 1);
	assert_true(json_valid(stored.json));
	assert_non_null(strstr(stored.json, "\"suppressed.count\":3,"));
	assert_non_null(strstr(stored.json, "\"suppressed.rule\":\"limited\""));
	assert_non_null(strstr(stored.json, "\"suppressed.reason\":\"rate_limit\""));
	assert_non_null(strstr(stored.json, "\"suppressed.since\":100002000,"));
	assert_non_null(strstr(stored.json, "\"suppressed.until\":100004000,"));
	assert_non_null(
		strstr(stored.json, "\"suppressed.by\":\"proc.exepath=/bin/sh user.uid=0\""));
	bench_close(bench);
	tc_ruleset_free(set);
}

static void test_what_rules_kept_back_is_told_at_the_end(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: 1/1h\n");
	struct tc_notice notice;
	const struct tc_record *stop = tc_notice_stop(&notice, 100001 * SECOND, 0, 0);

	feed_program(bench, "/bin/a", 10, 0);
	feed_program(bench, "/bin/b", 10, 0);
	assert_int_equal(tc_pipeline_feed(bench->pipeline, stop, stop->size), 0);
	assert_int_equal(count_of(bench, "limited"), 1);
	assert_int_equal(rows_of(bench, "suppressed").count, 1);
	assert_non_null(strstr(rows_of(bench, "suppressed").json, "\"suppressed.by\":null"));
	bench_close(bench);
	tc_ruleset_free(set);
}

static void test_what_rules_kept_back_is_told_before_they_go(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: 1/1h\n");
	struct tc_ruleset *others = fixture_rules(RULE("other", "evt.kind = exec"));

	feed_program(bench, "/bin/a", 10, 0);
	feed_program(bench, "/bin/b", 10, 0);
	assert_int_equal(tc_pipeline_set_rules(bench->pipeline, others, 0), 0);
	tc_pipeline_forget_former(bench->pipeline);
	tc_ruleset_free(set);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(rows_of(bench, "suppressed").count, 1);
	bench_close(bench);
	tc_ruleset_free(others);
}

static void test_spans_of_rules_end_without_events(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: 1/1ms\n");

	feed_program(bench, "/bin/a", 10, 0);
	feed_program(bench, "/bin/b", 10, 0);
	usleep(5000);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(rows_of(bench, "suppressed").count, 1);
	bench_close(bench);
	tc_ruleset_free(set);
}

static void test_long_values_are_told_apart_and_kept_short(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set =
		use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: {rate: 1/1h, by: "
							      "proc.exepath}\n");
	char exe[2000] = "";
	struct stored stored;

	memset(exe, 'a', sizeof(exe) - 1);
	feed_program(bench, exe, 10, 0);
	exe[1990] = 'b';
	feed_program(bench, exe, 10, 0);
	feed_program(bench, exe, 10, 0);
	assert_int_equal(count_of(bench, "limited"), 2);
	feed_program(bench, exe, 10, 3601);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	stored = rows_of(bench, "suppressed");
	assert_int_equal(stored.count, 1);
	assert_non_null(strstr(stored.json, "aaa... #"));
	bench_close(bench);
	tc_ruleset_free(set);
}

/* Whoever makes the events must not choose how much is kept of them. */
static void test_limits_of_rules_are_bounded(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set = use(bench, RULE("limited", "evt.kind = exec") "  rate_limit: "
									       "{rate: 1/1h, by: "
									       "proc.pid}\n");

	feed_program(bench, "/bin/a", 1, 0);
	feed_program(bench, "/bin/a", 1, 0);
	for (uint32_t pid = 2; pid <= TC_LIMIT_KEYS_MAX; pid++)
		feed_program(bench, "/bin/a", pid, 0);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(rows_of(bench, "suppressed").count, 1);
	feed_program(bench, "/bin/a", 1, 0);
	assert_int_equal(counts_of(bench).alerts, TC_LIMIT_KEYS_MAX + 1);
	bench_close(bench);
	tc_ruleset_free(set);
}

static void test_what_limits_tell_is_not_limited(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_ruleset *set = use(
		bench,
		RULE("limited",
		     "evt.kind = exec") "  rate_limit: {rate: 1/1h, by: "
					"proc.exepath}\n" RULE(
						"about",
						"evt.kind = suppressed") "  rate_limit: 1/1h\n");

	for (unsigned i = 0; i < 8; i++)
		feed_program(bench, i % 2 ? "/bin/a" : "/bin/b", 10, 0);
	feed_program(bench, "/bin/c", 10, 3600);
	assert_int_equal(count_of(bench, "about"), 2);
	assert_int_equal(counts_of(bench).limited, 6);
	bench_close(bench);
	tc_ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_told_once_committed),
		TEST(test_what_was_not_committed_is_never_told),
		TEST(test_alerts_without_room_are_told_when_there_is_some),
		TEST(test_refused_records_are_told),
		TEST(test_a_clock_that_is_set_is_told_and_counts_from_then_on),
		TEST(test_other_rules_judge_from_the_next_record_on),
		TEST(test_records_are_judged_by_the_rules_of_their_generation),
		TEST(test_what_a_rule_did_in_the_kernel_is_its_alert),
		TEST(test_a_rule_keeps_back_what_is_too_much),
		TEST(test_what_rules_kept_back_is_told_at_the_end),
		TEST(test_what_rules_kept_back_is_told_before_they_go),
		TEST(test_spans_of_rules_end_without_events),
		TEST(test_long_values_are_told_apart_and_kept_short),
		TEST(test_limits_of_rules_are_bounded),
		TEST(test_what_limits_tell_is_not_limited),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
