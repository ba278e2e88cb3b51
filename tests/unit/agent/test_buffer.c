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

static void test_adds_numbers(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	tc_buffer_add_uint(&buffer, 0);
	tc_buffer_add_char(&buffer, ' ');
	tc_buffer_add_uint(&buffer, UINT64_MAX);
	tc_buffer_add_char(&buffer, ' ');
	tc_buffer_add_int(&buffer, INT64_MIN);
	tc_buffer_add_char(&buffer, ' ');
	tc_buffer_add_int(&buffer, INT64_MAX);
	assert_string_equal(buffer.bytes,
			    "0 18446744073709551615 -9223372036854775808 9223372036854775807");
}

static void test_takes_what_was_written_in_place(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	/* Just as much as there is room for, and less. */
	for (size_t size = 0; size < 200; size++) {
		size_t before = buffer.length;
		char *place = tc_buffer_room(&buffer, size);

		assert_non_null(place);
		assert_ptr_equal(place, buffer.bytes + before);
		assert_true(buffer.capacity > before + size);
		memset(place, 'x', size);
		tc_buffer_end(&buffer, place + size / 2);
		assert_int_equal(buffer.length, before + size / 2);
		assert_int_equal(strlen(buffer.bytes), buffer.length);
	}
}

static void test_gives_no_room_behind_a_failure(void **state)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0};

	tc_buffer_add_string(&buffer, "a");
	buffer.failed = true;
	assert_null(tc_buffer_room(&buffer, 1));
	tc_buffer_add_string(&buffer, "b");
	assert_string_equal(buffer.bytes, "a");
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
		cmocka_unit_test(test_adds_numbers),
		cmocka_unit_test(test_takes_what_was_written_in_place),
		cmocka_unit_test(test_gives_no_room_behind_a_failure),
		cmocka_unit_test(test_reset_keeps_the_memory),
		cmocka_unit_test(test_failure_is_remembered_until_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
