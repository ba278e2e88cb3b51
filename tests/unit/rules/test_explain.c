/* SPDX-License-Identifier: Apache-2.0 */
/* rules/explain.c: the truth of each part, and the sentence. */
#include "tests/unit/rules/story.h"

#include "rules/explain.h"

struct explained {
	struct story story;
	struct tc_ruleset *set;
	struct tc_written *written;
	struct tc_explanation why;
	struct tc_buffer reason;
};

/* A rule `r` with a condition, behind what else a file defines. event: NULL for none. */
static void explain(struct explained *explained, const char *before, const char *condition,
		    const char *event)
{
	struct tc_diagnostics diagnostics = {0};
	char *rule = rule_text(condition), *text;

	assert_true(asprintf(&text, "%s%s", before, rule) > 0);
	*explained = (struct explained){0};
	assert_int_equal(tc_ruleset_examine_written_bytes("r.yaml", text, strlen(text),
							  &diagnostics, &explained->set,
							  &explained->written),
			 0);
	if (diagnostics.errors) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail();
	}
	if (event && story_tell(&explained->story, event) < 0) {
		tc_diagnostics_print(&explained->story.diagnostics, stderr, false);
		fail();
	}
	assert_int_equal(tc_explain(explained->set, explained->written, 0, explained->story.event,
				    &explained->story.arena, &explained->why),
			 0);
	if (event)
		tc_explain_reason(&explained->why, &explained->reason);
	free(rule);
	free(text);
	tc_diagnostics_done(&diagnostics);
}

static void explained_done(struct explained *explained)
{
	tc_ruleset_free(explained->set);
	tc_written_free(explained->written);
	tc_buffer_done(&explained->reason);
	story_done(&explained->story);
}

static const char lists[] = "- list: more\n  items: [zsh, \"a b\", later]\n"
			    "- list: shells\n  items: [sh, bash, more]\n"
			    "- list: later\n  items: [ksh]\n"
			    "- macro: by_shell\n  condition: (proc.name in (shells))\n"
			    "- macro: quiet\n  condition: not by_shell\n";

static void assert_reason(const char *condition, const char *event, const char *reason)
{
	struct explained explained;
	const struct tc_rule *match;
	size_t n;

	explain(&explained, lists, condition, event);
	if (strcmp(explained.reason.bytes, reason) != 0)
		fail_msg("%s", explained.reason.bytes);
	n = tc_ruleset_judge(explained.set, explained.story.event, &match, 1);
	assert_int_equal(n, explained.why.root->holds);
	explained_done(&explained);
}

static void test_the_tree_is_as_it_was_written(void **state)
{
	struct explained explained;
	const struct tc_why *why, *macro, *check;

	explain(&explained, lists, "evt.kind=exec and not (by_shell or proc.argv[0] exists)", NULL);
	why = explained.why.root;
	assert_null(explained.why.kind);
	assert_int_equal(why->ast->kind, TC_AST_AND);
	assert_string_equal(why->child->text, "evt.kind = exec");
	assert_int_equal(why->child->next->ast->kind, TC_AST_NOT);
	macro = why->child->next->child->child;
	assert_int_equal(macro->ast->kind, TC_AST_MACRO);
	assert_string_equal(macro->text, "by_shell");
	assert_string_equal(macro->child->text, "proc.name in (shells)");
	check = macro->next;
	assert_string_equal(check->text, "proc.argv[0] exists");
	assert_int_equal(check->n_values, 1);
	assert_string_equal(check->values[0].name, "proc.argv[0]");
	assert_null(check->values[0].shown);
	explained_done(&explained);
}

static void test_truth_and_values_at_every_part(void **state)
{
	struct explained explained;
	const struct tc_why *why;

	explain(&explained, lists, "evt.kind = exec and by_shell and proc.pname = sshd",
		"{kind: exec, proc.name: bash, proc.pname: cron}");
	why = explained.why.root;
	assert_false(why->holds);
	assert_true(why->child->holds);
	assert_false(why->child->decides);
	assert_true(why->child->next->holds);
	assert_true(why->child->next->child->holds);
	assert_string_equal(why->child->next->child->values[0].shown, "bash");
	assert_false(why->child->next->next->holds);
	assert_true(why->child->next->next->decides);
	assert_string_equal(why->child->next->next->values[0].shown, "cron");
	explained_done(&explained);
}

