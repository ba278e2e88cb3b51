/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json_check.h"
#include "output/summary.h"

#define SECOND 1000000000ULL

static struct tc_journal_row row_of(uint64_t seq, const char *rule, uint64_t time_s)
{
	return (struct tc_journal_row){.seq = seq,
				       .rule = rule,
				       .time_ns = (1000 + time_s) * SECOND,
				       .cgroup_path = "/a",
				       .exe = "/bin/sh"};
}

static bool takes(struct tc_limit *limit, uint64_t seq, const char *rule, uint64_t time_s)
{
	struct tc_journal_row row = row_of(seq, rule, time_s);

	return tc_limit_takes_row(limit, &row);
}

/* What is told of spans, as text: "RULE COUNT FIRST-LAST;" for each, times without the 1000. */
struct told {
	char text[512];
	unsigned count;
};

static int keep(const struct tc_kept_back *kept, void *context)
{
	struct told *told = context;
	size_t length = strlen(told->text);

	snprintf(told->text + length, sizeof(told->text) - length, "%s %s %s %llu %llu-%llu;",
		 kept->rule, kept->cgroup_path ? kept->cgroup_path : "-",
		 kept->exe ? kept->exe : "-", (unsigned long long)kept->count,
		 (unsigned long long)(kept->since_ns / SECOND - 1000),
		 (unsigned long long)(kept->until_ns / SECOND - 1000));
	told->count++;
	return 0;
}

static const char *end_at(struct tc_limit *limit, uint64_t time_s)
{
	static struct told told;

	told = (struct told){0};
	assert_int_equal(tc_limit_end(limit,
				      time_s == UINT64_MAX ? time_s : (1000 + time_s) * SECOND,
				      keep, &told),
			 0);
	return told.text;
}

static void test_rate_of_each_rule(void **state)
{
	struct tc_limit limit = {.count = 2, .span_ns = 60 * SECOND, .reason = "rate"};

	assert_true(takes(&limit, 1, "A", 0));
	assert_true(takes(&limit, 2, "A", 1));
	assert_int_equal(tc_limit_first_seq(&limit), UINT64_MAX);
	assert_false(takes(&limit, 3, "A", 2));
	assert_false(takes(&limit, 4, "A", 50));
	/* A flood of one rule hides no other. */
	assert_true(takes(&limit, 5, "B", 50));
	assert_int_equal(tc_limit_first_seq(&limit), 3);
	assert_false(tc_limit_is_due(&limit, 1059 * SECOND));
	assert_string_equal(end_at(&limit, 59), "");
	assert_true(tc_limit_is_due(&limit, 1060 * SECOND));
	assert_string_equal(end_at(&limit, 60), "A - - 2 2-50;");
	assert_int_equal(tc_limit_first_seq(&limit), UINT64_MAX);
	/* B's span began later; nothing of it was kept back, so nothing is told. */
	assert_int_equal(limit.next_end_ns, 1110 * SECOND);
	assert_string_equal(end_at(&limit, 110), "");
	assert_null(limit.spans);
	assert_true(takes(&limit, 6, "A", 111));
	tc_limit_reset(&limit);
}

static void test_fold_by_rule_cgroup_and_executable(void **state)
{
	struct tc_limit limit = {
		.count = 1, .span_ns = 60 * SECOND, .by_process = true, .reason = "fold"};
	struct tc_journal_row row = row_of(1, "A", 0);

	assert_true(tc_limit_takes_row(&limit, &row));
	assert_false(tc_limit_takes_row(&limit, &row));
	row.exe = "/bin/other";
	assert_true(tc_limit_takes_row(&limit, &row));
	row.cgroup_path = NULL;
	assert_true(tc_limit_takes_row(&limit, &row));
	assert_false(tc_limit_takes_row(&limit, &row));
	row.cgroup_path = "/a/bin/other";
	row.exe = NULL;
	assert_true(tc_limit_takes_row(&limit, &row));
	assert_string_equal(end_at(&limit, UINT64_MAX), "A /a /bin/sh 1 0-0;A - /bin/other 1 0-0;");
}

/* The span would not end for a year. */
static void test_clock_that_is_set_back_ends_spans(void **state)
{
	struct tc_limit limit = {.count = 1, .span_ns = SECOND, .reason = "rate"};

	assert_true(takes(&limit, 1, "A", 500));
	assert_false(takes(&limit, 2, "A", 500));
	assert_false(tc_limit_is_due(&limit, 1500 * SECOND));
	assert_true(tc_limit_is_due(&limit, 1000 * SECOND));
	assert_string_equal(end_at(&limit, 0), "A - - 1 500-500;");
	assert_true(takes(&limit, 3, "A", 0));
	tc_limit_reset(&limit);
}

