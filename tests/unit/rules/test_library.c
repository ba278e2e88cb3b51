/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, macros, rules; append, override, exceptions; what an item sees. */
#include "fixture.h"

#define RULE(name, condition)                                                                      \
	"- rule: " name "\n  desc: d\n  priority: INFO\n  output: o\n  condition: " condition "\n"

/* How many rules of the text match an open of the path by `cat`, whose parent is `sh`. */
static size_t matches(const char *text, const char *path)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	struct made made;
	size_t n;

	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused:\n%s", text);
	}
	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, path);
	made_end(&made);
	n = tc_ruleset_judge(set, &made.event, NULL, 0);
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return n;
}

static void lists_expand_in_lists_and_beside_literals(void **state)
{
	static const char text[] =
		"- list: a\n  items: [one, '\"two words\"', three four]\n"
		"- list: b\n  items: [a, five]\n"
		"- list: c\n  items: [b]\n" RULE("r", "fd.name in (c, six, 'c')");

	assert_int_equal(matches(text, "one"), 1);
	assert_int_equal(matches(text, "two words"), 1);
	assert_int_equal(matches(text, "three four"), 1);
	assert_int_equal(matches(text, "five"), 1);
	assert_int_equal(matches(text, "six"), 1);
	assert_int_equal(matches(text, "c"), 1);
	assert_int_equal(matches(text, "a"), 0);
	assert_int_equal(matches(text, "b"), 0);
}

static void list_by_name_and_empty_lists(void **state)
{
	assert_int_equal(matches("- list: a\n  items: [x]\n" RULE("r", "fd.name in a"), "x"), 1);
	assert_int_equal(matches("- list: a\n  items: []\n" RULE("r", "fd.name in (a)"), "x"), 0);
	assert_int_equal(matches("- list: a\n  items: []\n" RULE("r", "fd.name in (a, x)"), "x"),
			 1);
	assert_int_equal(matches("- list: a\n  items:\n" RULE("r", "not fd.name in (a)"), "x"), 1);
}

static void a_list_that_names_itself_means_the_word(void **state)
{
	assert_int_equal(matches("- list: sshd\n  items: [x]\n- list: sshd\n  items: [sshd]\n" RULE(
					 "r", "fd.name in (sshd)"),
				 "sshd"),
			 1);
}

static void list_of_one_stands_for_its_value(void **state)
{
	assert_int_equal(matches("- list: a\n  items: [x]\n" RULE("r", "fd.name = a"), "x"), 1);
	assert_refused("- list: a\n  items: [x, y]\n" RULE("r", "fd.name = a"), "TC-R065", 7, 24);
}

static void unknown_names_are_refused(void **state)
{
	static const char macro[] =
		"- macro: shells\n  condition: proc.name = sh\n" RULE("r", "shels");
	static const char list[] =
		"- list: shells\n  items: [sh]\n" RULE("r", "proc.name in shels");

	assert_refused(macro, "TC-R062", 7, 14);
	assert_true(hints(macro, "`shells`"));
	assert_refused(list, "TC-R064", 7, 27);
	assert_true(hints(list, "`shells`"));
}

static void macro_sees_those_before_it(void **state)
{
	assert_refused(
		"- macro: a\n  condition: b\n- macro: b\n  condition: fd.name = x\n" RULE("r", "a"),
		"TC-R062", 2, 14);
	assert_int_equal(matches(RULE("r", "a") "- macro: a\n  condition: fd.name = x\n", "x"), 1);
}

static void macro_sees_more_after_a_later_change(void **state)
{
	static const char text[] =
		"- macro: a\n  condition: fd.name = x\n"
		"- macro: b\n  condition: fd.name = y\n"
		"- macro: a\n  condition: or b\n  override: {condition: append}\n" RULE("r", "a");

	assert_int_equal(matches(text, "y"), 1);
}

static void macro_that_contains_itself_is_refused(void **state)
{
	assert_refused("- macro: a\n  condition: fd.name = x or a\n" RULE("r", "fd.name = x"),
		       "TC-R063", 2, 29);
	assert_refused("- macro: a\n  condition: fd.name = x\n- macro: b\n  condition: a\n"
		       "- macro: a\n  condition: b\n" RULE("r", "fd.name = x"),
		       "TC-R063", 4, 14);
}

