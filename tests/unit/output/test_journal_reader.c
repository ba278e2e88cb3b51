/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "journal_fixture.h"

#define RULE(glob) .rules = (const char *const[]){glob}, .n_rules = 1
#define FILTER(...) ((struct tc_journal_filter){__VA_ARGS__, .max_priority = TC_PRIORITY_DEBUG})

static void test_query_filters(void **state)
{
	const char *path = ((struct place *)*state)->path;
	uint64_t second = 1000000000;

	fill(path);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 1, 2, 3, 4, 5);
	assert_seqs(query(path, FILTER(.after_seq = 3)), 4, 5);
	assert_seqs(query(path, FILTER(.since_ns = FIXTURE_TIME_NS + 20 * second)), 2, 4, 5);
	assert_seqs(query(path, FILTER(.until_ns = FIXTURE_TIME_NS + 20 * second)), 1, 2, 3);
	assert_seqs(query(path, FILTER(.since_ns = FIXTURE_TIME_NS + 11 * second,
				       .until_ns = FIXTURE_TIME_NS + 39 * second)),
		    2, 4);
	assert_seqs(query(path, FILTER(RULE("Shell*"))), 1, 4);
	assert_seqs(query(path, FILTER(RULE("*"))), 1, 2, 4, 5);
	assert_seqs(query(path, FILTER(RULE("?ther [s-u]hing"))), 2, 5);
	assert_seqs(query(path, (struct tc_journal_filter){.max_priority = TC_PRIORITY_WARNING}), 1,
		    3, 4);
	assert_seqs(query(path, FILTER(.kind = "loss")), 3);
	assert_seqs(query(path, FILTER(.by_pid = true, .pid = 30)), 4);
	assert_seqs(query(path, FILTER(.by_cgroup_id = true, .cgroup_id = 20)), 2);
	assert_seqs(query(path, FILTER(.seq = 3)), 3);
	assert_int_equal(query(path, FILTER(.seq = 6)).count, 0);
	assert_seqs(query(path, FILTER(.seq = 1)), 1);
	assert_int_equal(query(path, FILTER(.seq = 3, .after_seq = 3)).count, 0);
	assert_seqs(query(path, FILTER(.seq = 3, .newest_first = true)), 3);
	assert_int_equal(query(path, FILTER(.uuid = "' OR ''='")).count, 0);
	execute(path, "UPDATE entries SET uuid = 'this' WHERE seq = 4");
	assert_seqs(query(path, FILTER(.uuid = "this")), 4);
	/* The one that has its time, and one that has another. */
	execute(path, "UPDATE entries SET uuid = '018f3389-2ebb-7000-8000-000000000011',"
		      " time_ns = 1714556579515999999 WHERE seq = 2;"
		      "UPDATE entries SET uuid = '018f3389-2ebb-7000-8000-000000000012'"
		      " WHERE seq = 3;");
	assert_seqs(query(path, FILTER(.uuid = "018f3389-2ebb-7000-8000-000000000011")), 2);
	assert_seqs(query(path, FILTER(.uuid = "018f3389-2ebb-7000-8000-000000000012")), 3);
	assert_int_equal(query(path, FILTER(.uuid = "018f3389-2ebb-7000-8000-000000000013")).count,
			 0);
	assert_int_equal(query(path, FILTER(.uuid = "018f3389-2ebb-7000-8000-000000000011",
					    .since_ns = 1714556579516000000))
				 .count,
			 0);
	assert_seqs(query(path, FILTER(.limit = 2)), 4, 5);
	assert_seqs(query(path, FILTER(.limit = 2, .newest_first = true)), 5, 4);
	assert_seqs(query(path, FILTER(.newest_first = true)), 5, 4, 3, 2, 1);
	assert_seqs(query(path, FILTER(.limit = 1, RULE("Shell*"))), 4);
	assert_int_equal(query(path, FILTER(RULE("'; DROP TABLE entries; --"))).count, 0);
	assert_int_equal(query(path, FILTER(.until_ns = 1)).count, 0);
	assert_int_equal(query(path, FILTER(.since_ns = UINT64_MAX)).count, 0);
}

