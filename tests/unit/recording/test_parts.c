/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts of a recording: checksum, named values, time zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "recording/crc32c.h"
#include "recording/named.h"
#include "recording/zone.h"
#include "tests/unit/recording/scratch.h"

/* RFC 3720, B.4, and the check value of the catalogue of CRCs. */
static void checksums_are_those_of_the_standard(void **state)
{
	char zeros[32] = {0}, ones[32], rising[32];

	memset(ones, 0xff, sizeof(ones));
	for (unsigned i = 0; i < 32; i++)
		rising[i] = (char)i;
	assert_int_equal(tc_crc32c(0, "123456789", 9), 0xe3069283U);
	assert_int_equal(tc_crc32c(0, zeros, 32), 0x8a9136aaU);
	assert_int_equal(tc_crc32c(0, ones, 32), 0x62a8ab43U);
	assert_int_equal(tc_crc32c(0, rising, 32), 0x46dd794eU);
	for (unsigned i = 0; i <= 32; i++)
		assert_int_equal(tc_crc32c(tc_crc32c(0, rising, i), rising + i, 32 - i),
				 0x46dd794eU);
}

static void named_values_are_found_by_name_and_type(void **state)
{
	struct tc_buffer buffer = {0};
	struct tc_named_list list;
	const char *bytes;
	char text[6];
	size_t length;

	tc_named_put_number(&buffer, "a", 7);
	tc_named_put_text(&buffer, "none", NULL);
	tc_named_put_text(&buffer, "b", "hello world");
	tc_named_put_bytes(&buffer, "a", "x\0y", 3);
	list = (struct tc_named_list){buffer.bytes, buffer.length};
	assert_int_equal(tc_named_number(&list, "a", 1), 7);
	assert_int_equal(tc_named_number(&list, "b", 1), 1);
	assert_true(tc_named_bytes(&list, "a", &bytes, &length));
	assert_int_equal(length, 3);
	assert_memory_equal(bytes, "x\0y", 3);
	assert_false(tc_named_bytes(&list, "none", &bytes, &length));
	tc_named_text(&list, "b", text, sizeof(text));
	assert_string_equal(text, "hello");
	tc_named_text(&list, "a", text, sizeof(text));
	assert_string_equal(text, "x");
	tc_buffer_done(&buffer);
}

static void malformed_values_end_the_list(void **state)
{
	struct tc_buffer buffer = {0};
	struct tc_named_list list;
	struct tc_named named;

	tc_named_put_number(&buffer, "number", 7);
	tc_named_put_text(&buffer, "text", "hello");
	for (size_t length = 0; length <= buffer.length; length++) {
		unsigned count = 0;
		int r;

		list = (struct tc_named_list){buffer.bytes, length};
		while ((r = tc_named_next(&list, &named)) > 0)
			count++;
		assert_int_equal(r, count == 2 || length == 0 || (count == 1 && !list.length)
					    ? 0
					    : -EBADMSG);
	}
	/* Neither a number nor bytes; a number that has no eight bytes. */
	buffer.bytes[0] = 3;
	list = (struct tc_named_list){buffer.bytes, buffer.length};
	assert_int_equal(tc_named_next(&list, &named), -EBADMSG);
	buffer.bytes[0] = 1;
	buffer.bytes[4] = 7;
	assert_int_equal(tc_named_next(&list, &named), -EBADMSG);
	tc_buffer_done(&buffer);
}

static void write_zone(const char *root, const char *name, const char *footer)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "TZif2 and what a zone was\n%s\n", footer);
	fclose(file);
}

static void the_zone_is_the_rule_at_the_end_of_its_file(void **state)
{
	struct scratch scratch = scratch_make();
	char path[64], zone[TC_ZONE_MAX];

	unsetenv("TZ");
	snprintf(path, sizeof(path), "%s/etc", scratch.directory);
	assert_int_equal(mkdir(path, 0755), 0);
	tc_zone_of_host(scratch.directory, zone);
	assert_string_equal(zone, "UTC0");
	write_zone(scratch.directory, "/etc/localtime", "CET-1CEST,M3.5.0,M10.5.0/3");
	tc_zone_of_host(scratch.directory, zone);
	assert_string_equal(zone, "CET-1CEST,M3.5.0,M10.5.0/3");
	setenv("TZ", "<+0545>-5:45", 1);
	tc_zone_of_host(scratch.directory, zone);
	assert_string_equal(zone, "<+0545>-5:45");
	setenv("TZ", ":/etc/localtime", 1);
	tc_zone_of_host(scratch.directory, zone);
	assert_string_equal(zone, "CET-1CEST,M3.5.0,M10.5.0/3");
	setenv("TZ", "No/Such", 1);
	tc_zone_of_host(scratch.directory, zone);
	assert_string_equal(zone, "UTC0");
	snprintf(path, sizeof(path), "%s/etc/localtime", scratch.directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/etc", scratch.directory);
	rmdir(path);
	scratch_remove(&scratch);
}

/* A recording may come from anybody: its zone must lead to no file of this host. */
static void only_rules_are_used(void **state)
{
	static const char *const refused[] = {
		"",    "A",   "UTC",	"Europe/Berlin", ":/etc/passwd", "../x", "/etc/localtime",
		"ab1", "<+1", "CET-1\n"};
	time_t summer = 1782900000;
	struct tm tm;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(tc_zone_use(refused[i]));
		assert_string_equal(getenv("TZ"), "UTC0");
	}
	assert_true(tc_zone_use("CET-1CEST,M3.5.0,M10.5.0/3"));
	localtime_r(&summer, &tm);
	assert_int_equal(tm.tm_gmtoff, 7200);
	assert_true(tc_zone_use("<+0545>-5:45"));
	localtime_r(&summer, &tm);
	assert_int_equal(tm.tm_gmtoff, 20700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_those_of_the_standard),
		cmocka_unit_test(named_values_are_found_by_name_and_type),
		cmocka_unit_test(malformed_values_end_the_list),
		cmocka_unit_test(the_zone_is_the_rule_at_the_end_of_its_file),
		cmocka_unit_test(only_rules_are_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
