/* SPDX-License-Identifier: Apache-2.0 */
/* Couriers in their threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/enrich/clock.h"
#include "journal_fixture.h"
#include "output/couriers.h"
#include "recorder.h"
#include "told.h"

/* An output that never delivers: each write() takes as long as it may. */
static int dead_write(void *state, const struct tc_message *message)
{
	usleep(TC_OUTPUT_BLOCK_MAX_MS * 1000);
	return -ETIMEDOUT;
}

static const struct tc_output_ops dead_ops = {
	.durable = true,
	.open = recorder_open,
	.write = dead_write,
	.flush = recorder_flush,
	.reset = recorder_reset,
	.close = recorder_close,
};

static const struct tc_output dead_output = {"dead", &dead_ops, "delivers nothing"};

struct bench {
	struct place *place;
	struct tc_journal *journal;
	struct tc_couriers *couriers;
};

static struct bench *bench_open(struct place *place)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	memset(&recorder, 0, sizeof(recorder));
	bench->place = place;
	bench->journal = open_journal(place->path);
	assert_int_equal(tc_couriers_new(&bench->couriers), 0);
	return bench;
}

static void bench_start(struct bench *bench)
{
	assert_int_equal(tc_couriers_start(bench->couriers, bench->place->path,
					   tc_journal_last_seq(bench->journal)),
			 0);
}

static void bench_close(struct bench *bench)
{
	tc_couriers_free(bench->couriers);
	tc_journal_close(bench->journal);
	free(bench);
}

static void commit(struct bench *bench, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add(bench->journal, i % 2, i);
	assert_int_equal(tc_journal_flush(bench->journal), 0);
	tc_couriers_wake(bench->couriers);
}

/* Waits until the recorder has so many; false after a minute. */
static bool wait_for(size_t count)
{
	for (unsigned i = 0; i < 60000 && recorder.n_delivered < count; i++)
		usleep(1000);
	return recorder.n_delivered >= count;
}

static void test_tells_while_it_is_committed(void **state)
{
	struct bench *bench = bench_open(*state);

	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	bench_start(bench);
	for (unsigned i = 1; i <= 50; i++) {
		commit(bench, 10);
		assert_true(wait_for(i * 10));
	}
	assert_int_equal(tc_couriers_floor(bench->couriers), 500);
	tc_couriers_stop(bench->couriers);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(recorder.seqs[i], i + 1);
	assert_int_equal(recorder.closes, 0);
	bench_close(bench);
	assert_int_equal(recorder.closes, 1);
}

static void test_stop_delivers_what_is_committed(void **state)
{
	struct bench *bench = bench_open(*state);

	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	bench_start(bench);
	commit(bench, 2000);
	tc_couriers_stop(bench->couriers);
	assert_int_equal(recorder.n_delivered, 2000);
	bench_close(bench);
}

static void test_dead_output_slows_nobody(void **state)
{
	struct bench *bench = bench_open(*state);
	uint64_t time_ns;
	unsigned slow = 0;
	struct redirection saved;

	assert_int_equal(tc_couriers_add_output(bench->couriers, &dead_output, "dead"), 0);
	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	bench_start(bench);
	for (unsigned i = 1; i <= 20; i++) {
		add(bench->journal, 0, i);
		assert_int_equal(tc_journal_flush(bench->journal), 0);
		time_ns = tc_clock_monotonic_ns();
		tc_couriers_wake(bench->couriers);
		time_ns = tc_clock_monotonic_ns() - time_ns;
		slow += time_ns > 300000000;
		assert_true(wait_for(i));
	}
	/* Far below the second that each write() of the other takes; but this machine may be busy.
	 */
	assert_true(slow < 10);
	assert_int_equal(tc_couriers_floor(bench->couriers), 0);
	saved = redirect(1);
	time_ns = tc_clock_monotonic_ns();
	tc_couriers_stop(bench->couriers);
	time_ns = tc_clock_monotonic_ns() - time_ns;
	assert_non_null(strstr(restore(&saved), "output dead: the last 20 rows"));
	assert_true(time_ns < 30000000000);
	bench_close(bench);
}

