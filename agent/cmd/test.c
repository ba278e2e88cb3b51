/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin test: do rules match what their tests say? */
#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/test_report.h"
#include "output/format/colour.h"
#include "rules/test/run.h"

/* Rules that tests ask for: loaded once, for however many files. */
struct loaded {
	char *key;		/* their paths, each with a newline */
	struct tc_ruleset *set; /* NULL: they are not valid, which was told */
	struct tc_written *written;
	struct tc_test_bench bench;
	struct loaded *next;
};

struct testing {
	struct tc_diagnostics diagnostics;
	struct tc_sources sources;
	struct tc_suite *suites; /* by source */
	struct loaded *loaded;
	struct tc_author *author;
	struct tc_test_report report;
	const char *junit, *filter;
	bool tap, coverage;
};

/* --- files --- */

static int compare_entries(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

static int read_tree(struct testing *testing, FTS *tree)
{
	FTSENT *entry;
	int r = 0;

	while (r == 0 && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS ||
		    entry->fts_info == FTS_DNR)
			tc_diagnostics_add(&testing->diagnostics, TC_DIAGNOSTIC_FILE_OPEN,
					   entry->fts_path, "cannot open: %s",
					   strerror(entry->fts_errno));
		else if (entry->fts_info == FTS_F &&
			 (entry->fts_level == 0 || tc_is_test_name(entry->fts_name)))
			r = tc_sources_read(&testing->sources, entry->fts_path,
					    &testing->diagnostics);
	}
	return r;
}

/* Reads a file of tests, or all in a directory and those below it. */
static int read_path(struct testing *testing, const char *path)
{
	char *const paths[] = {(char *)path, NULL};
	size_t before = testing->sources.count, errors = testing->diagnostics.errors;
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare_entries);
	int r;

	if (!tree)
		return errno == ENOMEM ? -ENOMEM : -errno;
	r = read_tree(testing, tree);
	fts_close(tree);
	if (r == 0 && testing->sources.count == before && testing->diagnostics.errors == errors)
		tc_diagnostics_add(&testing->diagnostics, TC_DIAGNOSTIC_FILE_NONE, path,
				   "there is no *.test.yaml file");
	return r;
}

static int read_suites(struct testing *testing, const struct tc_strings *paths)
{
	int r = 0;

	for (size_t i = 0; i < paths->count && r == 0; i++)
		r = read_path(testing, paths->items[i]);
	testing->suites = calloc(testing->sources.count + 1, sizeof(*testing->suites));
	if (r == 0 && !testing->suites)
		r = -ENOMEM;
	for (size_t i = 0; i < testing->sources.count && r == 0; i++)
		r = tc_suite_read(testing->sources.items[i], &testing->diagnostics,
				  &testing->suites[i]);
	return r;
}

/* --- rules --- */

static int load_new(struct testing *testing, const struct tc_suite *suite, struct loaded *loaded)
{
	size_t before = testing->diagnostics.errors;
	int r = tc_ruleset_examine_written(suite->rules, suite->n_rules, &testing->diagnostics,
					   &loaded->set, &loaded->written);

	if (r == 0 && testing->diagnostics.errors != before) {
		tc_ruleset_free(loaded->set);
		loaded->set = NULL;
	}
	if (r == 0 && loaded->set)
		r = tc_test_bench_init(&loaded->bench, loaded->set, loaded->written,
				       testing->author, &testing->diagnostics);
	return r;
}

/* The rules that a file of tests is about. 0 or -ENOMEM. */
static int load(struct testing *testing, const struct tc_suite *suite, struct loaded **ret_loaded)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	struct loaded *loaded = testing->loaded;

	for (size_t i = 0; i < suite->n_rules; i++)
		tc_buffer_printf(&key, "%s\n", suite->rules[i]);
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	while (loaded && strcmp(loaded->key, key.length ? key.bytes : "") != 0)
		loaded = loaded->next;
	*ret_loaded = loaded;
	if (loaded)
		return 0;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return -ENOMEM;
	loaded->next = testing->loaded;
	testing->loaded = *ret_loaded = loaded;
	loaded->key = strdup(key.length ? key.bytes : "");
	return loaded->key ? load_new(testing, suite, loaded) : -ENOMEM;
}

static void free_loaded(struct loaded *loaded)
{
	while (loaded) {
		struct loaded *next = loaded->next;

		tc_test_bench_done(&loaded->bench);
		tc_ruleset_free(loaded->set);
		tc_written_free(loaded->written);
		free(loaded->key);
		free(loaded);
		loaded = next;
	}
}

/* --- tests --- */

static int run_test(struct testing *testing, struct loaded *loaded, const struct tc_suite *suite,
		    const struct tc_test *test)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_test_case result = {
		.file = suite->source->path,
		.name = test->name ? test->name->text : "",
		.result = TC_TEST_BROKEN,
	};
	int r = 0;

	if (testing->filter && fnmatch(testing->filter, result.name, 0) != 0)
		return 0;
	if (test->name)
		tc_source_position(suite->source, test->name->start, &result.line, &result.column);
	if (loaded->set)
		r = tc_test_run(&loaded->bench, test, &result.result, &text);
	return r < 0 ? r : tc_test_report_add(&testing->report, &result, &text);
}

