/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/enrich/clock.h"
#include "journal_fixture.h"
#include "output/courier.h"
#include "recorder.h"
#include "told.h"

/* A journal, its cursors, and a courier that is driven step by step. */
struct bench {
	struct place *place;
	struct tc_journal *journal;
	struct tc_cursors *cursors;
	struct tc_courier *courier;
	bool lost;
};

static struct bench *bench_open(struct place *place)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	memset(&recorder, 0, sizeof(recorder));
	bench->place = place;
	bench->journal = open_journal(place->path);
	assert_int_equal(tc_cursors_open(place->path, &bench->cursors, &bench->lost), 0);
	return bench;
}

static void bench_close(struct bench *bench)
{
	tc_courier_free(bench->courier);
	tc_cursors_close(bench->cursors);
	tc_journal_close(bench->journal);
	free(bench);
}

static void start(struct bench *bench, const char *spec)
{
	const struct tc_courier_place place = {
		.journal_path = bench->place->path,
		.last_seq = tc_journal_last_seq(bench->journal),
		.cursors = bench->cursors,
		.cursors_lost = bench->lost,
	};

	assert_int_equal(tc_courier_new(&recorder_output, spec, &bench->courier), 0);
	assert_int_equal(tc_courier_start(bench->courier, &place), 0);
}

/* The agent dies: nothing is stored at the end. */
static void kill_courier(struct bench *bench)
{
	tc_courier_free(bench->courier);
	bench->courier = NULL;
}

static void end(struct bench *bench)
{
	tc_courier_end(bench->courier);
	kill_courier(bench);
}

static void commit(struct bench *bench, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add(bench->journal, i % 2, i);
	assert_int_equal(tc_journal_flush(bench->journal), 0);
}

/* One step on news. */
static uint64_t step(struct bench *bench)
{
	return tc_courier_step(bench->courier, &(struct tc_courier_orders){.news = true});
}

/* Steps until there is nothing to do at once. */
static uint64_t run(struct bench *bench)
{
	uint64_t due_ns = step(bench);

	while (due_ns <= tc_clock_monotonic_ns())
		due_ns = tc_courier_step(bench->courier, &(struct tc_courier_orders){0});
	return due_ns;
}

