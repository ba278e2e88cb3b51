/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about rules as a whole, and about what no rule uses. */
#include "fixture.h"
#include "rules/review.h"

#define RULE(name, condition)                                                                      \
	"- rule: " name "\n  desc: d\n  priority: INFO\n  output: o\n  condition: " condition "\n"
#define MACRO(name, condition) "- macro: " name "\n  condition: " condition "\n"

static void parts_that_exclude_each_other_never_match(void **state)
{
	static const char *const conditions[] = {
		"fd.name = a and fd.name = b",
		"evt.kind = open and proc.pid = 1 and proc.name = x and proc.pid = 2",
		"fd.name startswith a and not fd.name startswith a",
		"not (fd.name exists or not fd.name exists)",
		"evt.kind = exec and fd.name exists and mount.op exists",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		char *text = rule_text(conditions[i]);

		if (warnings(text, "TC-R080") != 1)
			fail_msg("may match: %s", conditions[i]);
		free(text);
	}
}

static void parts_that_only_look_so_may_match(void **state)
{
	static const char *const conditions[] = {
		"proc.aname = a and proc.aname = b",
		"fd.snet = 10.0.0.0/8 and fd.snet = 10.1.0.0/16",
		"fd.name = a and proc.name = b",
		"fd.name = a and not fd.name = b",
		"fd.name = val(proc.name) and fd.name = x",
		"proc.argv in (a) and proc.argv in (b, a)",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		char *text = rule_text(conditions[i]);

		if (warnings(text, "TC-R080"))
			fail_msg("never matches: %s", conditions[i]);
		free(text);
	}
}

static void what_is_never_true_fails_in_a_larger_condition(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, "/a");
	made_end(&made);
	assert_true(holds(&made, "(fd.name = a and fd.name = b) or fd.name = /a"));
	assert_true(holds(&made, "not (fd.name = a and fd.name = b) and fd.name = /a"));
	assert_true(holds(&made, "(mount.op = a or not mount.op = a) and fd.name = /a"));
	assert_false(holds(&made, "(fd.name = /a and fd.name = b) or fd.name = b"));
	made_done(&made);
}

static void rule_that_always_matches_is_told(void **state)
{
	assert_int_equal(warnings(RULE("r", "proc.pid = 1 or not proc.pid = 1"), "TC-R082"), 1);
	assert_int_equal(warnings(RULE("r", "proc.pid = 1 or not proc.pid = 2"), "TC-R082"), 0);
}

static void rule_for_every_kind_is_told_unless_meant(void **state)
{
	assert_int_equal(warnings(RULE("r", "proc.name = x"), "TC-R084"), 1);
	assert_int_equal(warnings(RULE("r", "proc.name = x") "  warn_evttypes: false\n", "TC-R084"),
			 0);
	assert_int_equal(warnings(RULE("r", "proc.name = x and evt.type = openat"), "TC-R084"), 0);
	assert_int_equal(warnings(RULE("r", "proc.name = x and fd.name = y"), "TC-R084"), 0);
}

static void second_rule_of_a_condition_is_told(void **state)
{
	assert_int_equal(warnings(RULE("a", "fd.name = x and proc.pid = 1")
					  RULE("b", "proc.pid = 0x1 and fd.name in (x)"),
				  "TC-R085"),
			 0);
	assert_int_equal(warnings(MACRO("m", "proc.pid = 1") RULE("a", "fd.name = x and m")
					  RULE("b", "proc.pid = 0x1 and (fd.name = x)"),
				  "TC-R085"),
			 1);
	/* One that is switched off is no second. */
	assert_int_equal(
		warnings(RULE("a", "fd.name = x") "  enabled: false\n" RULE("b", "fd.name = x"),
			 "TC-R085"),
		0);
}

static size_t shadows(const char *text)
{
	struct tc_diagnostics diagnostics = {0}, told = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	size_t n;

	assert_non_null(set);
	tc_review_shadows(set, &told);
	n = told.count;
	for (size_t i = 0; i < n; i++)
		assert_string_equal(told.items[i].code, "TC-R086");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_diagnostics_done(&told);
	return n;
}