static void macros_keep_their_parentheses(void **state)
{
	static const char text[] = "- macro: a\n  condition: fd.name = x or fd.name = y\n" RULE(
		"r", "a and fd.name = y");

	assert_int_equal(matches(text, "x"), 0);
	assert_int_equal(matches(text, "y"), 1);
}

static void later_definition_replaces(void **state)
{
	static const char text[] = RULE("r", "fd.name = x") RULE("r", "fd.name = y");

	assert_int_equal(matches(text, "x"), 0);
	assert_int_equal(matches(text, "y"), 1);
}

static void append_joins_text(void **state)
{
	static const char text[] =
		RULE("r", "fd.name = x and proc.pid = 1") "- rule: r\n  append: true\n  condition: "
							  "or fd.name = y\n";
	static const char list[] =
		"- list: a\n  items: [x]\n- list: a\n  append: true\n  items: [y]\n" RULE(
			"r", "fd.name in (a)");

	assert_int_equal(matches(text, "y"), 1);
	assert_int_equal(matches(list, "x"), 1);
	assert_int_equal(matches(list, "y"), 1);
	assert_refused("- rule: r\n  append: true\n  condition: or fd.name = y\n", "TC-R050", 1, 9);
}

static void append_changes_the_condition_and_exceptions_alone(void **state)
{
	static const char text[] = RULE("r", "fd.name = x") "- rule: r\n  append: true\n"
							    "  condition: or fd.name = y\n"
							    "  priority: DEBUG\n  output: more\n"
							    "  enabled: false\n  tags: [t]\n";
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);

	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), 1);
	assert_int_equal(tc_ruleset_at(set, 0)->priority, TC_PRIORITY_INFORMATIONAL);
	assert_int_equal(tc_ruleset_at(set, 0)->n_tags, 0);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	assert_int_equal(matches(text, "y"), 1);
	assert_int_equal(warnings(text, "TC-R058"), 4);
	assert_true(hints(text, "`override`"));
}

static void blanks_around_values_in_quotes_belong_to_them(void **state)
{
	assert_int_equal(matches("- list: a\n  items: ['/a ', x]\n" RULE(
					 "r", "fd.name startswith anyof (a)"),
				 "/ab"),
			 0);
	assert_int_equal(matches("- list: a\n  items: ['/a ', x]\n" RULE(
					 "r", "fd.name startswith anyof (a)"),
				 "/a b"),
			 1);
	/* The line break behind a block does not. */
	assert_int_equal(
		matches("- list: a\n  items:\n    - |\n      /a b\n" RULE("r", "fd.name in (a)"),
			"/a b"),
		1);
}

static void override_says_what_happens_to_each_key(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(
		RULE("r",
		     "fd.name = x") "- rule: r\n  output: two\n  priority: error\n  tags: [t]\n"
				    "  override: {output: append, priority: replace, tags: "
				    "append}\n",
		&diagnostics);
	const struct tc_rule *rule = tc_ruleset_at(set, 0);

	assert_int_equal(rule->priority, TC_PRIORITY_ERROR);
	assert_int_equal(rule->n_tags, 1);
	assert_string_equal(rule->tags[0], "t");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	assert_refused(RULE("r", "fd.name = x") "- rule: r\n  output: p\n  desc: e\n  override: "
						"{output: append}\n",
		       "TC-R049", 8, 3);
	assert_refused(RULE("r", "fd.name = x") "- rule: r\n  override: {output: append}\n",
		       "TC-R049", 7, 14);
	assert_refused(
		RULE("r",
		     "fd.name = x") "- rule: r\n  priority: info\n  override: {priority: append}\n",
		"TC-R049", 8, 24);
	assert_refused(
		RULE("r", "fd.name = x") "- rule: r\n  output: p\n  override: {output: merge}\n",
		"TC-R049", 8, 22);
}

static void disabled_rules_are_checked_and_not_in_force(void **state)
{
	assert_int_equal(matches(RULE("r", "fd.name = x") "  enabled: false\n", "x"), 0);
	assert_int_equal(matches(RULE("r", "fd.name = x") "- rule: r\n  enabled: false\n", "x"), 0);
	assert_int_equal(
		matches(RULE("r", "fd.name = x") "  enabled: false\n- rule: r\n  enabled: true\n"
						 "  override: {enabled: replace}\n",
			"x"),
		1);
	assert_refused(RULE("r", "bad.field = x") "  enabled: false\n", "TC-R066", 5, 14);
}