/* Some spans end by that, others do not: those that are left are not due for ever. */
static void test_clock_that_is_set_back_a_little(void **state)
{
	struct tc_limit limit = {.count = 1, .span_ns = 60 * SECOND, .reason = "rate"};

	assert_true(takes(&limit, 1, "A", 100));
	assert_true(takes(&limit, 2, "B", 150));
	assert_true(tc_limit_is_due(&limit, 1085 * SECOND));
	end_at(&limit, 85);
	assert_false(tc_limit_is_due(&limit, 1085 * SECOND));
	assert_true(tc_limit_is_due(&limit, 1160 * SECOND));
	tc_limit_reset(&limit);
}

static void test_keys_are_bounded(void **state)
{
	struct tc_limit limit = {.count = 1, .span_ns = SECOND, .reason = "rate"};
	char rule[32];

	for (unsigned i = 0; i < TC_LIMIT_KEYS_MAX; i++) {
		assert_false(tc_limit_is_full(&limit));
		snprintf(rule, sizeof(rule), "rule %u", i);
		assert_true(takes(&limit, i, rule, 0));
	}
	assert_true(tc_limit_is_full(&limit));
	tc_limit_reset(&limit);
	assert_false(tc_limit_is_full(&limit));
}

static int refuse(const struct tc_kept_back *kept, void *context)
{
	return 7;
}

static void test_what_could_not_be_told_stays(void **state)
{
	struct tc_limit limit = {.count = 1, .span_ns = SECOND, .reason = "rate"};

	takes(&limit, 1, "A", 0);
	takes(&limit, 2, "A", 0);
	assert_int_equal(tc_limit_end(&limit, UINT64_MAX, refuse, NULL), 7);
	assert_int_equal(tc_limit_first_seq(&limit), 2);
	assert_string_equal(end_at(&limit, UINT64_MAX), "A - - 1 0-0;");
}

static void test_summary_is_a_notice_in_json(void **state)
{
	const struct tc_kept_back kept = {
		.rule = "Shell \"one\"",
		.reason = "fold",
		.cgroup_path = "/a",
		.exe = "/bin/sh",
		.count = 41,
		.since_ns = 1714557600123456789,
		.until_ns = 1714557601123456789,
	};
	struct tc_summary summary = {0};

	assert_int_equal(tc_summary_make(&summary, &kept, 9), 0);
	assert_int_equal(summary.row.seq, 9);
	assert_null(summary.row.rule);
	assert_string_equal(summary.row.kind, "suppressed");
	assert_int_equal(summary.row.priority, TC_PRIORITY_WARNING);
	assert_true(json_valid(summary.row.json));
	assert_non_null(strstr(summary.row.json, "\"rule\":null,\"priority\":\"Warning\""));
	assert_non_null(strstr(summary.row.json, "\"time\":\"2024-05-01T10:00:01.123456789Z\""));
	assert_non_null(strstr(summary.row.json,
			       "\"suppressed.count\":41,\"suppressed.since\":1714557600123,"
			       "\"suppressed.until\":1714557601123,"
			       "\"suppressed.rule\":\"Shell \\\"one\\\"\","
			       "\"suppressed.reason\":\"fold\","
			       "\"suppressed.cgroup\":\"/a\",\"suppressed.exepath\":\"/bin/sh\""));
	assert_non_null(strstr(summary.row.output, "suppressed: suppressed.count=41 "));
	tc_summary_done(&summary);
}

static int keep_by(const struct tc_kept_back *kept, void *context)
{
	snprintf(context, 64, "%s %s", kept->rule, kept->by ? kept->by : "-");
	return 0;
}

static void other_fields_belong_to_the_key(void **state)
{
	struct tc_limit limit = {.count = 1, .span_ns = SECOND, .reason = "rate_limit"};
	const struct tc_limit_key a = {.rule = "r", .by = "a"}, b = {.rule = "r", .by = "b"};
	char told[64] = "";

	assert_true(tc_limit_takes(&limit, &a, SECOND, 0));
	assert_true(tc_limit_takes(&limit, &b, SECOND, 0));
	assert_false(tc_limit_takes(&limit, &b, SECOND, 0));
	assert_int_equal(tc_limit_keys(&limit), 2);
	assert_int_equal(tc_limit_end(&limit, UINT64_MAX, keep_by, told), 0);
	assert_string_equal(told, "r b");
	assert_int_equal(tc_limit_keys(&limit), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_of_each_rule),
		cmocka_unit_test(test_fold_by_rule_cgroup_and_executable),
		cmocka_unit_test(test_clock_that_is_set_back_ends_spans),
		cmocka_unit_test(test_clock_that_is_set_back_a_little),
		cmocka_unit_test(test_keys_are_bounded),
		cmocka_unit_test(test_what_could_not_be_told_stays),
		cmocka_unit_test(test_summary_is_a_notice_in_json),
		cmocka_unit_test(other_fields_belong_to_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