static void test_reopen_reaches_each(void **state)
{
	struct bench *bench = bench_open(*state);

	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "x:name=b"), 0);
	assert_int_equal(tc_couriers_add(bench->couriers, "null"), 0);
	bench_start(bench);
	tc_couriers_reopen(bench->couriers);
	for (unsigned i = 0; i < 60000 && recorder.reopens < 2; i++)
		usleep(1000);
	assert_int_equal(recorder.reopens, 2);
	bench_close(bench);
}

/* Waits until the courier has passed a row. */
static bool wait_for_cursor(struct bench *bench, uint64_t seq)
{
	for (unsigned i = 0; i < 60000 && tc_couriers_floor(bench->couriers) < seq; i++)
		usleep(1000);
	return tc_couriers_floor(bench->couriers) >= seq;
}

static void test_route_and_limits_change_while_it_works(void **state)
{
	struct bench *bench = bench_open(*state);

	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	bench_start(bench);
	commit(bench, 10);
	assert_true(wait_for(10));

	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder:rules=nothing"),
			 0);
	commit(bench, 10);
	assert_true(wait_for_cursor(bench, 20));
	assert_int_equal(recorder.n_delivered, 10);

	/* An order that was not taken yet is replaced by the next. */
	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder:rules=nothing"),
			 0);
	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder:rate=1/36500d"),
			 0);
	commit(bench, 10);
	assert_true(wait_for_cursor(bench, 30));
	assert_int_equal(recorder.n_delivered, 12); /* one of each of the two rules */

	/* What the limit kept back is told when it is taken away. */
	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder"), 0);
	assert_true(wait_for(14));
	commit(bench, 10);
	assert_true(wait_for(24));
	bench_close(bench);
}

static void test_changes_that_are_none(void **state)
{
	struct bench *bench = bench_open(*state);
	struct redirection saved;

	assert_int_equal(tc_couriers_add_output(bench->couriers, &recorder_output, "recorder"), 0);
	bench_start(bench);
	assert_int_equal(tc_couriers_change(bench->couriers, "other", "recorder"), -ENOENT);
	saved = redirect(1);
	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder:rate=x"),
			 -EINVAL);
	assert_non_null(strstr(restore(&saved), "rate=x"));
	/* One that nobody takes any more. */
	tc_couriers_stop(bench->couriers);
	assert_int_equal(tc_couriers_change(bench->couriers, "recorder", "recorder:rate=1/36500d"),
			 0);
	bench_close(bench);
}

static void test_names_differ(void **state)
{
	struct bench *bench = bench_open(*state);
	struct redirection saved;
	int error;

	assert_int_equal(tc_couriers_add(bench->couriers, "null"), 0);
	assert_int_equal(tc_couriers_add(bench->couriers, "null:name=other"), 0);
	saved = redirect(1);
	error = tc_couriers_add(bench->couriers, "null:start=beginning");
	assert_string_equal(restore(&saved),
			    "tocsin: error: output null: there are two of the name "
			    "null; give one of them another with name=\n");
	assert_int_equal(error, -EINVAL);
	bench_close(bench);
}

static void test_without_outputs(void **state)
{
	struct bench *bench = bench_open(*state);

	bench_start(bench);
	commit(bench, 3);
	assert_true(tc_couriers_floor(bench->couriers) == UINT64_MAX);
	bench_close(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tells_while_it_is_committed),
		TEST(test_stop_delivers_what_is_committed),
		TEST(test_dead_output_slows_nobody),
		TEST(test_reopen_reaches_each),
		TEST(test_route_and_limits_change_while_it_works),
		TEST(test_changes_that_are_none),
		TEST(test_names_differ),
		TEST(test_without_outputs),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