static void assert_delivered(const uint64_t *seqs, size_t count)
{
	assert_int_equal(recorder.n_delivered, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(recorder.seqs[i], seqs[i]);
}

#define assert_told(...)                                                                           \
	do {                                                                                       \
		const uint64_t expected_[] = {__VA_ARGS__};                                        \
		assert_delivered(expected_, sizeof(expected_) / sizeof(expected_[0]));             \
	} while (0)

static struct tc_cursor stored;

static int keep(const struct tc_cursor *cursor, void *context)
{
	static char error[256];

	stored = *cursor;
	snprintf(error, sizeof(error), "%s", cursor->error ? cursor->error : "");
	stored.error = error;
	stored.name = stored.spec = NULL;
	stored.journal = NULL;
	return 1;
}

static void test_tells_what_is_committed_from_now_on(void **state)
{
	struct bench *bench = bench_open(*state);

	commit(bench, 3);
	start(bench, "recorder");
	run(bench);
	assert_int_equal(recorder.n_delivered, 0);
	add(bench->journal, 0, 1);
	run(bench);
	assert_int_equal(recorder.n_delivered, 0);
	commit(bench, 1);
	run(bench);
	assert_told(4, 5);
	assert_int_equal(tc_courier_cursor(bench->courier), 5);
	bench_close(bench);
}

static void test_gives_the_bytes_of_the_journal(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_exec *exec = fixture_exec(&fixture);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	char json[8192];

	(void)exec;
	start(bench, "recorder");
	assert_int_equal(tc_journal_add(bench->journal, &alert), 0);
	snprintf(json, sizeof(json), "%.*s", (int)alert.json_length, alert.json);
	assert_int_equal(tc_journal_flush(bench->journal), 0);
	run(bench);
	assert_string_equal(recorder.text, json);
	bench_close(bench);
}

static void test_goes_on_where_it_was(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder:start=beginning");
	commit(bench, 3);
	run(bench);
	end(bench);
	commit(bench, 2);
	/* Where it begins is for an output without a cursor only. */
	start(bench, "recorder:start=beginning");
	run(bench);
	assert_told(1, 2, 3, 4, 5);
	end(bench);
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_int_equal(stored.seq, 5);
	assert_int_equal(stored.delivered, 5);
	assert_true(stored.durable && stored.active);
	bench_close(bench);
}

static void test_a_new_output_begins_as_it_says(void **state)
{
	struct bench *bench = bench_open(*state);
	char spec[64];

	commit(bench, 6);
	start(bench, "recorder:name=a,start=beginning");
	run(bench);
	assert_told(1, 2, 3, 4, 5, 6);
	end(bench);
	recorder.n_delivered = 0;
	/* commit() puts row n at FIXTURE_TIME_NS and n - 1 seconds: 10:00:00.12 and so on. */
	snprintf(spec, sizeof(spec), "recorder:name=b,start=2024-05-01T10:00:04Z");
	start(bench, spec);
	run(bench);
	assert_told(5, 6);
	end(bench);
	recorder.n_delivered = 0;
	start(bench, "recorder:name=c,start=resume");
	commit(bench, 1);
	run(bench);
	assert_told(7);
	bench_close(bench);
}

/* Between the start and the first alert, too. */
static void test_nothing_is_missed_after_a_crash(void **state)
{
	struct bench *bench = bench_open(*state);

	commit(bench, 2);
	start(bench, "recorder");
	kill_courier(bench);
	commit(bench, 2);
	start(bench, "recorder");
	recorder.delivers_up_to = 3;
	step(bench);
	kill_courier(bench);
	recorder.delivers_up_to = 0;
	recorder.n_waiting = 0;
	start(bench, "recorder");
	run(bench);
	/* Twice, since the cursor was not stored yet. */
	assert_told(3, 3, 4);
	bench_close(bench);
}

/* Steps, with news each time, until the output is begun anew; how long that took since the step at
 * *began_ns, at least. */
static uint64_t until_reset(struct bench *bench, uint64_t *began_ns)
{
	uint64_t former_ns = *began_ns;
	unsigned resets = recorder.resets;

	for (; recorder.resets == resets; usleep(1000)) {
		*began_ns = tc_clock_monotonic_ns();
		step(bench);
	}
	return tc_clock_monotonic_ns() - former_ns;
}

static void test_failure_is_repeated_from_the_first_undelivered(void **state)
{
	struct bench *bench = bench_open(*state);
	uint64_t began_ns = 0;

	start(bench, "recorder");
	commit(bench, 2);
	run(bench);
	recorder.flush_result = -ECONNRESET;
	commit(bench, 2);
	until_reset(bench, &began_ns);
	/* News do not shorten the pauses, which grow from 100 ms, a quarter more or less. */
	assert_true(until_reset(bench, &began_ns) >= 75000000);
	assert_true(until_reset(bench, &began_ns) >= 150000000);
	assert_int_equal(recorder.resets, 3);
	recorder.flush_result = 0;
	while (recorder.n_delivered < 4) {
		step(bench);
		usleep(1000);
	}
	assert_told(1, 2, 3, 4);
	tc_courier_end(bench->courier);
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_string_equal(stored.error, "Connection reset by peer");
	assert_int_equal(stored.errors, 0);
	assert_true(stored.error_ns > 0);
	bench_close(bench);
}

static void test_partial_delivery_moves_the_cursor(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder");
	commit(bench, 5);
	recorder.delivers_up_to = 2;
	step(bench);
	assert_int_equal(tc_courier_cursor(bench->courier), 2);
	recorder.write_result = -EPIPE;
	commit(bench, 1);
	step(bench);
	assert_int_equal(recorder.resets, 1);
	assert_int_equal(tc_courier_cursor(bench->courier), 2);
	recorder.write_result = 0;
	recorder.delivers_up_to = 0;
	usleep(130000);
	run(bench);
	assert_told(1, 2, 3, 4, 5, 6);
	bench_close(bench);
}

static void test_full_output_is_flushed(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder");
	recorder.room = 7;
	commit(bench, 1000);
	run(bench);
	assert_int_equal(recorder.n_delivered, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(recorder.seqs[i], i + 1);
	bench_close(bench);
}

static void test_replaced_journal_is_told_from_its_beginning(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_cursor ahead = {
		.name = "recorder", .spec = "recorder", .durable = true, .seq = 1000};
	struct redirection saved;

	commit(bench, 3);
	assert_int_equal(tc_cursors_put(bench->cursors, &ahead), 0);
	saved = redirect(1);
	start(bench, "recorder");
	assert_non_null(strstr(restore(&saved), "it was at row 1000, and the journal ends at 3"));
	run(bench);
	assert_told(1, 2, 3);
	bench_close(bench);
}

/* Starts an output that was at a row of a journal; NULL: nobody knows of which. Returns what is
 * said then. */
static const char *start_at(struct bench *bench, uint64_t seq, const struct tc_hash *journal)
{
	const struct tc_cursor cursor = {.name = "recorder",
					 .spec = "recorder",
					 .durable = true,
					 .seq = seq,
					 .journal = journal};
	struct redirection saved;

	assert_int_equal(tc_cursors_put(bench->cursors, &cursor), 0);
	saved = redirect(1);
	start(bench, "recorder");
	const char *said = restore(&saved);
	run(bench);
	return said;
}

static struct tc_journal_beginning beginning_of(const char *path)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_journal_beginning beginning;

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_beginning(reader, &beginning), 0);
	assert_true(beginning.known);
	return beginning;
}

