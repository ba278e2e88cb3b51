/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/buffer.h"

static void test_empty_takes_no_memory(void **state)
{
	struct tc_buffer buffer = {0};

	tc_buffer_reset(&buffer);
	assert_null(buffer.bytes);
	assert_int_equal(buffer.length, 0);
	tc_buffer_done(&buffer);
}

static void test_grows_and_stays_terminated(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	for (unsigned i = 0; i < 10000; i++) {
		tc_buffer_add_char(&buffer, (char)('a' + i % 26));
		assert_int_equal(buffer.length, i + 1);
		assert_int_equal(buffer.bytes[i + 1], '\0');
	}
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(buffer.bytes[i], 'a' + i % 26);
}

static void test_keeps_any_bytes(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	tc_buffer_add(&buffer, "a\0b", 3);
	tc_buffer_add(&buffer, NULL, 0);
	tc_buffer_add_string(&buffer, "");
	tc_buffer_add_string(&buffer, "cd");
	assert_int_equal(buffer.length, 5);
	assert_memory_equal(buffer.bytes, "a\0bcd", 6);
}

static void test_prints_more_than_it_has_room_for(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};
	char long_text[1001];

	memset(long_text, 'x', 1000);
	long_text[1000] = '\0';
	tc_buffer_add_string(&buffer, "<");
	tc_buffer_printf(&buffer, "%s|%d", long_text, 42);
	assert_int_equal(buffer.length, 1004);
	assert_string_equal(buffer.bytes + 1001, "|42");
}

static void test_reset_keeps_the_memory(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	tc_buffer_add_string(&buffer, "text");
	char *bytes = buffer.bytes;
	tc_buffer_reset(&buffer);
	assert_int_equal(buffer.length, 0);
	assert_string_equal(buffer.bytes, "");
	assert_ptr_equal(buffer.bytes, bytes);
}

static void test_failure_is_remembered_until_reset(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	tc_buffer_add_string(&buffer, "whole");
	assert_false(tc_buffer_failed(&buffer));
	buffer.failed = true; /* as after a realloc() that gave nothing */
	tc_buffer_add_string(&buffer, " and more");
	tc_buffer_printf(&buffer, "%d", 1);
	assert_true(tc_buffer_failed(&buffer));
	assert_string_equal(buffer.bytes, "whole");
	tc_buffer_reset(&buffer);
	assert_false(tc_buffer_failed(&buffer));
	tc_buffer_add_string(&buffer, "again");
	assert_string_equal(buffer.bytes, "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_takes_no_memory),
		cmocka_unit_test(test_grows_and_stays_terminated),
		cmocka_unit_test(test_keeps_any_bytes),
		cmocka_unit_test(test_prints_more_than_it_has_room_for),
		cmocka_unit_test(test_reset_keeps_the_memory),
		cmocka_unit_test(test_failure_is_remembered_until_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