static void test_one_check_decides(void **state)
{
	assert_reason("evt.kind = exec and proc.name = sh", "{kind: exec, proc.name: bash}",
		      "It did not match: proc.name is `bash`, not sh.");
	assert_reason("evt.kind = exec and proc.name = sh", "{kind: mkdir}",
		      "It did not match: evt.kind is `mkdir`, not exec.");
	assert_reason("fd.name startswith /etc and evt.kind = open",
		      "{kind: open, fd.name: /tmp/x}",
		      "It did not match: fd.name is `/tmp/x`, which does not start with /etc.");
	assert_reason("evt.kind = exec and by_shell", "{kind: exec, proc.name: zsh}",
		      "It matched: evt.kind is `exec`, as the rule asks; proc.name is `zsh`, which "
		      "is in (shells).");
	assert_reason("evt.kind = exec or proc.pid = 7", "{kind: mkdir, proc.pid: 7}",
		      "It matched: proc.pid is `7`, as the rule asks.");
	assert_reason("proc.pid > 5", "{kind: mkdir, proc.pid: 3}",
		      "It did not match: proc.pid is `3`, which is not > 5.");
}

static void test_missing_values_are_told(void **state)
{
	assert_reason(
		"proc.pname = sh", "{kind: mkdir}",
		"It did not match: proc.pname has no value, and a check of a missing value is "
		"false.");
	assert_reason("fd.name != /a", "{kind: mkdir}",
		      "It did not match: fd.name has no value in events of kind mkdir, and a check "
		      "of a missing value is false.");
	assert_reason("proc.pname exists", "{kind: mkdir}",
		      "It did not match: proc.pname has no value.");
	assert_reason("not proc.pname = sh", "{kind: mkdir}",
		      "It matched: proc.pname has no value, and a check of a missing value is "
		      "false.");
}

static void test_values_that_are_made(void **state)
{
	assert_reason("toupper(proc.name) = SH and evt.kind = mkdir", "{kind: mkdir, proc.name: x}",
		      "It did not match: toupper(proc.name) is `X`, not SH.");
	assert_reason("proc.name = val(proc.pname)", "{kind: mkdir, proc.name: x, proc.pname: y}",
		      "It did not match: proc.name is `x` and proc.pname is `y`, not "
		      "val(proc.pname).");
	assert_reason("proc.name startswith oneof (x, y, xy)", "{kind: mkdir, proc.name: xyz}",
		      "It did not match: proc.name is `xyz`, which is not startswith oneof (x, y, "
		      "xy).");
}

static void test_what_a_rule_excludes(void **state)
{
	assert_reason("evt.kind = mkdir and not proc.name = x", "{kind: mkdir, proc.name: x}",
		      "It did not match: proc.name is `x`, as the rule asks, which the rule "
		      "excludes.");
	assert_reason("evt.kind = mkdir and not by_shell", "{kind: mkdir, proc.name: sh}",
		      "It did not match: the rule excludes by_shell, which holds: proc.name is "
		      "`sh`, which is in (shells).");
	assert_reason("evt.kind = mkdir and quiet", "{kind: mkdir, proc.name: sh}",
		      "It did not match: the rule excludes by_shell, which holds: proc.name is "
		      "`sh`, which is in (shells).");
	assert_reason(
		"not (proc.name = x and proc.pid = 7)", "{kind: mkdir, proc.name: x, proc.pid: 7}",
		"It did not match: the rule excludes that proc.name is `x`; proc.pid is `7`.");
}