static void test_longer_journal_in_place_of_another_is_noticed(void **state)
{
	static const struct tc_hash other = {.bytes = {1, 2, 3}};
	struct bench *bench = bench_open(*state);
	struct tc_hash own = beginning_of(bench->place->path).hash;

	commit(bench, 3);
	assert_non_null(strstr(start_at(bench, 2, &other), "it was at row 2 of another journal"));
	assert_told(1, 2, 3);
	kill_courier(bench);
	recorder.n_delivered = 0;
	assert_string_equal(start_at(bench, 2, &own), "");
	assert_told(3);
	kill_courier(bench);
	recorder.n_delivered = 0;
	assert_string_equal(start_at(bench, 2, NULL), "");
	assert_told(3);
	/* From here on it is known. */
	kill_courier(bench);
	execute(bench->place->path, "UPDATE origin SET hash = zeroblob(32)");
	recorder.n_delivered = 0;
	start(bench, "recorder");
	run(bench);
	assert_told(1, 2, 3);
	bench_close(bench);
}

/* The agent goes on with its numbers where a journal was removed while it wrote. */
static void test_journal_that_follows_another_is_gone_on_with(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_journal_beginning before = beginning_of(bench->place->path), after;

	commit(bench, 3);
	assert_int_equal(unlink(bench->place->path), 0);
	commit(bench, 2);
	after = beginning_of(bench->place->path);
	assert_int_equal(before.seq, 0);
	assert_int_equal(after.seq, 3);
	assert_memory_not_equal(&before.hash, &after.hash, sizeof(before.hash));
	assert_string_equal(start_at(bench, 2, &before.hash), "");
	assert_told(4, 5);
	kill_courier(bench);
	recorder.n_delivered = 0;
	/* No row of the one before had that number. */
	assert_non_null(
		strstr(start_at(bench, 4, &before.hash), "from its beginning, behind row 3"));
	assert_told(4, 5);
	bench_close(bench);
}

/* As the agent does with one that is damaged. */
static void test_goes_on_in_a_new_journal(void **state)
{
	struct bench *bench = bench_open(*state);
	char aside[128];

	start(bench, "recorder");
	commit(bench, 2);
	run(bench);
	tc_journal_close(bench->journal);
	snprintf(aside, sizeof(aside), "%s.damaged", bench->place->path);
	assert_int_equal(rename(bench->place->path, aside), 0);
	bench->journal = open_journal(bench->place->path);
	commit(bench, 4);
	run(bench);
	assert_told(1, 2, 3, 4);
	bench_close(bench);
}

static void test_lost_cursors_mean_all_over_again(void **state)
{
	struct bench *bench = bench_open(*state);

	commit(bench, 3);
	bench->lost = true;
	start(bench, "recorder");
	run(bench);
	assert_told(1, 2, 3);
	bench_close(bench);
}