static void shadowed_rules_are_found(void **state)
{
	assert_int_equal(
		shadows(RULE("a", "fd.name = x") RULE("b", "fd.name = x and proc.pid = 1")), 1);
	assert_int_equal(
		shadows(RULE("a", "fd.name = x and proc.pid = 1") RULE("b", "fd.name = x")), 0);
	assert_int_equal(shadows(RULE("a", "fd.name = x or fd.name = y") RULE("b", "fd.name = y")),
			 1);
	assert_int_equal(shadows(RULE("a", "fd.name = x or fd.name = y or fd.name = z") RULE(
				 "b", "(fd.name = y or fd.name = x) and proc.pid = 1")),
			 1);
	assert_int_equal(shadows(RULE("a", "fd.name = x or fd.name = y")
					 RULE("b", "fd.name = y or proc.pid = 1")),
			 0);
	assert_int_equal(shadows(RULE("a", "not fd.name = x") RULE("b", "not fd.name = x")), 1);
}

/* Rules that nest and share much must not take long to compare. */
static void comparing_rules_is_bounded(void **state)
{
	struct tc_buffer text = {0};

	for (unsigned i = 0; i < 200; i++) {
		tc_buffer_printf(&text, RULE("r%u", ""), i);
		text.length--;
		for (unsigned j = 0; j < 30; j++)
			tc_buffer_printf(&text,
					 "%s((fd.name = a%u or proc.pid = %u) and (fd.name = "
					 "b%u or proc.pid = %u))",
					 j ? " or " : " ", (i + j) % 50, j, j, (i * j) % 50);
		tc_buffer_add_char(&text, '\n');
	}
	assert_true(shadows(text.bytes) < 200);
	tc_buffer_done(&text);
}

static void unused_macros_and_lists_are_told(void **state)
{
	static const char text[] =
		"- list: l\n  items: [x]\n- list: k\n  items: [y]\n" MACRO("m", "fd.name in (l)")
			MACRO("n", "m") RULE("r", "m");

	assert_int_equal(warnings(text, "TC-R081"), 2); /* k, n */
}

static void mistakes_in_unused_macros_are_warnings(void **state)
{
	assert_int_equal(warnings(MACRO("m", "no.field = 1") RULE("r", "fd.name = x"), "TC-R066"),
			 1);
	assert_int_equal(warnings(MACRO("m", "no.field = 1") MACRO("n", "m and fd.name = 1")
					  RULE("r", "fd.name = x"),
				  "TC-R066"),
			 1);
	assert_int_equal(warnings(MACRO("m", "proc.pid = x") RULE("r", "fd.name = x"), "TC-R072"),
			 1);
	/* What is no condition at all is an error anywhere. */
	assert_refused(MACRO("m", "fd.name = ") RULE("r", "fd.name = x"), "TC-R060", 2, 22);
	assert_refused(MACRO("m", "nomacro") RULE("r", "fd.name = x"), "TC-R062", 2, 14);
}

static void mistakes_in_macros_that_rules_use_are_told_once(void **state)
{
	assert_refused(MACRO("m", "no.field = 1") RULE("r", "m") RULE("s", "m or fd.name = x"),
		       "TC-R066", 2, 14);
	assert_refused(MACRO("m", "no.field = 1") MACRO("n", "m") MACRO("o", "m") RULE("r", "n")
			       RULE("s", "o"),
		       "TC-R066", 2, 14);
	/* A rule that is switched off is looked at all the same. */
	assert_refused(MACRO("m", "no.field = 1") RULE("r", "m") "  enabled: false\n", "TC-R066", 2,
		       14);
}

#define SKIP "  skip-if-unknown-filter: true\n"

