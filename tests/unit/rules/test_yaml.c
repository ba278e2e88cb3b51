/* SPDX-License-Identifier: Apache-2.0 */
/* YAML that is wrong or hostile. */
#include "fixture.h"

#include "rules/language/yaml.h"

static void syntax_is_told_with_its_place(void **state)
{
	assert_refused("- list: a\n  items: [x\n- list: b\n", "TC-R020", 3, 7);
	assert_refused("- list: a\n   items: [x]\n", "TC-R020", 2, 9);
	assert_refused("- rule: a: b\n", "TC-R020", 1, 10);
	assert_true(hints("- rule: a: b\n", "quotes"));
}

static void tabs_are_told(void **state)
{
	assert_refused("- list: a\n\titems: [x]\n", "TC-R021", 2, 1);
}

static void anchors_aliases_and_tags_are_refused(void **state)
{
	assert_refused("- list: &a b\n  items: []\n", "TC-R022", 1, 9);
	assert_refused("- list: *a\n", "TC-R022", 1, 9);
	assert_refused("- list: !!str b\n  items: []\n", "TC-R022", 1, 9);
}

static void duplicate_keys_are_refused(void **state)
{
	assert_refused("- list: a\n  items: [x]\n  items: [y]\n", "TC-R023", 3, 3);
}

static void depth_is_bounded(void **state)
{
	char text[400] = "- list: a\n  items: ";

	memset(text + strlen(text), '[', 200);
	assert_refused(text, "TC-R024", 2, 71);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;

	assert_refused("- list: \"a\\0b\"\n  items: []\n", "TC-R025", 1, 9);
	assert_refused("- list: \xff\n  items: []\n", "TC-R025", 1, 9);
	assert_refused("- list: \x01\n  items: []\n", "TC-R025", 1, 9);
	assert_int_equal(tc_ruleset_examine_bytes("x", "- list: \0\n", 10, &diagnostics, &set), 0);
	assert_int_equal(diagnostics.errors, 1);
	assert_string_equal(diagnostics.items[0].code, "TC-R025");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void size_is_bounded(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	size_t length = TC_SOURCE_MAX + 1;
	char *text = malloc(length);

	memset(text, '#', length);
	assert_int_equal(tc_ruleset_examine_bytes("x", text, length, &diagnostics, &set), 0);
	assert_int_equal(diagnostics.errors, 1);
	assert_string_equal(diagnostics.items[0].code, "TC-R005");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
}

static void findings_are_bounded(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};
	struct tc_ruleset *set = NULL;

	for (unsigned i = 0; i < TC_DIAGNOSTICS_LIMIT * 2; i++)
		tc_buffer_add_string(&text, "- x: y\n");
	assert_int_equal(tc_ruleset_examine_bytes("x", text.bytes, text.length, &diagnostics, &set),
			 0);
	assert_int_equal(diagnostics.count, TC_DIAGNOSTICS_LIMIT);
	assert_int_equal(diagnostics.errors, TC_DIAGNOSTICS_LIMIT * 2);
	assert_string_equal(diagnostics.items[diagnostics.count - 1].code, "TC-R009");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
}

/* Findings that are only warnings, however many, do not make a file invalid. */
static void warnings_beyond_the_limit_are_no_error(void **state)
{
	struct tc_diagnostics diagnostics = {0};

	for (unsigned i = 0; i < TC_DIAGNOSTICS_LIMIT * 2; i++)
		tc_diagnostics_add(&diagnostics, TC_DIAGNOSTIC_UNUSED, "x", "y");
	assert_int_equal(diagnostics.errors, 0);
	assert_int_equal(diagnostics.items[diagnostics.count - 1].severity, TC_SEVERITY_WARNING);
	assert_string_equal(diagnostics.items[diagnostics.count - 1].code, "TC-R009");
	/* An error behind them is not told, but it counts. */
	assert_null(tc_diagnostics_add(&diagnostics, TC_DIAGNOSTIC_SYNTAX, "x", "y"));
	assert_int_equal(diagnostics.errors, 1);
	tc_diagnostics_done(&diagnostics);
}

