/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/off_watch.h"

/* What a watch looks at and obeys. */
struct watched {
	char directory[64], off_file[80];
	const char *off_files[2];
	struct tc_enforce enforce;
	volatile sig_atomic_t stops;
	volatile struct tc_controls controls;
	struct tc_off_watch *watch;
};

static int set_up(void **state)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	struct tc_enforce_options options = {.enforce = true, .off_files = watched->off_files};

	snprintf(watched->directory, sizeof(watched->directory), "/tmp/tocsin-off-watch-XXXXXX");
	assert_non_null(mkdtemp(watched->directory));
	snprintf(watched->off_file, sizeof(watched->off_file), "%s/off", watched->directory);
	watched->off_files[0] = watched->off_file;
	tc_enforce_init(&watched->enforce, &options, 0);
	watched->controls.enforce = 1;
	assert_int_equal(tc_off_watch_start(&watched->enforce, &watched->stops, &watched->controls,
					    &watched->watch),
			 0);
	*state = watched;
	return 0;
}

static int tear_down(void **state)
{
	struct watched *watched = *state;

	tc_off_watch_stop(watched->watch);
	unlink(watched->off_file);
	rmdir(watched->directory);
	free(watched);
	return 0;
}

/* Within ten seconds. */
static bool is_switched_off(const struct watched *watched)
{
	for (int i = 0; i < 1000 && watched->controls.enforce; i++)
		usleep(10000);
	return !watched->controls.enforce;
}

static void test_a_file_switches_off(void **state)
{
	struct watched *watched = *state;

	close(open(watched->off_file, O_WRONLY | O_CREAT, 0600));
	assert_true(is_switched_off(watched));
}

static void test_a_stop_switches_off_though_the_agent_is_busy(void **state)
{
	struct watched *watched = *state;

	watched->stops = 1;
	assert_true(is_switched_off(watched));
}

static void test_else_it_leaves_things_alone(void **state)
{
	struct watched *watched = *state;

	usleep(250000);
	assert_true(watched->controls.enforce);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_switches_off),
		TEST(test_a_stop_switches_off_though_the_agent_is_busy),
		TEST(test_else_it_leaves_things_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