static void exceptions_exclude(void **state)
{
	static const char text[] = RULE(
		"r",
		"fd.name startswith /a or fd.name startswith /b") "  exceptions:\n"
								  "    - name: one\n      fields: "
								  "fd.name\n      values: [/a/x, "
								  "/a/y z]\n"
								  "    - name: two\n      fields: "
								  "[proc.name, fd.name]\n      "
								  "comps: [=, startswith]\n"
								  "      values:\n        - [cat, "
								  "/b/]\n        - [dog, /a]\n"
								  "    - name: three\n      "
								  "fields: [fd.name, proc.name]\n  "
								  "    comps: [in, =]\n"
								  "      values:\n        - "
								  "[[/a/1, /a/2], cat]\n        - "
								  "[/a/3, cat]\n"
								  "    - name: none\n      fields: "
								  "fd.name\n"
								  "- rule: r\n  exceptions:\n    - "
								  "name: none\n      values: "
								  "[/a/late]\n"
								  "  override: {exceptions: "
								  "append}\n";

	assert_int_equal(matches(text, "/a/z"), 1);
	assert_int_equal(matches(text, "/a/x"), 0);
	assert_int_equal(matches(text, "/a/y z"), 0);
	assert_int_equal(matches(text, "/b/z"), 0);
	assert_int_equal(matches(text, "/bz"), 1);
	assert_int_equal(matches(text, "/a/2"), 0);
	assert_int_equal(matches(text, "/a/3"), 0);
	assert_int_equal(matches(text, "/a/late"), 0);
}

/* As in Falco, which puts parentheses around it and no quotes. */
static void word_behind_in_of_an_exception_is_a_list(void **state)
{
#define EXCEPTION(value)                                                                           \
	RULE("r", "fd.name exists")                                                                \
	"  exceptions: [{name: e, fields: [fd.name, proc.name], comps: [in, =], values: [[" value  \
	", cat]]}]\n"
	assert_int_equal(matches(EXCEPTION("'/a, /b'"), "/a"), 0);
	assert_int_equal(matches(EXCEPTION("'/a, /b'"), "/b"), 0);
	assert_int_equal(matches(EXCEPTION("'(/a, /b)'"), "/b"), 0);
	assert_int_equal(matches(EXCEPTION("/a"), "/b"), 1);
	assert_int_equal(matches(EXCEPTION("'\"/a b\"'"), "/a b"), 0);
	assert_refused(EXCEPTION("'/a b'"), "TC-R060", 6, 86);
#undef EXCEPTION
}

static void exception_keeps_blanks_around_its_values(void **state)
{
	static const char text[] = RULE(
		"r", "fd.name exists") "  exceptions:\n"
				       "    - {name: a, fields: [fd.name], comps: [startswith],"
				       " values: [['/a ']]}\n"
				       "    - {name: b, fields: fd.name, values: [' /b']}\n";

	assert_int_equal(matches(text, "/ab"), 1);
	assert_int_equal(matches(text, "/a b"), 0);
	assert_int_equal(matches(text, "/b"), 1);
	assert_int_equal(matches(text, " /b"), 0);
}

static void exceptions_that_do_not_fit_are_refused(void **state)
{
	assert_refused(RULE("r", "fd.name = x") "  exceptions: [{name: e, values: [a]}]\n",
		       "TC-R051", 6, 23);
	assert_refused(
		RULE("r",
		     "fd.name = x") "  exceptions: [{name: e, fields: [fd.name], values: [a]}]\n",
		"TC-R051", 6, 54);
	assert_refused(RULE("r", "fd.name = x") "  exceptions: [{name: e, fields: [fd.name], "
						"values: [[a, b]]}]\n",
		       "TC-R051", 6, 54);
	assert_refused(
		RULE("r",
		     "fd.name = x") "  exceptions: [{name: e, fields: bad.field, values: [a]}]\n",
		"TC-R066", 6, 34);
}