static void test_last_attempt_ignores_the_pause(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_courier_orders stop = {.stop = true,
					 .stop_by_ns = tc_clock_monotonic_ns() + 60000000000};

	start(bench, "recorder");
	commit(bench, 3);
	recorder.write_result = -EPIPE;
	step(bench);
	assert_false(tc_courier_is_done(bench->courier));
	recorder.write_result = 0;
	while (!tc_courier_is_done(bench->courier))
		tc_courier_step(bench->courier, &stop);
	assert_told(1, 2, 3);
	bench_close(bench);
}

static void test_last_attempt_is_one(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_courier_orders stop = {.stop = true,
					 .stop_by_ns = tc_clock_monotonic_ns() + 60000000000};
	struct redirection saved;

	start(bench, "recorder");
	commit(bench, 3);
	recorder.write_result = -EPIPE;
	tc_courier_step(bench->courier, &stop);
	assert_true(tc_courier_is_done(bench->courier));
	saved = redirect(1);
	tc_courier_end(bench->courier);
	assert_string_equal(restore(&saved),
			    "tocsin: warning: output recorder: the last 3 rows of the journal were "
			    "not delivered; it goes on with them when the agent starts again\n");
	bench_close(bench);
}

static void test_last_attempt_has_an_end(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_courier_orders stop = {.stop = true,
					 .stop_by_ns = tc_clock_monotonic_ns() + 50000000};

	start(bench, "recorder");
	commit(bench, 3);
	recorder.delivers_up_to = 1;
	for (unsigned i = 0; i < 1000 && !tc_courier_is_done(bench->courier); i++) {
		tc_courier_step(bench->courier, &stop);
		usleep(1000);
	}
	assert_true(tc_courier_is_done(bench->courier));
	assert_int_equal(tc_courier_cursor(bench->courier), 1);
	bench_close(bench);
}

/* commit() makes an alert of each second, of two rules in turn. */
static void test_what_is_left_out_moves_the_cursor(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder:priority=error,notices=no");
	commit(bench, 4);
	add_notice(bench->journal);
	commit(bench, 1);
	run(bench);
	assert_told(1, 3, 6);
	add_notice(bench->journal);
	assert_int_equal(tc_journal_flush(bench->journal), 0);
	run(bench);
	assert_int_equal(tc_courier_cursor(bench->courier), 7);
	bench_close(bench);
}

static void test_a_rate_is_kept_and_the_rest_told(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder:rate=2/10s,rules=Other*");
	/* Rows 2, 4 ... 20 are of that rule, in seconds 1, 3 ... 19 of the minute. */
	commit(bench, 20);
	run(bench);
	/* The span of 1 to 10.999 ends with row 12; its summary is told behind row 11. The time of
	 * day ends the last span. */
	assert_told(2, 4, 11, 12, 14, 20);
	assert_non_null(strstr(recorder.text, "\"suppressed.count\":3,"));
	assert_non_null(strstr(recorder.text, "\"suppressed.rule\":\"Other thing\""));
	assert_int_equal(tc_courier_cursor(bench->courier), 20);
	end(bench);
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_int_equal(stored.seq, 20);
	assert_int_equal(stored.suppressed, 6);
	assert_int_equal(stored.delivered, 6);
	bench_close(bench);
}

static void test_a_full_output_counts_an_alert_once(void **state)
{
	struct bench *bench = bench_open(*state);

	recorder.room = 1;
	start(bench, "recorder:rate=5/1h");
	commit(bench, 20);
	run(bench);
	assert_told(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 20);
	assert_non_null(strstr(recorder.text, "\"suppressed.count\":5,"));
	bench_close(bench);
}

/* An alert of now, so that its span is not over. */
static void commit_now(struct bench *bench, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fixture_exec(&fixture);
		struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
		alert.time_ns = tc_clock_real_now_ns();
		assert_int_equal(tc_journal_add(bench->journal, &alert), 0);
	}
	assert_int_equal(tc_journal_flush(bench->journal), 0);
}