static void rule_with_unknown_fields_may_be_skipped(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set =
		rules_from(MACRO("m", "no.field = 1 or container.no.such = 2")
				   RULE("a", "fd.name = x and no.thing = 1") SKIP RULE("b", "m")
					   SKIP RULE("c", "fd.name = x"),
			   &diagnostics);

	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), 1);
	assert_string_equal(tc_ruleset_at(set, 0)->name, "c");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	assert_int_equal(warnings(RULE("a", "no.thing = 1") SKIP, "TC-R054"), 1);
	/* Other mistakes are not forgiven, and other rules are not either. */
	assert_refused(RULE("a", "proc.pid = x") SKIP, "TC-R072", 5, 25);
	assert_refused(RULE("a", "no.thing = 1") "  skip-if-unknown-filter: false\n", "TC-R066", 5,
		       14);
	assert_refused(MACRO("m", "no.field = 1") RULE("a", "m") SKIP RULE("b", "m"), "TC-R066", 2,
		       14);
	assert_refused(MACRO("m", "no.field = 1") RULE("b", "m") RULE("a", "m") SKIP, "TC-R066", 2,
		       14);
}

static void keys_without_effect_are_told_once(void **state)
{
	assert_int_equal(
		warnings(RULE("a", "fd.name = x") "  capture: true\n"
						  "  capture_duration: 500\n" RULE(
							  "b", "fd.name = y") "  capture: yes\n",
			 "TC-R055"),
		1);
	assert_int_equal(warnings(RULE("a", "fd.name = x") "  capture: false\n"
							   "  capture_duration: 0\n",
				  "TC-R055"),
			 0);
}

static void requirements_that_are_not_met_are_told(void **state)
{
	assert_int_equal(warnings("- required_engine_version: 0.99.0\n", "TC-R056"), 1);
	assert_int_equal(warnings("- required_engine_version: 1.0.0\n", "TC-R056"), 1);
	assert_int_equal(warnings("- required_engine_version: 0.57.0\n", "TC-R056"), 0);
	assert_int_equal(warnings("- required_engine_version: 26\n", "TC-R056"), 0);
	assert_int_equal(warnings("- required_engine_version: 99\n", "TC-R056"), 1);
#define PLUGIN(name) "{name: " name ", version: 0.4.0"
	assert_int_equal(
		warnings("- required_plugin_versions:\n  - " PLUGIN("container") "}\n", "TC-R056"),
		0);
	assert_int_equal(
		warnings("- required_plugin_versions:\n  - " PLUGIN("json") "}\n", "TC-R056"), 1);
	assert_int_equal(warnings("- required_plugin_versions:\n  - " PLUGIN(
					  "json") ", alternatives: [" PLUGIN("container") "}]}\n",
				  "TC-R056"),
			 0);
#undef PLUGIN
}

static void type_that_is_no_system_call_is_told(void **state)
{
	char *text = rule_text("evt.type in (openat, opnat, io_uring_opnat) and proc.pid = 1");

	assert_int_equal(warnings(text, "TC-R088"), 2);
	assert_true(hints(text, "`openat`"));
	free(text);
	text = rule_text("evt.type != opnat and evt.kind = open");
	assert_int_equal(warnings(text, "TC-R088"), 1);
	free(text);
	/* Those of 32 bits, of rings, and kinds that no call leads to are. */
	text = rule_text("evt.type in (futex, umount, io_uring_openat, loss, exit_group, "
			 "socketcall) or evt.type startswith opn");
	assert_int_equal(warnings(text, "TC-R088"), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_that_exclude_each_other_never_match),
		cmocka_unit_test(parts_that_only_look_so_may_match),
		cmocka_unit_test(what_is_never_true_fails_in_a_larger_condition),
		cmocka_unit_test(rule_that_always_matches_is_told),
		cmocka_unit_test(rule_for_every_kind_is_told_unless_meant),
		cmocka_unit_test(second_rule_of_a_condition_is_told),
		cmocka_unit_test(shadowed_rules_are_found),
		cmocka_unit_test(comparing_rules_is_bounded),
		cmocka_unit_test(unused_macros_and_lists_are_told),
		cmocka_unit_test(mistakes_in_unused_macros_are_warnings),
		cmocka_unit_test(mistakes_in_macros_that_rules_use_are_told_once),
		cmocka_unit_test(rule_with_unknown_fields_may_be_skipped),
		cmocka_unit_test(keys_without_effect_are_told_once),
		cmocka_unit_test(requirements_that_are_not_met_are_told),
		cmocka_unit_test(type_that_is_no_system_call_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
