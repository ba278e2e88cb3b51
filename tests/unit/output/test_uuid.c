/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "output/uuid.h"

static void test_has_the_form_of_version_7(void **state)
{
	/* The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z is 0x017F22E279B0 ms. */
	char uuid[TC_UUID_LENGTH + 1];

	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(tc_uuid_make(0x017f22e279b0ULL * 1000000, uuid), 0);
		assert_int_equal(strlen(uuid), TC_UUID_LENGTH);
		assert_memory_equal(uuid, "017f22e2-79b0-7000-", 19);
		assert_non_null(strchr("89ab", uuid[19]));
		assert_int_equal(uuid[23], '-');
		assert_int_equal(strspn(uuid + 24, "0123456789abcdef"), 12);
	}
}

static void test_text_order_is_time_order(void **state)
{
	char before[TC_UUID_LENGTH + 1], after[TC_UUID_LENGTH + 1];
	uint64_t time_ns = 1714557600999900000;

	tc_uuid_make(time_ns, before);
	for (unsigned i = 0; i < 1000; i++) {
		time_ns += 245;
		tc_uuid_make(time_ns, after);
		assert_true(strcmp(before, after) < 0);
		memcpy(before, after, sizeof(before));
	}
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, TC_UUID_LENGTH + 1);
}

static void test_never_twice_in_one_moment(void **state)
{
	enum { N = 10000 };
	char(*uuids)[TC_UUID_LENGTH + 1] = calloc(N, sizeof(*uuids));

	assert_non_null(uuids);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(tc_uuid_make(1714557600000000000, uuids[i]), 0);
	qsort(uuids, N, sizeof(*uuids), compare);
	for (unsigned i = 1; i < N; i++)
		assert_string_not_equal(uuids[i - 1], uuids[i]);
	free(uuids);
}

static void test_tells_its_time(void **state)
{
	char uuid[TC_UUID_LENGTH + 1];
	uint64_t time_ns;

	assert_int_equal(tc_uuid_make(1714557600999900000, uuid), 0);
	assert_true(tc_uuid_time(uuid, &time_ns));
	assert_int_equal(time_ns, 1714557600999000000);
	uuid[14] = '4';
	assert_false(tc_uuid_time(uuid, &time_ns));
	assert_false(tc_uuid_time("", &time_ns));
	assert_false(tc_uuid_time("018f3389-2ebb-7000-8000-00000000000", &time_ns));
	assert_false(tc_uuid_time("018f3389-2ebb-7000-8000-00000000000x", &time_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_the_form_of_version_7),
		cmocka_unit_test(test_text_order_is_time_order),
		cmocka_unit_test(test_never_twice_in_one_moment),
		cmocka_unit_test(test_tells_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
