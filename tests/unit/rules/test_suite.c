/* SPDX-License-Identifier: Apache-2.0 */
/* rules/test: files of tests are read, and their tests run. */
#include "tests/unit/rules/fixture.h"

#include "rules/test/run.h"

static const char rules[] = "- rule: Shell\n  desc: d\n  priority: INFO\n  output: o\n"
			    "  condition: evt.kind = exec and proc.name in (sh, bash)\n"
			    "- rule: Child of sshd\n  desc: d\n  priority: INFO\n  output: o\n"
			    "  condition: evt.kind = exec and proc.aname in (sshd)\n";

struct running {
	struct tc_source *source;
	struct tc_suite suite;
	struct tc_ruleset *set;
	struct tc_written *written;
	struct tc_author *author;
	struct tc_test_bench bench;
	struct tc_diagnostics diagnostics;
	enum tc_test_result results[8];
	struct tc_buffer text;
};

/* Reads a file of tests and runs them. path: what the file is called. */
static void run_suite(struct running *running, const char *path, const char *text)
{
	struct tc_diagnostics *diagnostics = &running->diagnostics;

	*running = (struct running){0};
	assert_int_equal(tc_ruleset_examine_written_bytes("r.yaml", rules, sizeof(rules) - 1,
							  diagnostics, &running->set,
							  &running->written),
			 0);
	assert_int_equal(diagnostics->errors, 0);
	assert_int_equal(tc_author_new(&running->author), 0);
	assert_int_equal(tc_source_from_bytes(path, text, strlen(text), &running->source), 0);
	assert_int_equal(tc_suite_read(running->source, diagnostics, &running->suite), 0);
	assert_int_equal(tc_test_bench_init(&running->bench, running->set, running->written,
					    running->author, diagnostics),
			 0);
	assert_true(running->suite.n_tests <= 8);
	for (size_t i = 0; i < running->suite.n_tests; i++)
		assert_int_equal(tc_test_run(&running->bench, &running->suite.tests[i],
					     &running->results[i], &running->text),
				 0);
}

static void running_done(struct running *running)
{
	tc_test_bench_done(&running->bench);
	tc_suite_done(&running->suite);
	tc_source_free(running->source);
	tc_author_free(running->author);
	tc_ruleset_free(running->set);
	tc_written_free(running->written);
	tc_buffer_done(&running->text);
	tc_diagnostics_done(&running->diagnostics);
}

static void assert_results(const char *text, const char *results)
{
	struct running running;

	run_suite(&running, "t.test.yaml", text);
	tc_diagnostics_print(&running.diagnostics, stderr, false);
	assert_int_equal(running.diagnostics.errors, 0);
	assert_int_equal(running.suite.n_tests, strlen(results));
	for (size_t i = 0; results[i]; i++)
		if ((running.results[i] == TC_TEST_PASSED) != (results[i] == '+'))
			fail_msg("test %zu: %s", i, running.text.bytes);
	running_done(&running);
}

static void test_what_is_expected(void **state)
{
	assert_results("tests:\n"
		       "  - {name: a, event: {kind: exec, proc.name: sh}, expect: Shell}\n"
		       "  - {name: b, event: {kind: exec, proc.name: ls}, expect: Shell}\n"
		       "  - {name: c, event: {kind: exec, proc.name: ls}, expect_not: [Shell]}\n"
		       "  - {name: d, event: {kind: exec, proc.name: sh}, expect_not: [Shell]}\n"
		       "  - {name: e, event: {kind: exec, proc.name: sh}, expect: [Shell], "
		       "expect_not: [Child of sshd]}\n",
		       "+-+-+");
}

static void test_exactly_these(void **state)
{
	assert_results("tests:\n"
		       "  - {name: a, event: {kind: exec, proc.name: sh}, exactly: [Shell]}\n"
		       "  - {name: b, event: {kind: exec, proc.name: sh}, exactly: []}\n"
		       "  - {name: c, event: {kind: exec, proc.name: ls}, exactly: []}\n"
		       "  - {name: d, event: {kind: exec, proc.name: sh}, exactly: [Shell, Child "
		       "of sshd]}\n",
		       "+-+-");
}

static void test_events_before_are_not_judged(void **state)
{
	assert_results("tests:\n"
		       "  - name: a\n"
		       "    before:\n"
		       "      - {kind: exec, proc.pid: 5, proc.name: sh, proc.pname: sshd}\n"
		       "      - {kind: fork, proc.pid: 5, child.pid: 6}\n"
		       "    event: {kind: exec, proc.pid: 6, proc.name: ls}\n"
		       "    exactly: [Child of sshd]\n"
		       "  - name: a story is forgotten after its test\n"
		       "    event: {kind: exec, proc.pid: 6, proc.name: ls}\n"
		       "    exactly: []\n",
		       "++");
}

static void test_one_of_several_events_is_enough(void **state)
{
	assert_results("tests:\n"
		       "  - name: a\n"
		       "    events: [{kind: exec, proc.name: sh}, {kind: exec, proc.name: ls}]\n"
		       "    exactly: Shell\n",
		       "+");
}

