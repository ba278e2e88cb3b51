/* SPDX-License-Identifier: Apache-2.0 */
/* The test of an output at its least: it is found by its name, and delivers what it took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "output/output.h"

static void test_delivers_what_it_took(void **state)
{
	const struct tc_output *output = tc_output_find("null");
	struct tc_journal_row row = {.seq = 7, .json = "{}"};
	const struct tc_message message = {.row = &row, .bytes = row.json, .length = 2};
	struct tc_output_settings *settings = NULL;
	uint64_t seq = 1;
	void *null = NULL;

	assert_non_null(output);
	assert_int_equal(tc_output_settings_read(output, "null:priority=error", &settings), 0);
	assert_int_equal(output->ops->open(settings, &null), 0);
	tc_output_settings_free(settings);
	assert_int_equal(output->ops->flush(null, 0, &seq), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(output->ops->write(null, &message), 0);
	assert_int_equal(output->ops->flush(null, 0, &seq), 0);
	assert_int_equal(seq, 7);
	output->ops->close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivers_what_it_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
