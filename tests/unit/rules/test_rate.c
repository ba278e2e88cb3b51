/* SPDX-License-Identifier: Apache-2.0 */
/* rate_limit of rules: how it is written. What it does is in tests/unit/cmd/test_pipeline.c. */
#include "fixture.h"

#define RULE(limit)                                                                                \
	"- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: evt.kind = exec\n"      \
	"  rate_limit: " limit "\n"

struct loaded {
	struct tc_diagnostics diagnostics;
	struct tc_ruleset *set;
};

/* The limit of the only rule of a text, NULL when it has none. */
static const struct tc_rate_limit *limit_of(struct loaded *loaded, const char *text)
{
	*loaded = (struct loaded){0};
	loaded->set = rules_from(text, &loaded->diagnostics);
	if (!loaded->set)
		tc_diagnostics_print(&loaded->diagnostics, stderr, false);
	assert_non_null(loaded->set);
	return tc_ruleset_at(loaded->set, 0)->limit;
}

static void loaded_done(struct loaded *loaded)
{
	tc_ruleset_free(loaded->set);
	tc_diagnostics_done(&loaded->diagnostics);
}

static void assert_rate(const char *text, uint64_t count, uint64_t span_ns)
{
	struct loaded loaded;
	const struct tc_rate_limit *limit = limit_of(&loaded, text);

	assert_non_null(limit);
	assert_int_equal(limit->count, count);
	assert_int_equal(limit->span_ns, span_ns);
	loaded_done(&loaded);
}

static void rate_is_a_number_in_a_span(void **state)
{
	assert_rate(RULE("10/1m"), 10, 60000000000);
	assert_rate(RULE("{rate: 1/500ms}"), 1, 500000000);
	for (const char *const *wrong = (const char *[]){"10", "0/1m", "10/0s", "x/1m", "10/",
							 "10/1x", "''", "[10/1m]", NULL};
	     *wrong; wrong++) {
		char *text;

		assert_true(asprintf(&text, RULE("%s"), *wrong) > 0);
		assert_refused(text, "TC-R059", 6, 15);
		free(text);
	}
	assert_true(hints(RULE("10"), "10/1m"));
}

static void fields_are_those_of_conditions(void **state)
{
	struct loaded loaded;
	const struct tc_rate_limit *limit = limit_of(
		&loaded,
		RULE("{rate: 10/1m, by: [container.id, 'proc.aname[2]', tolower(proc.name)]}"));

	assert_int_equal(limit->n_by, 3);
	assert_string_equal(limit->by[0].name, "container.id");
	assert_string_equal(limit->by[0].field->name, "container.id");
	assert_int_equal(limit->by[1].index, 2);
	assert_null(limit->by[2].field);
	loaded_done(&loaded);
	limit = limit_of(&loaded, RULE("{rate: 10/1m, by: proc.exepath}"));
	assert_int_equal(limit->n_by, 1);
	loaded_done(&loaded);
}

static void mistakes_are_told_where_they_are(void **state)
{
	assert_refused(RULE("{rate: 10/1m, by: proc.nmae}"), "TC-R066", 6, 33);
	assert_refused(RULE("{rate: 10/1m, by: [proc.name, fd.ip]}"), "TC-R076", 6, 45);
	assert_refused(RULE("{rate: 10/1m, by: proc.name = x or proc.name}"), "TC-R059", 6, 33);
	assert_refused(RULE("{rate: 10/1m, by: [[proc.name]]}"), "TC-R059", 6, 34);
	assert_refused(RULE("{rate: 10/1m, per: proc.name}"), "TC-R042", 6, 29);
	assert_refused(RULE("{by: proc.name}"), "TC-R059", 6, 15);
	assert_refused(RULE("{rate: 10/1m, by: [proc.name, proc.name, proc.name, proc.name, "
			    "proc.name, proc.name, proc.name, proc.name, proc.name]}"),
		       "TC-R059", 6, 122);
}

static void override_changes_and_lifts_it(void **state)
{
	struct loaded loaded;

	assert_rate(RULE("10/1m") "- rule: r\n  rate_limit: 2/1s\n"
				  "  override: {rate_limit: replace}\n",
		    2, 1000000000);
	assert_null(limit_of(&loaded, RULE("10/1m") "- rule: r\n  rate_limit: none\n"
						    "  override: {rate_limit: replace}\n"));
	loaded_done(&loaded);
	/* A new definition has what it says and nothing else. */
	assert_null(limit_of(&loaded,
			     RULE("10/1m") "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
					   "  condition: evt.kind = exec\n"));
	loaded_done(&loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_is_a_number_in_a_span),
		cmocka_unit_test(fields_are_those_of_conditions),
		cmocka_unit_test(mistakes_are_told_where_they_are),
		cmocka_unit_test(override_changes_and_lifts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