static void items_are_checked(void **state)
{
	assert_refused("- rul: x\n", "TC-R041", 1, 3);
	assert_true(hints("- rul: x\n", "`rule`"));
	assert_refused(RULE("r", "fd.name = x") "  prioritty: x\n", "TC-R042", 6, 3);
	assert_true(hints(RULE("r", "fd.name = x") "  prioritty: x\n", "`priority`"));
	assert_refused("- rule: r\n  desc: d\n  priority: info\n  output: o\n", "TC-R043", 1, 3);
	assert_refused("- list: a\n  items: x\n", "TC-R044", 2, 10);
	assert_refused("- list: a\n  items: [x]\n- list: a\n  override: {items: append}\n"
		       "  items: [y]\n  ? [a, b]\n  : c\n- list: b\n  items: []\n",
		       "TC-R022", 6, 5);
	assert_refused("- macro: a b\n  condition: fd.name = x\n", "TC-R045", 1, 10);
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(
		"- list: l\n  items: [x]\n" RULE(
			"r",
			"ka.verb in (l)") "  source: k8s_audit\n" RULE("s",
								       "fd.name = x") "  source: "
										      "syscall\n",
		&diagnostics);

	/* Left out with all that it asks, and not an error. */
	assert_non_null(set);
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].code, "TC-R048");
	assert_int_equal(tc_ruleset_count(set), 1);
	assert_string_equal(tc_ruleset_at(set, 0)->name, "s");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	assert_refused(RULE("r", "fd.name = x") "  action: blok\n", "TC-R077", 6, 11);
	assert_refused(RULE("r", "fd.name = x") "  errno: EACCES\n", "TC-R077", 6, 10);
	assert_refused(
		RULE("r", "fd.name = x and evt.kind = open") "  action: block\n  errno: EACCESS\n",
		"TC-R077", 7, 10);
	assert_refused(
		RULE("r", "fd.name = x and evt.kind = open") "  action: block\n  errno: 4096\n",
		"TC-R077", 7, 10);
	assert_refused(RULE("r", "fd.name = x") "  enforcement: maybe\n", "TC-R077", 6, 16);
	assert_refused(
		"- rule: r\n  desc: d\n  priority: hgih\n  output: o\n  condition: fd.name = x\n",
		"TC-R047", 3, 13);
	assert_refused("rule: r\n", "TC-R040", 1, 1);
	assert_refused("- just text\n", "TC-R040", 1, 3);
	assert_refused("- required_engine_version: new\n", "TC-R053", 1, 28);
	assert_int_equal(matches("- required_engine_version: 0.57.0\n- required_plugin_versions:\n"
				 "  - name: container\n    version: 0.4.0\n",
				 "x"),
			 0);
	assert_int_equal(matches("", "x"), 0);
	assert_int_equal(
		matches("---\n---\n" RULE("r", "fd.name = x") "---\n" RULE("s", "fd.name = x"),
			"x"),
		2);
}

/* Whether a rule with the scope matches what a process of ssh.service below user.slice does. */
static bool in_scope(const char *scope)
{
	struct tc_diagnostics diagnostics = {0};
	char path[] = "/user.slice/a\\x2db.slice/ssh.service/init";
	struct tc_cgroup cgroup = {.path = path, .path_length = sizeof(path) - 1};
	struct tc_ruleset *set;
	struct made made;
	char *text;
	size_t n;

	assert_true(asprintf(&text, RULE("r", "fd.name = x or fd.name = y") "  scope: %s\n",
			     scope) > 0);
	set = rules_from(text, &diagnostics);
	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused: %s", scope);
	}
	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, "x");
	made_end(&made);
	made.event.cgroup = &cgroup;
	n = tc_ruleset_judge(set, &made.event, NULL, 0);
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	return n == 1;
}

static void scope_is_a_cgroup_or_a_unit_and_what_is_below(void **state)
{
	assert_true(in_scope("/user.slice"));
	assert_true(in_scope("ssh.service"));
	assert_true(in_scope("user.slice"));
	assert_true(in_scope("a\\x2db.slice"));
	assert_true(in_scope("[cron.service, /user.slice/]"));
	assert_false(in_scope("/user"));
	assert_false(in_scope("/ssh.service"));
	assert_false(in_scope("sh.service"));
	assert_false(in_scope("[cron.service, /system.slice]"));
	assert_refused(RULE("r", "fd.name = x") "  scope: ssh\n", "TC-R057", 6, 10);
	assert_refused(RULE("r", "fd.name = x") "  scope: [/a, b c]\n", "TC-R057", 6, 15);
	assert_refused(RULE("r", "fd.name = x") "  scope: []\n", "TC-R057", 6, 10);
	assert_refused(RULE("r", "fd.name = x") "  scope: {unit: ssh}\n", "TC-R057", 6, 10);
}

