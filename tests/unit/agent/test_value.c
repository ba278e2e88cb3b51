/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/value.h"

struct escape_case {
	const char *name;
	const char *bytes;
	size_t length;
	const char *text;
};

#define CASE(name, bytes, text)                                                                    \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, text                                               \
	}

static const struct escape_case escape_cases[] = {
	CASE("nothing", "", ""),
	CASE("plain", "/usr/bin/cat", "/usr/bin/cat"),
	CASE("quotes stay", "a \"b\" 'c'", "a \"b\" 'c'"),
	CASE("escape", "\x1b[31mred", "\\x1b[31mred"),
	CASE("line ends", "a\nb\rc\td", "a\\nb\\rc\\td"),
	CASE("NUL", "a\0b", "a\\x00b"),
	CASE("delete", "a\x7f", "a\\x7f"),
	CASE("backslash", "C:\\x41", "C:\\\\x41"),
	CASE("backslash at the end", "a\\", "a\\\\"),
	CASE("two bytes", "\xc3\xa4", "\xc3\xa4"),
	CASE("three bytes", "\xe2\x82\xac", "\xe2\x82\xac"),
	CASE("four bytes", "\xf0\x9f\x92\xa9", "\xf0\x9f\x92\xa9"),
	CASE("last character", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),
	CASE("above the last character", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"),
	CASE("lead byte that never occurs", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"),
	CASE("overlong slash in two", "\xc0\xaf", "\\xc0\\xaf"),
	CASE("overlong in three", "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"),
	CASE("overlong in four", "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"),
	CASE("surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"),
	CASE("before the surrogates", "\xed\x9f\xbf", "\xed\x9f\xbf"),
	CASE("behind the surrogates", "\xee\x80\x80", "\xee\x80\x80"),
	CASE("cut at the end: 1 of 2", "a\xc3", "a\\xc3"),
	CASE("cut at the end: 2 of 3", "a\xe2\x82", "a\\xe2\\x82"),
	CASE("cut at the end: 3 of 4", "a\xf0\x9f\x92", "a\\xf0\\x9f\\x92"),
	CASE("continuation alone", "\x80z\xbf", "\\x80z\\xbf"),
	CASE("lead before plain", "\xc3z", "\\xc3z"),
	CASE("right-to-left override",
	     "\xe2\x80\xae"
	     "fdp.exe",
	     "\\u{202e}fdp.exe"),
	CASE("isolate", "\xe2\x81\xa6", "\\u{2066}"),
	CASE("Arabic letter mark", "\xd8\x9c", "\\u{61c}"),
	CASE("line separator", "\xe2\x80\xa8", "\\u{2028}"),
	CASE("C1 control",
	     "\xc2\x9b"
	     "31m",
	     "\\u{9b}31m"),
	CASE("next line", "\xc2\x85", "\\u{85}"),
	CASE("behind C1", "\xc2\xa0", "\xc2\xa0"),
	CASE("byte order mark", "\xef\xbb\xbfx", "\\u{feff}x"),
};

static void test_escapes_hostile_bytes(void **state)
{
	for (size_t i = 0; i < sizeof(escape_cases) / sizeof(escape_cases[0]); i++) {
		const struct escape_case *c = &escape_cases[i];
		_cleanup_buffer_ struct tc_buffer text = {0};
		/* In heap memory of the exact size, so that a read behind the end is caught. */
		char *bytes = malloc(c->length ? c->length : 1);

		assert_non_null(bytes);
		memcpy(bytes, c->bytes, c->length);
		tc_buffer_add_string(&text, "");
		tc_text_escape(&text, bytes, c->length);
		free(bytes);
		if (strcmp(text.bytes, c->text))
			fail_msg("%s: got '%s', expected '%s'", c->name, text.bytes, c->text);
	}
}

static void add_character(struct tc_buffer *bytes, unsigned long character)
{
	if (character < 0x800) {
		tc_buffer_add_char(bytes, (char)(0xc0 | character >> 6));
	} else {
		tc_buffer_add_char(bytes, (char)(0xe0 | character >> 12));
		tc_buffer_add_char(bytes, (char)(0x80 | (character >> 6 & 0x3f)));
	}
	tc_buffer_add_char(bytes, (char)(0x80 | (character & 0x3f)));
}

/* What a consumer does to get the bytes back. */
static void unescape(struct tc_buffer *bytes, const char *text)
{
	while (*text) {
		char *end = (char *)text + 2;

		if (*text != '\\') {
			tc_buffer_add_char(bytes, *text++);
			continue;
		}
		switch (text[1]) {
		case 'n':
			tc_buffer_add_char(bytes, '\n');
			break;
		case 'r':
			tc_buffer_add_char(bytes, '\r');
			break;
		case 't':
			tc_buffer_add_char(bytes, '\t');
			break;
		case '\\':
			tc_buffer_add_char(bytes, '\\');
			break;
		case 'x': {
			char digits[3] = {text[2], text[3], 0};

			tc_buffer_add_char(bytes, (char)strtoul(digits, NULL, 16));
			end = (char *)text + 4;
			break;
		}
		case 'u':
			assert_int_equal(text[2], '{');
			add_character(bytes, strtoul(text + 3, &end, 16));
			assert_int_equal(*end, '}');
			end++;
			break;
		default:
			fail_msg("unknown escape in '%s'", text);
		}
		text = end;
	}
}

static void assert_round_trip(const char *bytes, size_t length)
{
	_cleanup_buffer_ struct tc_buffer text = {0}, back = {0};

	tc_buffer_add_string(&text, "");
	tc_text_escape(&text, bytes, length);
	assert_false(tc_buffer_failed(&text));
	assert_int_equal(strlen(text.bytes), text.length);
	for (size_t i = 0; i < text.length; i++)
		assert_true((unsigned char)text.bytes[i] >= 0x20 && text.bytes[i] != 0x7f);
	unescape(&back, text.bytes);
	assert_int_equal(back.length, length);
	if (length)
		assert_memory_equal(back.bytes, bytes, length);
}

static void test_escaping_is_reversible(void **state)
{
	/* Bytes around which the rules change come often. */
	static const unsigned char edges[] = {0x00, 0x1b, '\n', '\\', 'x',  'u',  '{',	0x7f,
					      0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xae, 0xbf, 0xc0,
					      0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xff};

	srand(1);
	for (unsigned round = 0; round < 50000; round++) {
		char bytes[24];
		size_t length = (size_t)rand() % sizeof(bytes);

		for (size_t i = 0; i < length; i++)
			bytes[i] = rand() & 1 ? (char)rand()
					      : (char)edges[(size_t)rand() % sizeof(edges)];
		assert_round_trip(bytes, length);
	}
}

/* Each lead byte with a seventh of all pairs that may follow it. */
static void test_sequences_of_three_bytes_are_reversible(void **state)
{
	for (unsigned first = 0x80; first < 0x100; first++) {
		for (unsigned rest = 0; rest < 0x10000; rest += 7) {
			char bytes[3] = {(char)first, (char)(rest >> 8), (char)rest};

			assert_round_trip(bytes, sizeof(bytes));
		}
	}
}

static void assert_prints(const struct tc_value *value, enum tc_show show, const char *expected)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "");
	tc_value_print(&text, value, show);
	assert_string_equal(text.bytes, expected);
}

