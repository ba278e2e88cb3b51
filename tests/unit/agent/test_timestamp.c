/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "agent/timestamp.h"

static void assert_utc(uint64_t time_ns, const char *expected)
{
	char text[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(time_ns, text);
	assert_string_equal(text, expected);
}

static void test_prints_utc_with_nanoseconds(void **state)
{
	assert_utc(0, "1970-01-01T00:00:00.000000000Z");
	assert_utc(1709251199000000001, "2024-02-29T23:59:59.000000001Z");
	assert_utc(1714557600123456789, "2024-05-01T10:00:00.123456789Z");
	assert_utc(UINT64_MAX, "2554-07-21T23:34:33.709551615Z");
}

static void test_prints_local_time(void **state)
{
	char text[TC_TIMESTAMP_BYTES];

	setenv("TZ", "UTC-2", 1);
	tzset();
	tc_timestamp_local(1714557600123456789, text);
	assert_string_equal(text, "2024-05-01 12:00:00.123");
}

static void test_reads_rfc3339(void **state)
{
	static const struct {
		const char *text;
		uint64_t time_ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2024-05-01T10:00:00.123456789Z", 1714557600123456789},
		{"2024-05-01t10:00:00.123456789999z", 1714557600123456789},
		{"2024-05-01 12:00:00.5+02:00", 1714557600500000000},
		{"2024-05-01T04:30:00-05:30", 1714557600000000000},
		{"2024-02-29T23:59:59Z", 1709251199000000000},
		{"2016-12-31T23:59:60Z", 1483228800000000000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t time_ns = 1;

		if (tc_timestamp_parse(cases[i].text, &time_ns) || time_ns != cases[i].time_ns)
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)time_ns);
	}
}

static void test_refuses_other_text(void **state)
{
	static const char *const bad[] = {
		"",
		"yesterday",
		"2024-05-01",
		"2024-05-01T10:00:00",
		"2024-05-01T10:00Z",
		"2024-5-1T10:00:00Z",
		"2024-05-01T10:00:00Zx",
		"2024-05-01T10:00:00.Z",
		"2023-02-29T10:00:00Z",
		"2024-13-01T10:00:00Z",
		"2024-00-10T10:00:00Z",
		"2024-04-31T10:00:00Z",
		"2024-05-01T24:00:00Z",
		"2024-05-01T10:60:00Z",
		"2024-05-01T10:00:00+24:00",
		"2024-05-01T10:00:00+0200",
	};
	uint64_t time_ns = 17;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tc_timestamp_parse(bad[i], &time_ns) != -EINVAL)
			fail_msg("taken for a time: '%s'", bad[i]);
	assert_int_equal(tc_timestamp_parse("1969-12-31T23:59:59Z", &time_ns), -ERANGE);
	assert_int_equal(tc_timestamp_parse("9999-01-01T00:00:00Z", &time_ns), -ERANGE);
	assert_int_equal(time_ns, 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prints_utc_with_nanoseconds),
		cmocka_unit_test(test_prints_local_time),
		cmocka_unit_test(test_reads_rfc3339),
		cmocka_unit_test(test_refuses_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
