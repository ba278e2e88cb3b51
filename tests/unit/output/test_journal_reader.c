/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "journal_fixture.h"

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
	assert_seqs(query(path, FILTER(.rule = "Shell*")), 1, 4);
	assert_seqs(query(path, FILTER(.rule = "*")), 1, 2, 4, 5);
	assert_seqs(query(path, FILTER(.rule = "?ther [s-u]hing")), 2, 5);
	assert_seqs(query(path, (struct tc_journal_filter){.max_priority = TC_PRIORITY_WARNING}), 1, 3, 4);
	assert_seqs(query(path, FILTER(.kind = "loss")), 3);
	assert_seqs(query(path, FILTER(.by_pid = true, .pid = 30)), 4);
	assert_seqs(query(path, FILTER(.by_cgroup_id = true, .cgroup_id = 20)), 2);
	assert_seqs(query(path, FILTER(.limit = 2)), 4, 5);
	assert_seqs(query(path, FILTER(.limit = 2, .newest_first = true)), 5, 4);
	assert_seqs(query(path, FILTER(.newest_first = true)), 5, 4, 3, 2, 1);
	assert_seqs(query(path, FILTER(.limit = 1, .rule = "Shell*")), 4);
	assert_int_equal(query(path, FILTER(.rule = "'; DROP TABLE entries; --")).count, 0);
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
	/* The name of a systemd unit with an escape of systemd's own in it: bytes, as they are in /sys/fs/cgroup. */
	assert_seqs(query(path, FILTER(.cgroup_path = "/x\\x2dy")), 4);
	assert_int_equal(query(path, FILTER(.cgroup_path = "/a*")).count, 0);
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
	assert_int_equal(
		tc_journal_reader_query(reader, &TC_JOURNAL_FILTER_ALL, stop_at_2, &calls), 17);
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
		TEST(test_callback_ends_the_query),
		TEST(test_reader_follows_the_writer),
		TEST(test_missing_journal_is_told),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