static void test_query_by_cgroup_path(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	execute(path, "UPDATE entries SET cgroup_path = '/a' WHERE seq = 1;"
		      "UPDATE entries SET cgroup_path = '/a/b' WHERE seq = 2;"
		      "UPDATE entries SET cgroup_path = '/ab' WHERE seq = 3;"
		      "UPDATE entries SET cgroup_path = '/x\\\\x2dy/z' WHERE seq = 4;");
	assert_seqs(query(path, FILTER(.cgroup_path = "/a")), 1, 2);
	assert_seqs(query(path, FILTER(.cgroup_path = "/a/")), 1, 2);
	assert_seqs(query(path, FILTER(.cgroup_path = "/a/b")), 2);
	assert_seqs(query(path, FILTER(.cgroup_path = "/")), 1, 2, 3, 4);
	/* The name of a systemd unit with an escape of systemd's own in it: bytes, as they are in
	 * /sys/fs/cgroup. */
	assert_seqs(query(path, FILTER(.cgroup_path = "/x\\x2dy")), 4);
	assert_int_equal(query(path, FILTER(.cgroup_path = "/a*")).count, 0);
}

static void test_query_by_place_and_process(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	execute(path,
		"UPDATE entries SET cgroup_path = '/system.slice/ssh.service' WHERE seq = 1;"
		"UPDATE entries SET cgroup_path = '/system.slice/_ssh.service/below' WHERE seq = 2;"
		"UPDATE entries SET cgroup_path = '/system.slice/xssh.service' WHERE seq = 3;"
		"UPDATE entries SET cgroup_path = '/docker-0123456789abcdef.scope',"
		" container_id = '0123456789ab' WHERE seq = 4;"
		"UPDATE entries SET container_id = 'web', comm = 'a-program-with-',"
		" exe = '/opt/a-program-with-a-name' WHERE seq = 5;");
	assert_seqs(query(path, FILTER(.unit = "ssh.service")), 1, 2);
	assert_seqs(query(path, FILTER(.unit = "system.slice")), 1, 2, 3);
	assert_int_equal(query(path, FILTER(.unit = "sh.service")).count, 0);
	assert_seqs(query(path, FILTER(.container = "0123")), 4);
	assert_seqs(query(path, FILTER(.container = "0123456789abcdef")), 4);
	assert_int_equal(query(path, FILTER(.container = "0123456789abcdee")).count, 0);
	assert_seqs(query(path, FILTER(.container = "web")), 5);
	assert_seqs(query(path, FILTER(.process = "a-program-with-a-name")), 5);
	assert_seqs(query(path, FILTER(.exe = "/opt/a-program-with-a-name")), 5);
	assert_int_equal(query(path, FILTER(.process = "program-with-a-name")).count, 0);
	assert_seqs(query(path, FILTER(.kinds = TC_KIND_BIT(TC_KIND_loss))), 3);
	assert_seqs(
		query(path, FILTER(.kinds = TC_KIND_BIT(TC_KIND_loss) | TC_KIND_BIT(TC_KIND_exec))),
		1, 2, 3, 4, 5);
}

static bool is_odd(const char *json, void *context)
{
	const char *seq = strstr(json, "\"seq\":");

	++*(unsigned *)context;
	return seq && atoi(seq + strlen("\"seq\":")) % 2;
}

static void test_query_asks_a_judge_last(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	unsigned asked = 0;
	uint64_t count = 0;

	fill(path);
	assert_seqs(query(path, FILTER(.judge = is_odd, .judge_context = &asked)), 1, 3, 5);
	assert_int_equal(asked, 5);
	asked = 0;
	assert_seqs(query(path, FILTER(.judge = is_odd, .judge_context = &asked, .kind = "loss")),
		    3);
	assert_int_equal(asked, 1);
	asked = 0;
	assert_seqs(query(path, FILTER(.judge = is_odd, .judge_context = &asked, .limit = 2)), 3,
		    5);
	assert_int_equal(asked, 3);
	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_count(
				 reader, &FILTER(.judge = is_odd, .judge_context = &asked), &count),
			 0);
	assert_int_equal(count, 3);
	assert_int_equal(tc_journal_reader_count(reader, &FILTER(.kind = "exec"), &count), 0);
	assert_int_equal(count, 4);
}

