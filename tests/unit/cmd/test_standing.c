/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent finds of the one before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/enrich/clock.h"
#include "agent/standing.h"

struct place {
	char directory[64], journal[96], standing[128];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->directory, "/tmp/tocsin-standing-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->journal, sizeof(place->journal), "%s/journal.db", place->directory);
	snprintf(place->standing, sizeof(place->standing), "%s.standing", place->journal);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->standing);
	rmdir(place->directory);
	free(place);
	return 0;
}

#define TEXT                                                                                       \
	"{\"pid\":1,\"boot\":\"%s\",\"trial\":\"runs\",\"trial_until_ns\":77,\"ended\":%s,"        \
	"\"enforcing_rules\":[{\"rule\":\"a\",\"breaker_open\":true},"                             \
	"{\"rule\":\"b\",\"breaker_open\":false},{\"rule\":\"c\",\"breaker_open\":true}]}\n"

static void wrote(const struct place *place, const char *boot, const char *ended)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_buffer_printf(&text, TEXT, boot, ended);
	assert_int_equal(tc_standing_write(place->journal, TC_STANDING, &text, true), 0);
}

static void take(void *context, const char *rule)
{
	strcat(context, rule);
}

static void what_an_agent_wrote_is_found(void **state)
{
	char boot[TC_BOOT_ID_LENGTH + 1], open[8] = "";
	struct tc_standing_past past;

	tc_clock_boot_id(boot);
	wrote(*state, boot, "false");
	tc_standing_recall(((struct place *)*state)->journal, &past);
	assert_false(past.has_ended);
	assert_int_equal(past.trial, TC_TRIAL_RUNS);
	assert_int_equal(past.until_ns, 77);
	tc_standing_past_breakers(&past, take, open);
	assert_string_equal(open, "ac");
	tc_standing_past_done(&past);

	wrote(*state, boot, "true");
	tc_standing_recall(((struct place *)*state)->journal, &past);
	assert_true(past.has_ended);
	tc_standing_past_done(&past);
}

static void times_of_another_boot_mean_nothing(void **state)
{
	struct tc_standing_past past;

	wrote(*state, "another", "false");
	tc_standing_recall(((struct place *)*state)->journal, &past);
	assert_int_equal(past.trial, TC_TRIAL_RUNS);
	assert_int_equal(past.until_ns, 0);
	tc_standing_past_done(&past);
}

static void where_there_is_nothing_nothing_is_found(void **state)
{
	static const char *const broken[] = {"", "{", "[]\n", "{\"enforcing_rules\":3}\n"};
	char open[8] = "";
	struct tc_standing_past past;

	tc_standing_recall(((struct place *)*state)->journal, &past);
	assert_int_equal(past.trial, TC_TRIAL_NONE);
	assert_false(past.has_ended);
	tc_standing_past_breakers(&past, take, open);
	tc_standing_past_done(&past);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		_cleanup_buffer_ struct tc_buffer text = {0};

		tc_buffer_add_string(&text, broken[i]);
		assert_int_equal(tc_standing_write(((struct place *)*state)->journal, TC_STANDING,
						   &text, false),
				 0);
		tc_standing_recall(((struct place *)*state)->journal, &past);
		assert_int_equal(past.trial, TC_TRIAL_NONE);
		tc_standing_past_breakers(&past, take, open);
		tc_standing_past_done(&past);
	}
	assert_string_equal(open, "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_an_agent_wrote_is_found),
		TEST(times_of_another_boot_mean_nothing),
		TEST(where_there_is_nothing_nothing_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
