/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts of a story that come from a journal: those next to it, and how many were not looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../output/journal_fixture.h"
#include "agent/story/rows.h"

#define AROUND_NS (3600 * 1000000000ULL)

static int take_subject(const struct tc_journal_row *row, void *story)
{
	return tc_story_set_subject(story, row);
}

/* Nine alerts, a second after each other, and a notice; the fifth has a story that reads at most so
 * many. */
static struct tc_story *story_of(const char *path, size_t alerts_max,
				 struct tc_journal_reader **ret_reader)
{
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;
	struct tc_journal *journal = open_journal(path);
	struct tc_story *story = tc_story_new(100);

	for (uint32_t pid = 1; pid <= 9; pid++)
		add(journal, 0, pid);
	add_notice(journal);
	tc_journal_close(journal);
	assert_non_null(story);
	story->alerts_max = alerts_max;
	filter.seq = 5;
	assert_int_equal(tc_journal_reader_open(path, ret_reader), 0);
	assert_int_equal(tc_journal_reader_query(*ret_reader, &filter, take_subject, story), 0);
	assert_non_null(story->subject);
	return story;
}

static void test_alerts_next_to_it_are_read(void **state)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	_cleanup_buffer_ struct tc_buffer gaps = {0};
	struct tc_story *story = story_of(((struct place *)*state)->path, 4, &reader);

	assert_int_equal(tc_story_read_rows(story, reader, AROUND_NS, false), 0);
	/* 4, 5, 6 and 7. */
	assert_int_equal(HASH_COUNT(story->alerts), 4);
	for (struct tc_story_alert *alert = story->alerts; alert; alert = alert->hh.next)
		assert_in_range(alert->seq, 4, 7);
	assert_int_equal(story->left_alerts, 5);
	tc_story_gaps(story, &gaps);
	assert_non_null(strstr(gaps.bytes, "5 alerts further from this one"));
	tc_story_free(story);
}

/* The alert that it is about is in it, however many follow. */
static void test_a_story_of_alerts_holds_its_own(void **state)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_story *story = story_of(((struct place *)*state)->path, 2, &reader);

	assert_int_equal(tc_story_read_rows(story, reader, AROUND_NS, true), 0);
	assert_int_equal(tc_story_end(story), 0);
	assert_true(story->passed);
	assert_int_equal(story->left_alerts, 7);
	tc_story_free(story);
}

static void test_nothing_is_left_where_all_is_read(void **state)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_story *story = story_of(((struct place *)*state)->path, 10, &reader);

	assert_int_equal(tc_story_read_rows(story, reader, AROUND_NS, false), 0);
	assert_int_equal(HASH_COUNT(story->alerts), 9);
	assert_int_equal(story->left_alerts, 0);
	tc_story_free(story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alerts_next_to_it_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_story_of_alerts_holds_its_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_left_where_all_is_read, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
