/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define HEAD "- rule: r\n  desc: d\n  priority: INFO\n  condition: fd.name exists\n  output: "

static char *render(const char *output, const char *path)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer buffer = {0};
	struct tc_ruleset *set;
	struct made made;
	char *text;

	assert_true(asprintf(&text, HEAD "|\n    %s\n", output) > 0);
	set = rules_from(text, &diagnostics);
	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused: %s", output);
	}
	made_begin(&made, TC_KIND_open);
	made_text(&made, &made.open.path, path);
	made_end(&made);
	tc_template_render(tc_ruleset_at(set, 0)->output, &made.event, &buffer);
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	tc_buffer_add(&buffer, "", 0);
	return buffer.bytes;
}

static void assert_renders(const char *output, const char *expected)
{
	char *text = render(output, "/etc/a\nb");

	assert_string_equal(text, expected);
	free(text);
}

static void fields_are_filled_in(void **state)
{
	assert_renders("file=%fd.name pid=%proc.pid.", "file=/etc/a\\nb pid=42.");
	assert_renders("%fd.name", "/etc/a\\nb");
	assert_renders("%proc.name%proc.pid", "cat42");
	assert_renders("plain", "plain");
}

static void missing_value_is_na(void **state)
{
	assert_renders("%mount.op|%proc.aname[1]|%proc.aname[7]", "<NA>|sh|<NA>");
}

static void percent_signs_and_stars(void **state)
{
	assert_renders("100%% of %proc.pid", "100% of 42");
	assert_renders("*%proc.pid *", "42 *");
}

static void width_fills_and_cuts(void **state)
{
	assert_renders("[%6proc.pid]", "[42    ]");
	assert_renders("[%2proc.name]", "[ca]");
}

static void bracket_behind_a_plain_field_is_text(void **state)
{
	assert_renders("%proc.name[%proc.pid]", "cat[42]");
}

static void transformers_are_applied(void **state)
{
	assert_renders("%toupper(proc.name) %basename(fd.name).", "CAT a\\nb.");
	assert_renders("%len(fd.name)/%6len(proc.name)|", "8/3     |");
	assert_renders("%concat(proc.name, '(x)') %concat(mount.op, '-')", "cat(x) <NA>");
	/* Behind a field a parenthesis is text. */
	assert_renders("%proc.name(%proc.pid)", "cat(42)");
}

static void fields_are_listed_once_in_order(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set =
		rules_from(HEAD "a %proc.aname[2] %fd.name %proc.aname[3] %fd.name %proc.aname[2] "
				"%tolower(fd.name) %toupper(fd.name) %tolower(fd.name)\n",
			   &diagnostics);
	size_t n;
	const struct tc_template_field *fields =
		tc_template_fields(tc_ruleset_at(set, 0)->output, &n);

	assert_int_equal(n, 5);
	assert_string_equal(fields[0].name, "proc.aname[2]");
	assert_int_equal(fields[0].index, 2);
	assert_string_equal(fields[1].name, "fd.name");
	assert_int_equal(fields[1].index, -1);
	assert_int_equal(fields[2].index, 3);
	assert_string_equal(fields[4].name, "toupper(fd.name)");
	assert_null(fields[4].field);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void mistakes_are_told(void **state)
{
	assert_refused(HEAD "50% off\n", "TC-R090", 5, 13);
	assert_refused(HEAD "off %\n", "TC-R090", 5, 15);
	assert_refused(HEAD "'%5'\n", "TC-R090", 5, 12);
	assert_refused(HEAD "a %fd.nam\n", "TC-R066", 5, 14);
	assert_refused(HEAD "a %tolover(fd.name)\n", "TC-R073", 5, 14);
	assert_refused(HEAD "a %tolower(fd.name\n", "TC-R060", 5, 28);
	assert_refused(HEAD "a %tolower(proc.pid)\n", "TC-R074", 5, 22);
	assert_refused(HEAD "a %fd.ip\n", "TC-R076", 5, 14);
	assert_refused(HEAD "a %proc.aname[x]\n", "TC-R068", 5, 14);
	assert_refused(HEAD "a %proc.aname[1\n", "TC-R090", 5, 14);
	assert_refused(HEAD "a %99999999999999999999proc.pid\n", "TC-R090", 5, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_filled_in),
		cmocka_unit_test(missing_value_is_na),
		cmocka_unit_test(percent_signs_and_stars),
		cmocka_unit_test(width_fills_and_cuts),
		cmocka_unit_test(bracket_behind_a_plain_field_is_text),
		cmocka_unit_test(transformers_are_applied),
		cmocka_unit_test(fields_are_listed_once_in_order),
		cmocka_unit_test(mistakes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
