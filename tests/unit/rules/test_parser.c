/* SPDX-License-Identifier: Apache-2.0 */
/* Words and grammar of conditions: what is accepted, what is refused, and where the caret points.
 */
#include "fixture.h"

static bool opens(const char *path, const char *condition)
{
	struct made made;
	bool result;

	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, path);
	made_end(&made);
	result = holds(&made, condition);
	made_done(&made);
	return result;
}

static void bare_words_take_what_is_no_delimiter(void **state)
{
	assert_true(opens("runc:[0:PARENT]", "fd.name in (runc:[0:PARENT], x)"));
	assert_true(opens("/a<b>c!d&e|f;g\\h", "fd.name = /a<b>c!d&e|f;g\\h"));
	assert_true(opens("a%b", "fd.name=a%b"));
}

static void quotes_keep_blanks_and_resolve_escapes(void **state)
{
	assert_true(opens("a b", "fd.name = \"a b\""));
	assert_true(opens("a 'b'", "fd.name = \"a 'b'\""));
	assert_true(opens("a \"b\"", "fd.name = 'a \"b\"'"));
	assert_true(opens("a\tb\nc\\d\"e/", "fd.name = \"a\\tb\\nc\\\\d\\\"e\\/\""));
	assert_true(opens("it's", "fd.name = 'it\\'s'"));
	assert_true(opens("ends\\", "fd.name = 'ends\\\\'"));
	assert_true(opens("a\\b", "fd.name = 'a\\ b'"));
}

static void operators_need_no_blanks_around_them(void **state)
{
	assert_true(opens("x", "fd.name=x and proc.pid>=42 and proc.pid<=42 and proc.pid!=1"));
	assert_true(opens("x", "fd.name in(x)"));
	assert_true(opens("x", "fd.name contains'x'"));
}

static void quotes_that_are_wrong_are_refused(void **state)
{
	assert_condition_refused("fd.name = \"abc", "TC-R060", 11);
	assert_condition_refused("fd.name = 'a\\qb'", "TC-R060", 13);
	assert_condition_refused("fd.name = 'a\\\"b'", "TC-R060", 13);
	assert_condition_refused("fd.name = 'abc\\'", "TC-R060", 11);
}

static void grammar_mistakes_point_at_the_word(void **state)
{
	assert_condition_refused("fd.name = x fd.name = y", "TC-R060", 13);
	assert_condition_refused("(fd.name = x", "TC-R060", 13);
	assert_condition_refused("fd.name = x)", "TC-R060", 12);
	assert_condition_refused("fd.name =", "TC-R060", 10);
	assert_condition_refused("fd.name = x and", "TC-R060", 16);
	assert_condition_refused("and fd.name = x", "TC-R060", 1);
	assert_condition_refused("fd.name in (a b)", "TC-R060", 15);
	assert_condition_refused("fd.name in (a,)", "TC-R060", 15);
	assert_condition_refused("fd.name in (,a)", "TC-R060", 13);
	assert_condition_refused("fd.name in (a", "TC-R060", 14);
	assert_condition_refused("()", "TC-R060", 2);
	assert_condition_refused("fd.name[", "TC-R060", 9);
	assert_condition_refused("= x", "TC-R060", 1);
	assert_condition_refused("fd.name = x && fd.name = y", "TC-R060", 13);
}

static void foreign_keywords_get_a_hint(void **state)
{
	char *text = rule_text("fd.name = x && fd.name = y");

	assert_true(hints(text, "write `and`"));
	free(text);
	text = rule_text("fd.name = x OR fd.name = y");
	assert_true(hints(text, "write `or`"));
	free(text);
}

static void unknown_operator_is_told_with_the_nearest(void **state)
{
	char *text = rule_text("fd.name containts x");

	assert_condition_refused("fd.name containts x", "TC-R069", 9);
	assert_true(hints(text, "`contains`"));
	free(text);
	assert_condition_refused("fd.name and proc.pid = 1", "TC-R069", 9);
}

static void unknown_operators_are_told_one_by_one(void **state)
{
	char *text = rule_text("fd.name like x and (fd.name among (a, b) or fd.name ~ 'c d')");
	struct tc_diagnostics diagnostics = {0};

	assert_null(rules_from(text, &diagnostics));
	assert_int_equal(diagnostics.errors, 3);
	assert_int_equal(diagnostics.items[0].column, 13);
	assert_int_equal(diagnostics.items[1].column, 33);
	assert_int_equal(diagnostics.items[2].column, 57);
	tc_diagnostics_done(&diagnostics);
	free(text);
}

static void wrong_transformers_are_told(void **state)
{
	assert_condition_refused("tolover(fd.name) = x", "TC-R073", 1);
}

static void assert_warned(const char *condition, const char *code, size_t n)
{
	char *text = rule_text(condition);

	assert_int_equal(warnings(text, code), n);
	free(text);
}

