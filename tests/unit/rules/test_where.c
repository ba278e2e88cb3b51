/* SPDX-License-Identifier: Apache-2.0 */
/* The place of a mistake in the file, however the scalar that holds it is written. */
#include "fixture.h"

#include "agent/buffer.h"
#include "rules/language/source.h"

#define HEAD "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"

static void plain_scalar(void **state)
{
	assert_refused(HEAD "  condition: fd.name = x and bad.field = y\n", "TC-R066", 5, 30);
}

static void plain_scalar_over_lines(void **state)
{
	assert_refused(HEAD "  condition: fd.name = x\n     and\n\n     bad.field = y\n", "TC-R066",
		       8, 6);
}

static void folded_scalar(void **state)
{
	assert_refused(HEAD "  condition: >\n    fd.name = x\n    and bad.field = y\n", "TC-R066",
		       7, 9);
	assert_refused(HEAD "  condition: >-\n    fd.name = x\n\n    and\n      bad.field = y\n",
		       "TC-R066", 9, 7);
}

static void literal_scalar(void **state)
{
	assert_refused(HEAD "  condition: | # words\n    fd.name = x\n    and bad.field = y\n",
		       "TC-R066", 7, 9);
	assert_refused(HEAD "  condition: |2+\n      fd.name = x\n       and bad.field = y\n\n\n",
		       "TC-R066", 7, 12);
}

static void single_quoted_scalar(void **state)
{
	assert_refused(HEAD "  condition: 'fd.name = ''a'' and bad.field = y'\n", "TC-R066", 5, 35);
	assert_refused(HEAD "  condition: 'fd.name = ''a''\n    and bad.field = y'\n", "TC-R066", 6,
		       9);
}

static void double_quoted_scalar(void **state)
{
	assert_refused(HEAD "  condition: \"fd.name = \\\"a\\\" and bad.field = y\"\n", "TC-R066",
		       5, 35);
	assert_refused(HEAD "  condition: \"fd.name = \\u00e9\\x41\\n and bad.field = y\"\n",
		       "TC-R066", 5, 42);
	assert_refused(HEAD "  condition: \"fd.name = x \\\n    and bad.field = y\"\n", "TC-R066",
		       6, 9);
}

static void flow_item(void **state)
{
	assert_refused(
		"- {rule: r, desc: d, priority: INFO, output: o, condition: bad.field = y}\n",
		"TC-R066", 1, 60);
}

static void columns_count_characters(void **state)
{
	assert_refused(HEAD "  condition: fd.name = \xc3\xa9\xe2\x82\xac and bad.field = y\n",
		       "TC-R066", 5, 31);
}

static void windows_line_ends(void **state)
{
	assert_refused(
		"- rule: r\r\n  desc: d\r\n  priority: INFO\r\n  output: o\r\n  condition: >\r\n"
		"    fd.name = x\r\n    and bad.field = y\r\n",
		"TC-R066", 7, 9);
}

static void byte_order_mark(void **state)
{
	assert_refused("\xef\xbb\xbf- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
		       "  condition: bad.field = y\n",
		       "TC-R066", 5, 14);
}

static void appended_condition(void **state)
{
	assert_refused(
		HEAD
		"  condition: fd.name = x\n"
		"- rule: r\n  condition: and bad.field = y\n  override:\n    condition: append\n",
		"TC-R066", 7, 18);
}

static void item_of_a_list(void **state)
{
	assert_refused("- list: numbers\n  items: [1,\n   two]\n" HEAD
		       "  condition: proc.pid in (numbers)\n",
		       "TC-R072", 3, 4);
}

static void output_template(void **state)
{
	assert_refused(
		"- rule: r\n  desc: d\n  priority: INFO\n  condition: fd.name = x\n  output: >\n"
		"    one %fd.name\n    two %bad.field\n",
		"TC-R066", 7, 10);
}

static void mark_covers_the_word(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text("fd.name = x and bad.field = y");

	assert_null(rules_from(text, &diagnostics));
	assert_int_equal(diagnostics.items[0].width, 9);
	assert_string_equal(diagnostics.items[0].snippet, "    fd.name = x and bad.field = y");
	tc_diagnostics_done(&diagnostics);
	free(text);
}

/* Every character of a text, and back again, counted the slow way. */
static void places_are_found_both_ways(void **state)
{
	static const char *const parts[] = {"a",
					    "\xc3\xa9",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80",
					    "\r\n",
					    "\n",
					    "\xc2\x85",
					    "\xe2\x80\xa8",
					    "\r",
					    "b",
					    "c",
					    "d"};
	unsigned seed = 3, line = 1, column = 1, found_line, found_column;
	struct tc_buffer text = {0};
	struct tc_source *source;

	for (unsigned i = 0; i < 2000; i++)
		tc_buffer_add_string(&text, parts[rand_r(&seed) % (i < 1000 ? 12 : 4)]);
	assert_int_equal(tc_source_from_bytes("x", text.bytes, text.length, &source), 0);
	for (size_t at = 0; at < text.length; at++) {
		if (((unsigned char)text.bytes[at] & 0xc0) == 0x80)
			continue;
		if (line < source->n_lines && at == source->lines[line]) {
			line++;
			column = 1;
		}
		tc_source_position(source, at, &found_line, &found_column);
		assert_int_equal(found_line, line);
		assert_int_equal(found_column, column);
		assert_int_equal(tc_source_offset(source, line - 1, column - 1), at);
		column++;
	}
	assert_int_equal(line, source->n_lines);
	assert_int_equal(tc_source_offset(source, line - 1, 1000000), text.length);
	assert_int_equal(tc_source_offset(source, line, 0), text.length);
	tc_source_free(source);
	tc_buffer_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalar),
		cmocka_unit_test(plain_scalar_over_lines),
		cmocka_unit_test(folded_scalar),
		cmocka_unit_test(literal_scalar),
		cmocka_unit_test(single_quoted_scalar),
		cmocka_unit_test(double_quoted_scalar),
		cmocka_unit_test(flow_item),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(windows_line_ends),
		cmocka_unit_test(byte_order_mark),
		cmocka_unit_test(appended_condition),
		cmocka_unit_test(item_of_a_list),
		cmocka_unit_test(output_template),
		cmocka_unit_test(mark_covers_the_word),
		cmocka_unit_test(places_are_found_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