static void first_rule_alone_speaks_when_asked(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(RULE("a", "fd.name = y") RULE("b", "fd.name = x")
						    RULE("c", "fd.name in (x, y)"),
					    &diagnostics);
	const struct tc_rule *matches[3];
	enum tc_rule_matching matching;
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, "x");
	made_end(&made);
	assert_int_equal(tc_ruleset_judge(set, &made.event, matches, 3), 2);
	assert_int_equal(tc_rule_matching_parse("first", &matching), 0);
	tc_ruleset_set_matching(set, matching);
	assert_int_equal(tc_ruleset_judge(set, &made.event, matches, 3), 1);
	assert_string_equal(matches[0]->name, "b");
	assert_int_equal(tc_rule_matching_parse("all", &matching), 0);
	tc_ruleset_set_matching(set, matching);
	assert_int_equal(tc_ruleset_judge(set, &made.event, matches, 3), 2);
	assert_int_equal(tc_rule_matching_parse("last", &matching), -EINVAL);
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void exceptions_take_transformers_and_modifiers(void **state)
{
#define EXCEPTED RULE("r", "fd.name startswith /") "  exceptions:\n    - {name: e, "
	assert_int_equal(matches(EXCEPTED "fields: fd.name, comps: startswith anyof, values: [/a, "
					  "/b]}\n",
				 "/bc"),
			 0);
	assert_int_equal(matches(EXCEPTED "fields: fd.name, comps: startswith anyof, values: [/a, "
					  "/b]}\n",
				 "/cb"),
			 1);
	assert_int_equal(matches(EXCEPTED "fields: [tolower(fd.name), proc.name], comps: [=, in], "
					  "values: [[/abc, [cat, dog]]]}\n",
				 "/ABC"),
			 0);
	assert_int_equal(matches(EXCEPTED "fields: basename(fd.name), values: [x, y]}\n", "/a/y"),
			 0);
	/* More values come later, by the name alone. */
	assert_int_equal(matches(EXCEPTED "fields: fd.name, comps: endswith oneof, values: [x]}\n"
					  "- rule: r\n  exceptions: [{name: e, values: [z]}]\n"
					  "  override: {exceptions: append}\n",
				 "/az"),
			 0);
	assert_refused(EXCEPTED "fields: fd.name, comps: startswith, values: [/a]}\n", "TC-R051", 7,
		       41);
#undef EXCEPTED
}

static void priorities_parse_in_any_case(void **state)
{
	enum tc_priority priority;

	assert_int_equal(tc_priority_parse("cRITICAL", &priority), 0);
	assert_int_equal(priority, TC_PRIORITY_CRITICAL);
	assert_int_equal(tc_priority_parse("info", &priority), 0);
	assert_int_equal(priority, TC_PRIORITY_INFORMATIONAL);
	assert_int_equal(tc_priority_parse("high", &priority), -EINVAL);
	assert_string_equal(tc_priority_name(TC_PRIORITY_NOTICE), "Notice");
	assert_string_equal(tc_priority_name(TC_PRIORITY_MAX), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_expand_in_lists_and_beside_literals),
		cmocka_unit_test(list_by_name_and_empty_lists),
		cmocka_unit_test(a_list_that_names_itself_means_the_word),
		cmocka_unit_test(list_of_one_stands_for_its_value),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(macro_sees_those_before_it),
		cmocka_unit_test(macro_sees_more_after_a_later_change),
		cmocka_unit_test(macro_that_contains_itself_is_refused),
		cmocka_unit_test(macros_keep_their_parentheses),
		cmocka_unit_test(later_definition_replaces),
		cmocka_unit_test(append_joins_text),
		cmocka_unit_test(append_changes_the_condition_and_exceptions_alone),
		cmocka_unit_test(blanks_around_values_in_quotes_belong_to_them),
		cmocka_unit_test(override_says_what_happens_to_each_key),
		cmocka_unit_test(disabled_rules_are_checked_and_not_in_force),
		cmocka_unit_test(exceptions_exclude),
		cmocka_unit_test(word_behind_in_of_an_exception_is_a_list),
		cmocka_unit_test(exception_keeps_blanks_around_its_values),
		cmocka_unit_test(exceptions_that_do_not_fit_are_refused),
		cmocka_unit_test(items_are_checked),
		cmocka_unit_test(scope_is_a_cgroup_or_a_unit_and_what_is_below),
		cmocka_unit_test(first_rule_alone_speaks_when_asked),
		cmocka_unit_test(exceptions_take_transformers_and_modifiers),
		cmocka_unit_test(priorities_parse_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
