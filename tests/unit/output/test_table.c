/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "output/format/colour.h"
#include "output/format/table.h"
#include "output/format/text.h"

static const struct tc_table_column columns[] = {
	{"WHEN", 6, 6, false},
	{"NAME", 10, 5, false},
	{"PATH", 8, 0, true},
	{"TEXT", 10, 10, false},
};

/* One row in a terminal of a width, header included; heap memory. */
static char *print(unsigned width, bool colour, const char *const *cells, const char *style,
		   int column)
{
	struct tc_table table;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	tc_table_init(&table, stream, columns, 4, width, colour);
	tc_table_row(&table, cells, style, column);
	tc_table_done(&table);
	fclose(stream);
	return text;
}

static void assert_prints(unsigned width, const char *const *cells, const char *expected)
{
	char *text = print(width, false, cells, TC_COLOUR_DIM, -1);

	assert_string_equal(text, expected);
	free(text);
}

static const char *const plain[] = {"now", "sh", "/a/b", "a line of text"};

static void test_wide_terminal_gives_the_rest_to_the_last_column(void **state)
{
	assert_prints(60, plain,
		      "WHEN    NAME        PATH      TEXT\n"
		      "now     sh          /a/b      a line of text\n");
}

static void test_narrow_terminal_drops_and_narrows(void **state)
{
	static const char *const cells[] = {"now", "systemd-journald", "/a/b", "a line of text"};

	assert_prints(40, cells,
		      "WHEN    NAME        PATH      TEXT\n"
		      "now     systemd-j\xe2\x80\xa6  /a/b      a line of\xe2\x80\xa6\n");
	assert_prints(30, cells,
		      "WHEN    NAME        TEXT\n"
		      "now     systemd-j\xe2\x80\xa6  a line of\xe2\x80\xa6\n");
	assert_prints(25, cells,
		      "WHEN    NAME   TEXT\n"
		      "now     syst\xe2\x80\xa6  a line of\xe2\x80\xa6\n");
}

static void test_without_terminal_nothing_is_cut(void **state)
{
	static const char *const cells[] = {"yesterday", "systemd-journald", "/a/long/path",
					    "text"};

	assert_prints(0, cells,
		      "WHEN    NAME        PATH      TEXT\n"
		      "yesterday  systemd-journald  /a/long/path  text\n");
}

static void test_a_path_keeps_its_end(void **state)
{
	static const char *const cells[] = {"now", "sh", "/very/long/path", NULL};

	assert_prints(44, cells,
		      "WHEN    NAME        PATH      TEXT\n"
		      "now     sh          \xe2\x80\xa6"
		      "ng/path  -\n");
}

static void test_wide_characters_take_two_columns(void **state)
{
	/* Six characters of two columns each, and one with a combining accent. */
	static const char *const cells[] = {
		"e\xcc\x81",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "x"};

	assert_prints(
		44, cells,
		"WHEN    NAME        PATH      TEXT\n"
		"e\xcc\x81       \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe2\x80\xa6   "
		"\xe2\x80\xa6\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e   x\n");
}

static void test_colours_stand_around_cells_alone(void **state)
{
	char *text = print(60, true, plain, "\033[31m", 1);

	assert_string_equal(text,
			    "\033[1mWHEN\033[0m    \033[1mNAME\033[0m        \033[1mPATH\033[0m"
			    "      \033[1mTEXT\033[0m\n"
			    "now     \033[31msh\033[0m          /a/b      a line of text\n");
	free(text);
}

static void test_hostile_cells_are_made_safe(void **state)
{
	static const char *const cells[] = {"\x1b[2J", "a\nb", "\xff\xc2\x9b", "\xe2\x80\xaex\r"};

	assert_prints(0, cells,
		      "WHEN    NAME        PATH      TEXT\n"
		      "\\x1b[2J  a\\nb        \\xff\\u{9b}  \\u{202e}x\\r\n");
}

static void test_text_is_measured_and_cut_at_characters(void **state)
{
	static const char text[] = "a\xc3\xa4\xe6\x97\xa5z";

	assert_int_equal(tc_text_columns(text, strlen(text)), 5);
	assert_int_equal(tc_text_fit(text, strlen(text), 0), 0);
	assert_int_equal(tc_text_fit(text, strlen(text), 1), 1);
	assert_int_equal(tc_text_fit(text, strlen(text), 2), 3);
	assert_int_equal(tc_text_fit(text, strlen(text), 3), 3);
	assert_int_equal(tc_text_fit(text, strlen(text), 4), 6);
	assert_int_equal(tc_text_fit(text, strlen(text), 9), 7);
}

static void test_sanitizing_twice_changes_nothing(void **state)
{
	srand(5);
	for (unsigned round = 0; round < 20000; round++) {
		_cleanup_buffer_ struct tc_buffer once = {0}, twice = {0};
		char bytes[16];

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = rand() % 4 ? (char)rand() : '\\';
		tc_text_sanitize(&once, bytes, sizeof(bytes));
		tc_text_sanitize(&twice, once.bytes, once.length);
		assert_string_equal(once.bytes, twice.bytes);
		for (size_t i = 0; i < once.length; i++)
			assert_true((unsigned char)once.bytes[i] >= 0x20 && once.bytes[i] != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide_terminal_gives_the_rest_to_the_last_column),
		cmocka_unit_test(test_narrow_terminal_drops_and_narrows),
		cmocka_unit_test(test_without_terminal_nothing_is_cut),
		cmocka_unit_test(test_a_path_keeps_its_end),
		cmocka_unit_test(test_wide_characters_take_two_columns),
		cmocka_unit_test(test_colours_stand_around_cells_alone),
		cmocka_unit_test(test_hostile_cells_are_made_safe),
		cmocka_unit_test(test_text_is_measured_and_cut_at_characters),
		cmocka_unit_test(test_sanitizing_twice_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