static int run_suites(struct testing *testing)
{
	int r = 0;

	for (size_t i = 0; i < testing->sources.count && r == 0; i++) {
		const struct tc_suite *suite = &testing->suites[i];
		struct loaded *loaded;

		if (!suite->n_tests)
			continue;
		r = load(testing, suite, &loaded);
		for (size_t k = 0; k < suite->n_tests && r == 0; k++)
			r = run_test(testing, loaded, suite, &suite->tests[k]);
	}
	return r;
}

/* --- coverage --- */

static void report_uncovered(struct testing *testing, const struct tc_rule *rule, const char *what)
{
	struct tc_diagnostic *found =
		tc_diagnostics_add(&testing->diagnostics, TC_DIAGNOSTIC_TEST_COVERAGE, rule->file,
				   "no test %s `%s`", what, rule->name);

	if (!found)
		return;
	found->line = rule->line;
	found->column = rule->column;
}

static void check_coverage(struct testing *testing, const struct loaded *loaded)
{
	for (size_t i = 0; loaded->set && i < tc_ruleset_count(loaded->set); i++) {
		const struct tc_rule *rule = tc_ruleset_at(loaded->set, i);

		if (!(loaded->bench.covered[i] & TC_COVERED_MATCH))
			report_uncovered(testing, rule, "expects rule");
		if (!(loaded->bench.covered[i] & TC_COVERED_NO_MATCH))
			report_uncovered(testing, rule, "has in expect_not the rule");
	}
}

/* --- the command --- */

static int report(struct testing *testing)
{
	int r = 0;

	tc_diagnostics_print(&testing->diagnostics, stderr, tc_colour_wanted(STDERR_FILENO));
	if (testing->tap || !isatty(STDOUT_FILENO))
		tc_test_report_tap(&testing->report, stdout);
	else
		tc_test_report_print(&testing->report, stdout, tc_colour_wanted(STDOUT_FILENO));
	if (testing->junit)
		r = tc_test_report_junit(&testing->report, testing->junit);
	if (r == 0)
		return 0;
	fprintf(stderr, "tocsin: test: cannot write %s: %s\n", testing->junit, strerror(-r));
	return TC_EXIT_ENVIRONMENT;
}

static int run(struct testing *testing, const struct tc_strings *paths)
{
	int r = tc_author_new(&testing->author), code;

	if (r == 0)
		r = read_suites(testing, paths);
	if (r == 0)
		r = run_suites(testing);
	if (r < 0) {
		fprintf(stderr, "tocsin: test: %s\n", strerror(-r));
		return TC_EXIT_ENVIRONMENT;
	}
	for (const struct loaded *loaded = testing->loaded; loaded && testing->coverage;
	     loaded = loaded->next)
		check_coverage(testing, loaded);
	code = report(testing);
	if (code)
		return code;
	return testing->diagnostics.errors || testing->report.passed < testing->report.count
		       ? TC_EXIT_NO
		       : TC_EXIT_GOOD;
}

static void testing_done(struct testing *testing)
{
	tc_test_report_done(&testing->report);
	free_loaded(testing->loaded);
	for (size_t i = 0; testing->suites && i < testing->sources.count; i++)
		tc_suite_done(&testing->suites[i]);
	free(testing->suites);
	tc_sources_done(&testing->sources);
	tc_author_free(testing->author);
	tc_diagnostics_done(&testing->diagnostics);
}

int tc_cmd_test(int argc, char **argv)
{
	struct testing testing = {0};
	struct tc_strings paths;
	const struct tc_option options[] = {
		{"tap", 't', TC_OPTION_FLAG, NULL, &testing.tap,
		 "write TAP, as is done when standard output is no terminal"},
		{"junit", 'j', TC_OPTION_STRING, "FILE", &testing.junit,
		 "write the results as JUnit XML too"},
		{"coverage", 'c', TC_OPTION_FLAG, NULL, &testing.coverage,
		 "fail when a rule in force lacks a test that expects it, or one that has it in "
		 "expect_not"},
		{"filter", 'f', TC_OPTION_STRING, "GLOB", &testing.filter,
		 "run only tests whose name matches"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "test",
		.synopsis = "[OPTION]... PATH...",
		.doc = "Run tests of rules: files, or all *.test.yaml files in directories and "
		       "those below them. Exits with 0 when all pass, 1 when not.",
		.options = options,
		.positional_min = 1,
		.positional_max = SIZE_MAX,
	};
	int code = tc_options_parse(&usage, argc, argv, &paths);

	if (code >= 0)
		return code;
	/* Fields that show the local time must be the same everywhere. */
	setenv("TZ", "UTC0", 1);
	code = run(&testing, &paths);
	free(paths.items);
	testing_done(&testing);
	return code;
}