/* One odd byte at each place of texts of each length, and none at all. */
static void test_finds_what_is_not_plain(void **state)
{
	static const unsigned char odd[] = {0, 1, 0x1f, '"', '\\', 0x7f, 0x80, 0xa0, 0xff};
	static const char plain[] = " !#[]~";
	char text[40];

	for (size_t length = 0; length <= sizeof(text); length++) {
		for (size_t i = 0; i < length; i++)
			text[i] = plain[i % (sizeof(plain) - 1)];
		assert_int_equal(tc_text_plain(text, length), length);
		for (size_t at = 0; at < length; at++) {
			char kept = text[at];

			for (size_t i = 0; i < sizeof(odd); i++) {
				text[at] = (char)odd[i];
				assert_int_equal(tc_text_plain(text, length), at);
			}
			text[at] = kept;
		}
	}
}

static void test_prints_numbers(void **state)
{
	assert_prints(&(struct tc_value){.type = TC_TYPE_UINT, .uint = UINT64_MAX}, TC_SHOW_dec,
		      "18446744073709551615");
	assert_prints(&(struct tc_value){.type = TC_TYPE_UINT, .uint = 0x8000}, TC_SHOW_hex,
		      "0x8000");
	assert_prints(&(struct tc_value){.type = TC_TYPE_INT, .sint = -100}, TC_SHOW_sdec, "-100");
	assert_prints(&(struct tc_value){.type = TC_TYPE_INT, .sint = INT64_MIN}, TC_SHOW_sdec,
		      "-9223372036854775808");
	assert_prints(&(struct tc_value){.type = TC_TYPE_BOOL, .yes = true}, TC_SHOW_yes, "true");
	assert_prints(&(struct tc_value){.type = TC_TYPE_BOOL}, TC_SHOW_yes, "false");
}

static struct tc_value bytes_value(enum tc_type type, const char *bytes, uint32_t length)
{
	return (struct tc_value){.type = type, .bytes = bytes, .length = length, .size = length};
}

static void test_prints_strings_and_lists(void **state)
{
	struct tc_value string = bytes_value(TC_TYPE_STRING, "a\nb", 3);
	struct tc_value list = bytes_value(TC_TYPE_LIST, "ls\0-l\0\0x\n", 10);
	struct tc_value unterminated = bytes_value(TC_TYPE_LIST, "ls\0-l", 5);
	struct tc_value empty = bytes_value(TC_TYPE_STRING, "", 0);
	struct tc_value nothing = bytes_value(TC_TYPE_LIST, NULL, 0);

	assert_prints(&string, TC_SHOW_text, "a\\nb");
	assert_prints(&list, TC_SHOW_args, "ls -l  x\\n");
	assert_prints(&unterminated, TC_SHOW_args, "ls -l");
	assert_prints(&empty, TC_SHOW_text, "");
	assert_prints(&nothing, TC_SHOW_args, "");
}

static void test_tells_what_is_not_whole(void **state)
{
	struct tc_value cut = bytes_value(TC_TYPE_STRING, "/a\xe2\x82", 4);

	cut.flags = TC_VALUE_CUT;
	cut.size = 9000;
	assert_prints(&cut, TC_SHOW_path, "/a\\xe2\\x82...[cut, 9000 bytes]");
	assert_prints(&(struct tc_value){.type = TC_TYPE_NONE}, TC_SHOW_path, "<NA>");
	assert_prints(&(struct tc_value){.flags = TC_VALUE_UNREADABLE}, TC_SHOW_path,
		      "<unreadable>");
	cut.flags = TC_VALUE_CUT | TC_VALUE_UNREADABLE;
	assert_prints(&cut, TC_SHOW_path, "/a\\xe2\\x82...[unreadable]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes_hostile_bytes),
		cmocka_unit_test(test_escaping_is_reversible),
		cmocka_unit_test(test_sequences_of_three_bytes_are_reversible),
		cmocka_unit_test(test_finds_what_is_not_plain),
		cmocka_unit_test(test_prints_numbers),
		cmocka_unit_test(test_prints_strings_and_lists),
		cmocka_unit_test(test_tells_what_is_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