static void test_long_reasons_end(void **state)
{
	assert_reason(
		"proc.name in (a) or proc.name in (b) or proc.name in (c) or proc.name in "
		"(d) or proc.name in (e) or proc.name in (f)",
		"{kind: mkdir, proc.name: x}",
		"It did not match: proc.name is `x`, which is not in (a); proc.name is `x`, "
		"which is not in (b); proc.name is `x`, which is not in (c); proc.name is `x`, "
		"which is not in (d); and 2 more.");
}

static void test_lists_are_written_out(void **state)
{
	struct explained explained;
	struct tc_buffer text = {0};
	const struct tc_list *list;

	explain(&explained, lists, "by_shell", NULL);
	list = tc_library_list(&explained.written->library, "shells", strlen("shells"));
	tc_written_items(explained.written, list, 10, &text);
	assert_string_equal(text.bytes, "(sh, bash, zsh, \"a b\", later)");
	tc_buffer_reset(&text);
	tc_written_items(explained.written, list, 2, &text);
	assert_string_equal(text.bytes, "(sh, bash, ...)");
	tc_buffer_done(&text);
	explained_done(&explained);
}

/* Each macro names the one before twice: written out it would have 2^60 parts. */
static void test_macros_that_stand_for_many_parts(void **state)
{
	struct tc_buffer macros = {0};
	struct explained explained;

	tc_buffer_add_string(&macros, "- macro: m0\n  condition: proc.name = a\n");
	for (unsigned i = 1; i < 60; i++)
		tc_buffer_printf(&macros, "- macro: m%u\n  condition: m%u and m%u\n", i, i - 1,
				 i - 1);
	explain(&explained, macros.bytes, "m59", "{kind: mkdir, proc.name: a}");
	assert_true(explained.why.root->holds);
	assert_string_equal(explained.reason.bytes + strlen(explained.reason.bytes) - 6, " more.");
	tc_buffer_done(&macros);
	explained_done(&explained);
}

static void test_alerts_are_events(void **state)
{
	struct explained explained;

	explain(&explained, lists, "proc.aname in (sshd) and proc.cmdline endswith \"\\\\x\"",
		"{\"kind\":\"exec\",\"rule\":\"A\",\"output_fields\":{\"proc.aname\":[\"bash\","
		"\"sshd\"],"
		"\"proc.cmdline\":\"a\\\\xffb "
		"\\\\\\\\x\",\"proc.name\":\"a\\\\xffb\",\"fd.name\":null}}");
	assert_true(explained.why.root->holds);
	assert_string_equal(explained.why.root->child->next->values[0].shown, "a\\xffb \\\\x");
	explained_done(&explained);
}

/* As the compiler puts lists into each other: each once, and one that comes back is the word. */
static void lists_in_circles_are_written_once(void **state)
{
	static const char circles[] = "- list: sshd\n  items: [x]\n"
				      "- list: other\n  items: []\n"
				      "- list: sshd\n  items: [sshd, a, other, other, b]\n"
				      "- list: other\n  items: [sshd, c]\n";
	struct explained explained;
	struct tc_buffer text = {0};
	const struct tc_term word = {.kind = TC_TERM_WORD, .text = "sshd", .length = 4};

	explain(&explained, circles, "proc.name in (sshd)", NULL);
	tc_written_items(explained.written, tc_written_list(explained.written, &word, UINT32_MAX),
			 20, &text);
	assert_string_equal(text.bytes, "(sshd, a, sshd, c, b)");
	tc_buffer_done(&text);
	explained_done(&explained);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tree_is_as_it_was_written),
		cmocka_unit_test(test_truth_and_values_at_every_part),
		cmocka_unit_test(test_one_check_decides),
		cmocka_unit_test(test_missing_values_are_told),
		cmocka_unit_test(test_values_that_are_made),
		cmocka_unit_test(test_what_a_rule_excludes),
		cmocka_unit_test(test_long_reasons_end),
		cmocka_unit_test(test_lists_are_written_out),
		cmocka_unit_test(test_macros_that_stand_for_many_parts),
		cmocka_unit_test(test_alerts_are_events),
		cmocka_unit_test(lists_in_circles_are_written_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