static void fields_that_nothing_fills_are_told(void **state)
{
	assert_warned("ka.verb = get or fd.name = x", "TC-R079", 1);
	assert_warned("jevt.value[/a/b] = get or fd.name = x", "TC-R079", 1);
	assert_warned("evt.buffer bcontains cafe", "TC-R079", 1);
	assert_warned("evt.buffer bcontains cafe", "TC-R080", 1); /* so the rule cannot match */
	assert_warned("fd.sip.name in (a, b) or evt.arg.nothing_like_it = x", "TC-R079", 2);
	assert_true(hints("- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
			  "  condition: fd.sip.name = x\n",
			  "does not ask the network"));
	assert_condition_refused("evt.buflen = x", "TC-R072", 14);
	/* A family is no field itself. */
	assert_condition_refused("ka. = x", "TC-R060", 3);
}

static void either_end_is_for_checks_only(void **state)
{
	assert_condition_refused("tolower(fd.proto) = x", "TC-R076", 9);
	assert_condition_refused("fd.name = val(fd.ip)", "TC-R076", 15);
}

static void a_modifier_without_a_list_is_a_value(void **state)
{
	assert_true(opens("anyof", "fd.name = anyof"));
}

static void unknown_fields_are_told_with_the_nearest(void **state)
{
	char *text = rule_text("proc.nane = x");

	assert_condition_refused("proc.nane = x", "TC-R066", 1);
	assert_true(hints(text, "`proc.name`"));
	free(text);
	assert_condition_refused("proc.name[1] = x", "TC-R068", 1);
	assert_condition_refused("proc.aname[x] = x", "TC-R068", 1);
	assert_condition_refused("proc.aname[-1] = x", "TC-R068", 1);
	assert_condition_refused("proc.aname[99999999999999999999] = x", "TC-R068", 1);
}

static void fields_take_texts_in_brackets(void **state)
{
	static const char *const conditions[] = {
		"container.mount.dest[/proc*] exists",
		"container.mount.source[0] = /x",
		"container.label[app.kubernetes.io/name] in (a, b)",
		"k8s.pod.label['a b'] = val(container.label[b])",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		struct tc_diagnostics diagnostics = {0};
		char *text = rule_text(conditions[i]);
		struct tc_ruleset *set = rules_from(text, &diagnostics);

		if (!set || diagnostics.errors)
			fail_msg("%s: %s", conditions[i], diagnostics.items[0].message);
		tc_ruleset_free(set);
		tc_diagnostics_done(&diagnostics);
		free(text);
	}
	assert_condition_refused("container.mount.dest exists", "TC-R068", 1);
	assert_condition_refused("container.name[x] exists", "TC-R068", 1);
}

static void types_of_operators_and_values_are_checked(void **state)
{
	assert_condition_refused("proc.pid contains 4", "TC-R071", 10);
	assert_condition_refused("proc.is_exe_deleted < true", "TC-R071", 21);
	assert_condition_refused("proc.pid pmatch (/a)", "TC-R071", 10);
	assert_condition_refused("proc.pid = abc", "TC-R072", 12);
	assert_condition_refused("proc.pid = 1.5", "TC-R072", 12);
	assert_condition_refused("proc.pid = 1e3", "TC-R072", 12);
	assert_condition_refused("proc.pid = -1", "TC-R072", 12);
	assert_condition_refused("proc.pid = 18446744073709551616", "TC-R072", 12);
	assert_condition_refused("proc.pid = 0x", "TC-R072", 12);
	assert_condition_refused("proc.pid in (1, two)", "TC-R072", 17);
	assert_condition_refused("evt.arg.dirfd = 9223372036854775808", "TC-R072", 17);
	assert_condition_refused("proc.is_exe_deleted = 1", "TC-R072", 23);
	assert_condition_refused("proc.is_exe_deleted in (true, maybe)", "TC-R072", 31);
}

static void several_mistakes_are_all_told(void **state)
{
	char *text = rule_text("a.b = 1 and (fd.nam = 2 or proc.pid = x) and nomacro");
	struct tc_diagnostics diagnostics = {0};

	assert_null(rules_from(text, &diagnostics));
	assert_int_equal(diagnostics.errors, 4);
	tc_diagnostics_done(&diagnostics);
	free(text);
}

static char *repeat(const char *before, const char *middle, const char *after, size_t n)
{
	size_t b = strlen(before), m = strlen(middle), a = strlen(after);
	char *text = malloc(n * (b + a) + m + 1), *at = text;

	for (size_t i = 0; i < n; i++, at += b)
		memcpy(at, before, b);
	memcpy(at, middle, m);
	at += m;
	for (size_t i = 0; i < n; i++, at += a)
		memcpy(at, after, a);
	*at = '\0';
	return text;
}