static void test_a_failure_says_why(void **state)
{
	struct running running;

	run_suite(&running, "t.test.yaml",
		  "tests:\n  - {name: a, event: {kind: exec, proc.name: ls}, exactly: [Shell]}\n");
	assert_string_equal(running.text.bytes,
			    "should match, but did not: Shell\n"
			    "    It did not match: proc.name is `ls`, which is not in (sh, bash).\n"
			    "matched: nothing\n"
			    "event: kind=exec proc.name=ls\n");
	running_done(&running);
}

static void test_coverage(void **state)
{
	struct running running;

	run_suite(&running, "t.test.yaml",
		  "tests:\n"
		  "  - {name: a, event: {kind: exec, proc.name: sh}, exactly: [Shell]}\n"
		  "  - {name: b, event: {kind: exec}, expect_not: [Shell, Child of sshd]}\n");
	assert_int_equal(running.bench.covered[0], TC_COVERED_MATCH | TC_COVERED_NO_MATCH);
	assert_int_equal(running.bench.covered[1], TC_COVERED_NO_MATCH);
	running_done(&running);
}

static void assert_rules(const char *path, const char *text, const char *const *expected)
{
	struct running running;
	size_t n = 0;

	run_suite(&running, path, text);
	for (; expected[n]; n++) {
		assert_true(n < running.suite.n_rules);
		assert_string_equal(running.suite.rules[n], expected[n]);
	}
	assert_int_equal(running.suite.n_rules, n);
	running_done(&running);
}

static void test_rules_are_found_beside_the_tests(void **state)
{
#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})
	assert_rules("a/t.test.yaml", "tests: []\n", PATHS("a"));
	assert_rules("t.test.yaml", "tests: []\n", PATHS("."));
	assert_rules("/t.test.yaml", "tests: []\n", PATHS("/"));
	assert_rules("a/t.test.yaml", "rules: x.yaml\ntests: []\n", PATHS("a/x.yaml"));
	assert_rules("a/t.test.yaml", "rules: [/x, ../y]\ntests: []\n", PATHS("/x", "a/../y"));
}

static void assert_told(const char *text, const char *code, unsigned line, const char *words)
{
	struct running running;

	run_suite(&running, "t.test.yaml", text);
	if (running.diagnostics.errors != 1 || strcmp(running.diagnostics.items[0].code, code) ||
	    running.diagnostics.items[0].line != line ||
	    !strstr(running.diagnostics.items[0].message, words)) {
		tc_diagnostics_print(&running.diagnostics, stderr, false);
		fail_msg("expected %s in line %u: %s", code, line, words);
	}
	for (size_t i = 0; i < running.suite.n_tests; i++)
		assert_int_equal(running.results[i], TC_TEST_BROKEN);
	running_done(&running);
}

static void test_mistakes_in_files_of_tests(void **state)
{
	assert_told("- a\n", "TC-R100", 1, "one mapping");
	assert_told("rules: .\n", "TC-R043", 1, "no `tests`");
	assert_told("tests: a\n", "TC-R044", 1, "list of tests");
	assert_told("tests: []\ntest: []\n", "TC-R042", 2, "no key `test`");
	assert_told("tests: [a]\n", "TC-R100", 1, "a test is a mapping");
	assert_told("tests:\n  - {event: {kind: exec}, expect: Shell}\n", "TC-R043", 2,
		    "no `name`");
	assert_told("tests:\n  - {name: a, expect: Shell}\n", "TC-R043", 2, "no `event`");
	assert_told("tests:\n  - {name: a, event: {kind: exec}}\n", "TC-R043", 2,
		    "expects nothing");
	assert_told("tests:\n  - {name: a, event: {kind: exec}, exactly: [], expect: Shell}\n",
		    "TC-R100", 2, "instead of");
	assert_told("tests:\n  - {name: a, event: {kind: exec}, events: [{kind: exec}], expect: "
		    "Shell}\n",
		    "TC-R100", 2, "not both");
	assert_told("tests:\n  - {name: a, event: {kind: exec}, expect: Shel}\n", "TC-R102", 2,
		    "`Shel`");
	assert_told("tests:\n  - {name: a, event: {kind: exec, proc.nam: x}, expect: Shell}\n",
		    "TC-R066", 2, "`proc.nam`");
	assert_told("tests:\n  - {name: a, event: {kind: exec, fd.name: x}, expect: Shell}\n",
		    "TC-R104", 2, "have no fd.name");
}

static void test_names_are_unique(void **state)
{
	struct running running;

	run_suite(&running, "t.test.yaml",
		  "tests:\n  - {name: a, event: {kind: exec, proc.name: sh}, expect: Shell}\n"
		  "  - {name: a, event: {kind: exec, proc.name: sh}, expect: Shell}\n");
	assert_int_equal(running.diagnostics.errors, 1);
	assert_string_equal(running.diagnostics.items[0].code, "TC-R101");
	assert_int_equal(running.results[0], TC_TEST_PASSED);
	assert_int_equal(running.results[1], TC_TEST_BROKEN);
	running_done(&running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_expected),
		cmocka_unit_test(test_exactly_these),
		cmocka_unit_test(test_events_before_are_not_judged),
		cmocka_unit_test(test_one_of_several_events_is_enough),
		cmocka_unit_test(test_a_failure_says_why),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_rules_are_found_beside_the_tests),
		cmocka_unit_test(test_mistakes_in_files_of_tests),
		cmocka_unit_test(test_names_are_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
