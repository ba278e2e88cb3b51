/* SPDX-License-Identifier: Apache-2.0 */
/* How findings look. */
#include "fixture.h"

static char *print(const char *text, bool colour)
{
	struct tc_diagnostics diagnostics = {0};
	char *output = NULL;
	size_t size;
	FILE *stream = open_memstream(&output, &size);

	tc_ruleset_free(rules_from(text, &diagnostics));
	tc_diagnostics_print(&diagnostics, stream, colour);
	fclose(stream);
	tc_diagnostics_done(&diagnostics);
	return output;
}

static void place_line_caret_and_hint(void **state)
{
	char *text = rule_text("proc.nane = x"), *output = print(text, false);

	assert_string_equal(output, "test.yaml:6:5: error: unknown field `proc.nane` [TC-R066]\n"
				    "     6 |     proc.nane = x\n"
				    "       |     ^^^^^^^^^\n"
				    "       = hint: did you mean `proc.name`?\n");
	free(output);
	output = print(text, true);
	assert_non_null(strstr(output, "\033[1;31m^^^^^^^^^\033[0m"));
	free(output);
	free(text);
}

static void control_and_direction_characters_are_not_printed(void **state)
{
	char *text = rule_text("proc.name = 'a\xe2\x80\xae\xc2\x9b' and x"),
	     *output = print(text, false);

	assert_null(strstr(output, "\xe2\x80\xae"));
	assert_null(strstr(output, "\xc2\x9b"));
	free(output);
	free(text);
}

static void long_lines_are_shown_in_part(void **state)
{
	char condition[2000];

	memset(condition, 'x', sizeof(condition));
	memcpy(condition, "proc.name = ", 12);
	strcpy(condition + 1900, " and bad.field = y");
	char *text = rule_text(condition), *output = print(text, false);
	assert_true(strlen(output) < 600);
	char *word = strstr(output, "bad.field = y"), *line = word, *caret = strchr(output, '^');
	assert_non_null(word);
	while (line[-1] != '\n')
		line--;
	char *below = caret;
	while (below[-1] != '\n')
		below--;
	assert_int_equal(word - line, caret - below);
	free(output);
	free(text);
}

static void codes_are_unique_and_well_formed(void **state)
{
	static const char *const codes[] = {
#define TC_DIAGNOSTIC(name, code, severity, title, doc) code,
#include "rules/diagnostics.def"
#undef TC_DIAGNOSTIC
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_int_equal(strncmp(codes[i], "TC-R", 4), 0);
		assert_int_equal(strlen(codes[i]), 7);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(codes[i], codes[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_line_caret_and_hint),
		cmocka_unit_test(control_and_direction_characters_are_not_printed),
		cmocka_unit_test(long_lines_are_shown_in_part),
		cmocka_unit_test(codes_are_unique_and_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