static void depth_is_bounded(void **state)
{
	char *fits = repeat("(", "fd.name = x", ")", 1000),
	     *deep = repeat("(", "fd.name = x", ")", 1001);

	assert_true(opens("x", fits));
	assert_condition_refused(deep, "TC-R061", 1002);
	free(fits);
	free(deep);
	/* Alternating operators make the graph as deep as the text. */
	fits = repeat("proc.pid = 42 and (proc.pid = 1 or (", "fd.name = x", "))", 490);
	assert_true(opens("x", fits));
	free(fits);
}

static void long_chains_need_no_depth(void **state)
{
	char *chain = repeat("fd.name = x or ", "fd.name = y", "", 5000);
	char *inverted = repeat("not ", "fd.name = y", "", 5001);

	assert_true(opens("y", chain));
	assert_false(opens("y", inverted));
	free(chain);
	free(inverted);
}

static void numbers_of_ancestors_need_an_index(void **state)
{
	assert_condition_refused("proc.apid = 1", "TC-R068", 1);
	assert_condition_refused("proc.pid = 1 and proc.apid exists", "TC-R068", 18);
	char *text = rule_text("proc.apid = 1");
	assert_true(hints(text, "proc.apid[1]"));
	free(text);
}

static void near_name_wins_over_a_family_of_fields(void **state)
{
	assert_condition_refused("evt.arg.dirfdd = 1", "TC-R066", 1);
	assert_condition_refused("container.idd = x", "TC-R066", 1);
}

static void field_without_operator_is_told(void **state)
{
	char *text = rule_text("proc.name and fd.name = x");

	assert_refused(text, "TC-R069", 6, 15);
	assert_true(hints(text, "a field needs an operator"));
	free(text);
	text = rule_text("proc.name a x");
	assert_refused(text, "TC-R069", 6, 15);
	assert_false(hints(text, "a field needs an operator"));
	free(text);
}

static void list_fields_take_few_operators(void **state)
{
	assert_condition_refused("proc.argv pmatch (/etc)", "TC-R071", 11);
	assert_condition_refused("proc.argv contains x", "TC-R071", 11);
}

static void comparison_with_na_is_a_warning(void **state)
{
	static const char *const conditions[] = {"proc.name = <NA>",
						 "not proc.name in (a, \"<NA>\", b)",
						 "proc.aname != '<NA>' and proc.aname != '<NA>'"};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		char *text = rule_text(conditions[i]);

		assert_int_equal(warnings(text, "TC-R083"), 1);
		assert_true(hints(text, "exists"));
		free(text);
	}
}

/* Each list holds the one before it. To be freed. */
static char *nested_lists(unsigned n)
{
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- list: l0\n  items: [x]\n");
	for (unsigned i = 1; i < n; i++)
		tc_buffer_printf(&text, "- list: l%u\n  items: [l%u]\n", i, i - 1);
	tc_buffer_printf(&text,
			 "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
			 "  condition: fd.name in (l%u)\n",
			 n - 1);
	return text.bytes;
}

static void lists_nested_too_deep_are_told(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = nested_lists(100);

	tc_ruleset_free(rules_from(text, &diagnostics));
	assert_int_equal(diagnostics.count, 0);
	free(text);
	text = nested_lists(101);
	assert_refused(text, "TC-R061", 4, 11);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bare_words_take_what_is_no_delimiter),
		cmocka_unit_test(quotes_keep_blanks_and_resolve_escapes),
		cmocka_unit_test(operators_need_no_blanks_around_them),
		cmocka_unit_test(quotes_that_are_wrong_are_refused),
		cmocka_unit_test(grammar_mistakes_point_at_the_word),
		cmocka_unit_test(foreign_keywords_get_a_hint),
		cmocka_unit_test(unknown_operator_is_told_with_the_nearest),
		cmocka_unit_test(unknown_operators_are_told_one_by_one),
		cmocka_unit_test(wrong_transformers_are_told),
		cmocka_unit_test(fields_that_nothing_fills_are_told),
		cmocka_unit_test(either_end_is_for_checks_only),
		cmocka_unit_test(a_modifier_without_a_list_is_a_value),
		cmocka_unit_test(unknown_fields_are_told_with_the_nearest),
		cmocka_unit_test(fields_take_texts_in_brackets),
		cmocka_unit_test(types_of_operators_and_values_are_checked),
		cmocka_unit_test(several_mistakes_are_all_told),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(long_chains_need_no_depth),
		cmocka_unit_test(numbers_of_ancestors_need_an_index),
		cmocka_unit_test(near_name_wins_over_a_family_of_fields),
		cmocka_unit_test(field_without_operator_is_told),
		cmocka_unit_test(list_fields_take_few_operators),
		cmocka_unit_test(comparison_with_na_is_a_warning),
		cmocka_unit_test(lists_nested_too_deep_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