/* Time in proportion to the square of these would not end while somebody waits. */
static void long_line_is_read_in_time(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- list: l\n  items: [");
	while (text.length < 200000)
		tc_buffer_add_string(&text, "\xc3\xa9"
					    "abcdef, ");
	tc_buffer_add_string(&text, "x]\n- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
				    "  condition: fd.name in (l)\n");
	tc_ruleset_free(rules_from(text.bytes, &diagnostics));
	assert_int_equal(diagnostics.count, 0);
	tc_buffer_done(&text);
}

static void many_exception_values_are_read_in_time(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
				    "  condition: fd.name = x\n  exceptions:\n"
				    "  - {name: e, fields: fd.name, values: [a");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_printf(&text, ", v%u", i);
	tc_buffer_add_string(&text, "]}\n  - {name: f, fields: [fd.name, proc.name], values: [");
	for (unsigned i = 0; i < 20000; i++)
		tc_buffer_printf(&text, "%s[v%u, w]", i ? ", " : "", i);
	tc_buffer_add_string(&text, "]}\n");
	tc_ruleset_free(rules_from(text.bytes, &diagnostics));
	tc_diagnostics_print(&diagnostics, stderr, false);
	assert_int_equal(diagnostics.count, 0);
	tc_buffer_done(&text);
}

static void mistakes_in_a_long_line_are_told_in_time(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};

	for (unsigned i = 0; i < 200; i++)
		tc_buffer_add_string(&text, "# \xc3\xa9\n");
	tc_buffer_add_char(&text, '[');
	while (text.length < 200000)
		tc_buffer_add_string(&text, "{x: y}, ");
	tc_buffer_add_string(&text, "{x: y}]\n");
	assert_null(rules_from(text.bytes, &diagnostics));
	assert_int_equal(diagnostics.items[1].line, 201);
	assert_int_equal(diagnostics.items[1].column, 11);
	assert_int_equal(diagnostics.items[1998].column, 1998 * 8 + 3);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
}

static void what_comes_before_a_mistake_is_still_checked(void **state)
{
	static const char text[] = "- macro: a\n  condition: bad.field = 1 or later\n"
				   "- list: b\n  items: [\n- rule: c\n";
	struct tc_diagnostics diagnostics = {0};

	/* The YAML and the field; not the macro, which may be in the rest of the file. */
	assert_null(rules_from(text, &diagnostics));
	assert_int_equal(diagnostics.errors, 2);
	tc_diagnostics_done(&diagnostics);
}

/* Every start of a file, and the file with each byte changed, must be survived. */
static void broken_files_are_survived(void **state)
{
	static const char text[] =
		"- list: a\n  items: [x, '\"y z\"', b]\n- macro: m\n  condition: (fd.name in (a, "
		"q) or not\n"
		"    proc.aname[2]='s')\n- rule: r\n  desc: >\n    words\n  condition: \"m and\\\n "
		"   "
		"evt.type=open\"\n  output: |\n    %fd.name %%\n  priority: INFO\n  tags: [t]\n"
		"  exceptions:\n  - {name: e, fields: [fd.name, proc.name], comps: [in, =], "
		"values: [[a, b]]}\n"
		"- rule: r\n  override: {output: append}\n  output: x\n";
	static const char bytes[] = "\0\t\n \"'[]{}():,%\\&*!|>#-=\xff\xe2";
	char copy[sizeof(text)];

	for (size_t i = 0; i < sizeof(text); i++) {
		struct tc_diagnostics diagnostics = {0};
		struct tc_ruleset *set = NULL;

		assert_int_equal(tc_ruleset_examine_bytes("x", text, i, &diagnostics, &set), 0);
		tc_ruleset_free(set);
		tc_diagnostics_done(&diagnostics);
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			FILE *null = fopen("/dev/null", "w");

			memcpy(copy, text, sizeof(text));
			copy[i] = bytes[j];
			set = NULL;
			assert_int_equal(tc_ruleset_examine_bytes("x", copy, sizeof(text) - 1,
								  &diagnostics, &set),
					 0);
			tc_diagnostics_print(&diagnostics, null, true);
			fclose(null);
			tc_ruleset_free(set);
			tc_diagnostics_done(&diagnostics);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax_is_told_with_its_place),
		cmocka_unit_test(tabs_are_told),
		cmocka_unit_test(anchors_aliases_and_tags_are_refused),
		cmocka_unit_test(duplicate_keys_are_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(findings_are_bounded),
		cmocka_unit_test(warnings_beyond_the_limit_are_no_error),
		cmocka_unit_test(long_line_is_read_in_time),
		cmocka_unit_test(many_exception_values_are_read_in_time),
		cmocka_unit_test(mistakes_in_a_long_line_are_told_in_time),
		cmocka_unit_test(what_comes_before_a_mistake_is_still_checked),
		cmocka_unit_test(broken_files_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