static int stop_at_2(const struct tc_journal_row *row, void *context)
{
	(*(unsigned *)context)++;
	return row->seq == 2 ? 17 : 0;
}

static void test_callback_ends_the_query(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	unsigned calls = 0;

	fill(path);
	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_query(reader, &TC_JOURNAL_FILTER_ALL, stop_at_2, &calls),
			 17);
	assert_int_equal(calls, 2);
}

static void test_reader_follows_the_writer(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		struct result result = {0};

		add(journal, 0, i);
		assert_int_equal(tc_journal_flush(journal), 0);
		filter.after_seq = i - 1;
		assert_int_equal(tc_journal_reader_query(reader, &filter, collect, &result), 0);
		assert_seqs(result, i);
	}
}

/* Rows that come in the order asked for, in more than one go. */
struct order {
	uint64_t last;
	unsigned count;
	bool down;
};

static int check_order(const struct tc_journal_row *row, void *context)
{
	struct order *order = context;

	if (order->count++)
		assert_true(order->down ? row->seq == order->last - 1
					: row->seq == order->last + 1);
	order->last = row->seq;
	return 0;
}

static void test_gives_many_rows_in_order(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_journal *journal = open_journal(path);
	const struct {
		struct tc_journal_filter filter;
		uint64_t last;
		unsigned count;
	} cases[] = {
		{FILTER(.kind = "exec"), 9000, 9000},
		{FILTER(.newest_first = true), 1, 9000},
		{FILTER(.after_seq = 500), 9000, 8500},
		{FILTER(.after_seq = 500, .newest_first = true), 501, 8500},
		{FILTER(.limit = 8500), 9000, 8500},
		{FILTER(.limit = 8500, .newest_first = true), 501, 8500},
		{FILTER(.since_ns = 1), 9000, 9000},
	};

	for (uint32_t i = 1; i <= 9000; i++)
		add(journal, 0, i);
	tc_journal_close(journal);
	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct order order = {.down = cases[i].filter.newest_first};

		assert_int_equal(
			tc_journal_reader_query(reader, &cases[i].filter, check_order, &order), 0);
		assert_int_equal(order.count, cases[i].count);
		assert_int_equal(order.last, cases[i].last);
	}
}

/* More windows than are read one by one. */
static void test_finds_few_among_many(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	execute(path, "WITH RECURSIVE n(i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < "
		      "90000) INSERT INTO entries (seq, uuid, time_ns, priority, kind, pid, json)"
		      " SELECT i, '', 90000 - i, 5, 'exec', 1000000 + i, '{}' FROM n");
	assert_seqs(query(path, FILTER(.by_pid = true, .pid = 30)), 4);
	assert_seqs(query(path, FILTER(.by_pid = true, .pid = 1089999)), 89999);
	assert_seqs(query(path, FILTER(.until_ns = 3)), 89997, 89998, 89999, 90000);
	assert_seqs(query(path, FILTER(.kind = "loss", .limit = 4)), 3);
	assert_seqs(
		query(path, FILTER(.since_ns = FIXTURE_TIME_NS, .newest_first = true, .limit = 2)),
		5, 4);
}

/* A checkpoint that takes all of the log back needs that nobody reads an old state. */
static int checkpoint(const struct tc_journal_row *row, void *context)
{
	struct tc_journal *journal = context;
	int in_log = -1, moved = -1;
	sqlite3 *db;

	if (row->seq == 2) {
		add(journal, 0, 100);
		assert_int_equal(tc_journal_flush(journal), 0);
	}
	assert_int_equal(sqlite3_open(getenv("JOURNAL_OF_TEST"), &db), SQLITE_OK);
	/* A connection that has read nothing does not know yet that there is a log. */
	assert_int_equal(sqlite3_exec(db, "SELECT seq FROM entries", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &in_log, &moved),
		SQLITE_OK);
	assert_int_equal(in_log, 0);
	sqlite3_close(db);
	/* The row is still there. */
	assert_non_null(strstr(row->json, "\"uuid\""));
	return 0;
}

