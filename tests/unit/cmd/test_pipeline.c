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
#include "agent/pipeline.h"

/* An output that remembers what it was told. */
struct recorder {
	unsigned taken, told; /* alerts: written, and flushed of those */
	uint64_t seqs[8];     /* of the first ones taken */
	int write_result, flush_result;
};

static int recorder_write(void *state, const struct tc_alert *alert)
{
	struct recorder *recorder = state;

	if (recorder->taken < 8)
		recorder->seqs[recorder->taken] = alert->seq;
	recorder->taken++;
	return recorder->write_result;
}

static int recorder_flush(void *state)
{
	struct recorder *recorder = state;

	recorder->told = recorder->taken;
	return recorder->flush_result;
}

static void recorder_close(void *state)
{
}

static const struct tc_output_ops recorder_ops = {
	.write = recorder_write,
	.flush = recorder_flush,
	.close = recorder_close,
};

/* A pipeline with a journal and two outputs; another connection can keep the journal from being
 * written. */
struct bench {
	struct place *place;
	struct recorder recorders[2];
	struct tc_output *outputs[2];
	struct tc_world world;
	struct tc_journal *journal;
	struct tc_pipeline *pipeline;
	sqlite3 *other;
};

static struct bench *bench_open(struct place *place)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct tc_pipeline_parts parts = {
		.world = &bench->world, .rules = rules, .outputs = bench->outputs, .n_outputs = 2};

	bench->place = place;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tc_output_attach("recorder", &recorder_ops, &bench->recorders[i],
						  &bench->outputs[i]),
				 0);
	assert_int_equal(tc_world_init(&bench->world), 0);
	parts.journal = bench->journal = open_journal(place->path);
	assert_int_equal(tc_pipeline_new(&parts, &bench->pipeline), 0);
	assert_int_equal(sqlite3_open(place->path, &bench->other), SQLITE_OK);
	return bench;
}

static void bench_close(struct bench *bench)
{
	sqlite3_close(bench->other);
	tc_pipeline_free(bench->pipeline);
	for (unsigned i = 0; i < 2; i++)
		tc_output_close(bench->outputs[i]);
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
	assert_int_equal(bench->recorders[0].taken, 2);
	assert_int_equal(bench->recorders[0].told, 0);
	say(bench, "BEGIN IMMEDIATE");
	start = now();
	error = tc_pipeline_commit(bench->pipeline);
	/* The thread that drains the rings waits for nobody. */
	assert_true(now() - start < 1);
	assert_int_equal(error, -EBUSY);
	assert_int_equal(bench->recorders[0].told, 0);
	say(bench, "ROLLBACK");
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(bench->recorders[0].told, 2);
	assert_int_equal(bench->recorders[0].seqs[0], 1);
	assert_int_equal(bench->recorders[0].seqs[1], 2);
	assert_int_equal(query(bench->place->path, TC_JOURNAL_FILTER_ALL).count, 2);
	bench_close(bench);
}

/* The end of a run whose journal cannot be written: outputs are closed while alerts wait. */
static void test_what_was_not_committed_is_never_printed(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_output *recorder = bench->outputs[1];
	FILE *out = tmpfile(), *told = tmpfile();
	int saved_out = dup(1), saved_err = dup(2);
	char printed[8192] = "", said[512] = "";

	assert_int_equal(tc_output_open("stdout", &bench->outputs[1]), 0);
	feed_exec(bench, 1000);
	fflush(NULL);
	dup2(fileno(out), 1);
	dup2(fileno(told), 2);
	int first = tc_pipeline_commit(bench->pipeline);
	feed_exec(bench, 2000);
	sqlite3_exec(bench->other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	int second = tc_pipeline_commit(bench->pipeline);
	tc_output_close(bench->outputs[1]);
	fflush(NULL);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	bench->outputs[1] = recorder;

	assert_int_equal(first, 0);
	assert_int_equal(second, -EBUSY);
	assert_true(pread(fileno(out), printed, sizeof(printed) - 1, 0) > 0);
	assert_true(pread(fileno(told), said, sizeof(said) - 1, 0) > 0);
	assert_non_null(strstr(printed, "\"seq\":1,"));
	assert_non_null(strstr(printed, "\"seq\":2,"));
	assert_null(strstr(printed, "\"seq\":3,"));
	assert_non_null(strstr(said, "output stdout: 2 alerts were not printed\n"));
	fclose(out);
	fclose(told);
	say(bench, "ROLLBACK");
	bench_close(bench);
}

static void test_output_that_fails_stops_nobody(void **state)
{
	struct bench *bench = bench_open(*state);

	bench->recorders[0].write_result = -ENOMEM;
	bench->recorders[0].flush_result = -EPIPE;
	feed_exec(bench, 1000);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	bench->recorders[0].flush_result = -EAGAIN;
	feed_exec(bench, 2000);
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(bench->recorders[1].told, 4);
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

static struct stored losses(const struct bench *bench)
{
	struct tc_journal_filter filter = {.max_priority = TC_PRIORITY_DEBUG, .kind = "loss"};
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
	assert_int_equal(bench->recorders[0].taken, TC_JOURNAL_PENDING_MAX);
	say(bench, "ROLLBACK");
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	stored = losses(bench);
	assert_int_equal(stored.count, 1);
	assert_non_null(strstr(stored.json, "\"loss.count\":10,"));
	assert_non_null(strstr(stored.json, "\"loss.reason\":\"journal_full\""));
	assert_non_null(strstr(stored.json, "\"loss.since_boottime\":33768,"));
	assert_non_null(strstr(stored.json, "\"loss.until_boottime\":33772,"));
	/* No CPU lost them, and no event was lost. */
	assert_null(strstr(stored.json, "4294967295"));
	assert_int_equal(counts_of(bench).lost, 0);
	assert_int_equal(bench->recorders[0].told, TC_JOURNAL_PENDING_MAX + 1);
	/* Once. */
	assert_int_equal(tc_pipeline_commit(bench->pipeline), 0);
	assert_int_equal(losses(bench).count, 1);
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
	stored = losses(bench);
	assert_int_equal(stored.count, 1);
	assert_true(json_valid(stored.json));
	assert_non_null(strstr(stored.json, "\"loss.count\":2,"));
	assert_non_null(strstr(stored.json, "\"loss.reason\":\"refused\""));
	assert_non_null(strstr(stored.json, "\"loss.since_boottime\":5000,"));
	assert_non_null(strstr(stored.json, "\"loss.until_boottime\":6000,"));
	assert_int_equal(counts_of(bench).refused, 2);
	bench_close(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_told_once_committed),
		TEST(test_what_was_not_committed_is_never_printed),
		TEST(test_output_that_fails_stops_nobody),
		TEST(test_alerts_without_room_are_told_when_there_is_some),
		TEST(test_refused_records_are_told),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
