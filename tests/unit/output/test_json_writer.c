/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "json_check.h"
#include "output/format/json_writer.h"

/* The check itself must refuse what is not JSON, or the tests that use it show nothing. */
static void test_checker_is_strict(void **state)
{
	static const char *const bad[] = {
		"",	      "{",	   "{}x",	"[1,]",
		"{\"a\":1,}", "{a:1}",	   "01",	"1.",
		"\"a\nb\"",   "\"\\x41\"", "\"\xff\"",	"\"\xc0\xaf\"",
		"nul",	      "'a'",	   "[1 2]",	"\"\\u12g4\"",
		"-",	      "\"a",	   "{\"a\" 1}", "\"\xed\xa0\x80\"",
	};
	static const char *const good[] = {
		"{}",
		"[]",
		" [1, -2.5e+3, true, null] ",
		"{\"a\":{\"b\":[\"\\u00e4\\n\"]}}",
		"\"\xc3\xa4\"",
		"0",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_valid(bad[i]))
			fail_msg("taken for JSON: %s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!json_valid(good[i]))
			fail_msg("not taken for JSON: %s", good[i]);
}

static void test_writes_nested_values(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &buffer};

	tc_json_object_begin(&json);
	tc_json_key(&json, "a");
	tc_json_uint(&json, UINT64_MAX);
	tc_json_key(&json, "b");
	tc_json_array_begin(&json);
	tc_json_int(&json, INT64_MIN);
	tc_json_int(&json, 7);
	tc_json_array_begin(&json);
	tc_json_array_end(&json);
	tc_json_bool(&json, true);
	tc_json_object_begin(&json);
	tc_json_object_end(&json);
	tc_json_string(&json, NULL);
	tc_json_array_end(&json);
	tc_json_key_literal(&json, "made");
	tc_json_object_begin(&json);
	tc_json_key_literal(&json, "first");
	tc_json_null(&json);
	tc_json_object_end(&json);
	tc_json_key(&json, "c\"d");
	tc_json_string(&json, "");
	tc_json_object_end(&json);
	assert_string_equal(
		buffer.bytes,
		"{\"a\":18446744073709551615,\"b\":[-9223372036854775808,7,[],true,{},null],"
		"\"made\":{\"first\":null},\"c\\\"d\":\"\"}");
	assert_true(json_valid(buffer.bytes));
}

static void test_escapes_bytes_twice_and_text_once(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &buffer};

	tc_json_array_begin(&json);
	tc_json_bytes(&json, "\x1b\\\"\xff", 4);
	tc_json_text(&json, "\x1b\\n\"\xff", 5);
	tc_json_array_end(&json);
	assert_string_equal(buffer.bytes,
			    "[\"\\\\x1b\\\\\\\\\\\"\\\\xff\",\"\\\\x1b\\\\n\\\"\\\\xff\"]");
	assert_true(json_valid(buffer.bytes));
}

static void test_any_bytes_give_valid_json(void **state)
{
	srand(2);
	for (unsigned round = 0; round < 20000; round++) {
		_cleanup_buffer_ struct tc_buffer buffer = {0};
		_cleanup_json_ struct tc_json json = {.buffer = &buffer};
		char bytes[16];
		size_t length = (size_t)rand() % sizeof(bytes);

		for (size_t i = 0; i < length; i++)
			bytes[i] = (char)rand();
		tc_json_array_begin(&json);
		tc_json_bytes(&json, bytes, length);
		tc_json_text(&json, bytes, length);
		tc_json_array_end(&json);
		assert_true(json_valid(buffer.bytes));
		assert_null(strchr(buffer.bytes, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker_is_strict),
		cmocka_unit_test(test_writes_nested_values),
		cmocka_unit_test(test_escapes_bytes_twice_and_text_once),
		cmocka_unit_test(test_any_bytes_give_valid_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