static void test_a_crash_hides_no_suppressed_alert(void **state)
{
	struct bench *bench = bench_open(*state);

	start(bench, "recorder:fold=1h");
	commit_now(bench, 5);
	uint64_t due_ns = run(bench);
	assert_told(1);
	assert_true(due_ns < TC_COURIER_IDLE);
	assert_int_equal(tc_courier_cursor(bench->courier), 5);
	usleep(600000);
	step(bench);
	kill_courier(bench);
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_int_equal(stored.seq, 1);
	assert_int_equal(stored.reached_seq, 5);

	/* The rows are counted again; the first of them is told, as the first of a new span. */
	start(bench, "recorder:fold=1h");
	run(bench);
	assert_told(1, 2);
	struct tc_courier_orders stop = {.stop = true,
					 .stop_by_ns = tc_clock_monotonic_ns() + 60000000000};
	while (!tc_courier_is_done(bench->courier))
		tc_courier_step(bench->courier, &stop);
	assert_told(1, 2, 5);
	assert_non_null(strstr(recorder.text, "\"suppressed.count\":3,"));
	end(bench);
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_int_equal(stored.seq, 5);
	bench_close(bench);
}

static void test_summary_that_was_not_delivered_is_told_again(void **state)
{
	struct bench *bench = bench_open(*state);
	struct tc_courier_orders stop = {.stop = true,
					 .stop_by_ns = tc_clock_monotonic_ns() + 60000000000};

	start(bench, "recorder:fold=1h");
	commit_now(bench, 5);
	run(bench);
	recorder.flush_result = -EPIPE;
	tc_courier_step(bench->courier, &stop);
	assert_true(tc_courier_is_done(bench->courier));
	end(bench);
	recorder.flush_result = 0;
	assert_int_equal(tc_cursors_each(bench->cursors, "recorder", keep, NULL), 1);
	assert_int_equal(stored.seq, 1);
	bench_close(bench);
}

/* It has the number of the row before it, which the output delivers first. */
static void test_summary_waits_for_its_own_delivery(void **state)
{
	struct bench *bench = bench_open(*state);

	recorder.flush_at_most = 1;
	start(bench, "recorder:rate=1/10s");
	add(bench->journal, 0, 1);
	add(bench->journal, 0, 2);
	add(bench->journal, 1, 3);
	commit(bench, 0);
	run(bench);
	assert_told(1, 3, 3);
	assert_non_null(strstr(recorder.text, "\"suppressed.count\":1,"));
	bench_close(bench);
}

static void test_damaged_row_stops_nobody(void **state)
{
	struct bench *bench = bench_open(*state);
	struct redirection saved;

	start(bench, "recorder:format=text");
	commit(bench, 3);
	execute(bench->place->path, "UPDATE entries SET json = '{\"a' WHERE seq = 2");
	saved = redirect(1);
	run(bench);
	assert_non_null(strstr(restore(&saved), "row 2 of the journal is damaged: it is not told"));
	assert_told(1, 3);
	assert_int_equal(tc_courier_cursor(bench->courier), 3);
	bench_close(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tells_what_is_committed_from_now_on),
		TEST(test_gives_the_bytes_of_the_journal),
		TEST(test_goes_on_where_it_was),
		TEST(test_a_new_output_begins_as_it_says),
		TEST(test_nothing_is_missed_after_a_crash),
		TEST(test_failure_is_repeated_from_the_first_undelivered),
		TEST(test_partial_delivery_moves_the_cursor),
		TEST(test_full_output_is_flushed),
		TEST(test_replaced_journal_is_told_from_its_beginning),
		TEST(test_longer_journal_in_place_of_another_is_noticed),
		TEST(test_journal_that_follows_another_is_gone_on_with),
		TEST(test_goes_on_in_a_new_journal),
		TEST(test_lost_cursors_mean_all_over_again),
		TEST(test_last_attempt_ignores_the_pause),
		TEST(test_last_attempt_is_one),
		TEST(test_last_attempt_has_an_end),
		TEST(test_what_is_left_out_moves_the_cursor),
		TEST(test_a_rate_is_kept_and_the_rest_told),
		TEST(test_a_full_output_counts_an_alert_once),
		TEST(test_a_crash_hides_no_suppressed_alert),
		TEST(test_summary_that_was_not_delivered_is_told_again),
		TEST(test_summary_waits_for_its_own_delivery),
		TEST(test_damaged_row_stops_nobody),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