static void test_paused_reader_does_not_hold_the_log(void **state)
{
	const char *path = ((struct place *)*state)->path;
	const struct tc_journal_filter filters[] = {TC_JOURNAL_FILTER_ALL, FILTER(.limit = 3)};

	setenv("JOURNAL_OF_TEST", path, 1);
	fill(path);
	for (size_t i = 0; i < 2; i++) {
		_cleanup_journal_ struct tc_journal *journal = open_journal(path);
		_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;

		assert_int_equal(tc_journal_reader_open(path, &reader), 0);
		assert_int_equal(tc_journal_reader_query(reader, &filters[i], checkpoint, journal),
				 0);
	}
}

/* Rows behind a number, as a courier reads them. */
static struct result next(const char *path, uint64_t after, size_t max, bool expect_more)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct result result = {0};
	bool more = !expect_more;

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_next(reader, after, max, collect, &result, &more), 0);
	assert_int_equal(more, expect_more);
	return result;
}

static void test_next_gives_so_many_rows_in_order(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	assert_seqs(next(path, 0, 3, true), 1, 2, 3);
	assert_seqs(next(path, 3, 3, false), 4, 5);
	assert_seqs(next(path, 0, 5, false), 1, 2, 3, 4, 5);
	assert_seqs(next(path, 4, SIZE_MAX, false), 5);
	assert_int_equal(next(path, 5, 3, false).count, 0);
	assert_int_equal(next(path, UINT64_MAX, 3, false).count, 0);
	execute(path, "DELETE FROM entries WHERE seq IN (2, 3)");
	assert_seqs(next(path, 0, 2, true), 1, 4);
}

static void test_next_is_bounded_in_bytes(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct result result;

	fill(path);
	execute(path, "UPDATE entries SET json = hex(zeroblob(300000)) WHERE seq < 4");
	result = next(path, 0, 100, true);
	assert_int_equal(result.count, 2);
	/* A row that is larger than the bound comes alone, but it comes. */
	execute(path, "UPDATE entries SET json = hex(zeroblob(3000000)) WHERE seq = 3");
	assert_seqs(next(path, 2, 100, true), 3);
	assert_seqs(next(path, 3, 100, false), 4, 5);
}

static void test_next_follows_the_writer(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	bool more;

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		struct result result = {0};

		add(journal, 0, i);
		assert_int_equal(tc_journal_flush(journal), 0);
		assert_int_equal(tc_journal_reader_next(reader, i - 1, 10, collect, &result, &more),
				 0);
		assert_seqs(result, i);
	}
}

static void test_next_holds_nothing_while_the_callback_runs(void **state)
{
	const char *path = ((struct place *)*state)->path;
	bool more;

	setenv("JOURNAL_OF_TEST", path, 1);
	fill(path);
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_next(reader, 0, 3, checkpoint, journal, &more), 0);
}

static uint64_t find_time(const char *path, uint64_t seconds)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	uint64_t seq = 99;

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(
		tc_journal_reader_find_time(reader, FIXTURE_TIME_NS + seconds * 1000000000, &seq),
		0);
	return seq;
}

static void test_finds_a_time(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);

	assert_int_equal(find_time(path, 0), 0);
	for (uint32_t i = 1; i <= 5; i++)
		add(journal, 0, i * 10);
	add(journal, 0, 25); /* 6: the clock was set back */
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(find_time(path, 0), 0);
	assert_int_equal(find_time(path, 10), 0);
	assert_int_equal(find_time(path, 11), 1);
	assert_int_equal(find_time(path, 25), 2);
	assert_int_equal(find_time(path, 50), 4);
	assert_int_equal(find_time(path, 51), 6);
}

static void test_missing_journal_is_told(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal_reader *reader = NULL;

	assert_int_equal(tc_journal_reader_open(path, &reader), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_query_filters),
		TEST(test_query_by_cgroup_path),
		TEST(test_query_by_place_and_process),
		TEST(test_query_asks_a_judge_last),
		TEST(test_finds_few_among_many),
		TEST(test_callback_ends_the_query),
		TEST(test_reader_follows_the_writer),
		TEST(test_gives_many_rows_in_order),
		TEST(test_paused_reader_does_not_hold_the_log),
		TEST(test_next_gives_so_many_rows_in_order),
		TEST(test_next_is_bounded_in_bytes),
		TEST(test_next_follows_the_writer),
		TEST(test_next_holds_nothing_while_the_callback_runs),
		TEST(test_finds_a_time),
		TEST(test_missing_journal_is_told),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
