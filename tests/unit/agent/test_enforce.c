/* SPDX-License-Identifier: Apache-2.0 */
/* When rules enforce: modes, trials, emergency switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/enforce.h"

#define SECOND 1000000000ULL

struct place {
	char directory[64], off[96], command_line[96];
	const char *off_files[3];
	struct tc_enforce_options options;
};

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->directory, "/tmp/tocsin-enforce-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->off, sizeof(place->off), "%s/off", place->directory);
	snprintf(place->command_line, sizeof(place->command_line), "%s/cmdline", place->directory);
	put(place->command_line, "root=/dev/vda ro tocsin=offline xtocsin=off quiet\n");
	place->off_files[0] = "/nowhere/at/all";
	place->off_files[1] = place->off;
	place->options = (struct tc_enforce_options){
		.enforce = true,
		.command_line = place->command_line,
		.off_files = place->off_files,
	};
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->off);
	unlink(place->command_line);
	rmdir(place->directory);
	free(place);
	return 0;
}

static void monitor_never_enforces(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	place->options.enforce = false;
	place->options.trial_ns = 5 * SECOND;
	tc_enforce_init(&enforce, &place->options, SECOND);
	assert_int_equal(tc_enforce_look(&enforce, 2 * SECOND), TC_ENFORCE_MONITOR);
	assert_false(tc_enforce_confirm(&enforce));
	assert_false(tc_enforce_is_on(tc_enforce_look(&enforce, 99 * SECOND)));
}

static void a_trial_ends_by_itself(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	place->options.trial_ns = 5 * SECOND;
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_TRIAL);
	assert_true(tc_enforce_is_on(tc_enforce_look(&enforce, 104 * SECOND)));
	assert_int_equal(tc_enforce_look(&enforce, 105 * SECOND), TC_ENFORCE_LAPSED);
	assert_false(tc_enforce_is_on(enforce.state));
	/* Too late, and for good. */
	assert_false(tc_enforce_confirm(&enforce));
	assert_int_equal(tc_enforce_look(&enforce, 101 * SECOND), TC_ENFORCE_LAPSED);
}

static void a_confirmed_trial_goes_on(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	place->options.trial_ns = 5 * SECOND;
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	assert_true(tc_enforce_confirm(&enforce));
	assert_int_equal(tc_enforce_look(&enforce, 104 * SECOND), TC_ENFORCE_ENFORCE);
	assert_int_equal(tc_enforce_look(&enforce, 500 * SECOND), TC_ENFORCE_ENFORCE);
}

static void a_file_switches_off_while_it_is_there(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	tc_enforce_init(&enforce, &place->options, 0);
	assert_int_equal(enforce.state, TC_ENFORCE_ENFORCE);
	put(place->off, "");
	assert_int_equal(tc_enforce_look(&enforce, 1), TC_ENFORCE_OFF_FILE);
	assert_false(tc_enforce_is_on(enforce.state));
	unlink(place->off);
	assert_int_equal(tc_enforce_look(&enforce, 2), TC_ENFORCE_ENFORCE);
}

static void files_of_others_do_not_switch_off(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	tc_enforce_init(&enforce, &place->options, 0);
	put(place->off, "");
	assert_int_equal(chmod(place->off, 0666), 0);
	assert_int_equal(tc_enforce_look(&enforce, 1), TC_ENFORCE_ENFORCE);
	assert_int_equal(chmod(place->off, 0600), 0);
	assert_int_equal(tc_enforce_look(&enforce, 1), TC_ENFORCE_OFF_FILE);
	/* Whoever may write the directory may have put it there. */
	assert_int_equal(chmod(place->directory, 0777), 0);
	assert_int_equal(tc_enforce_look(&enforce, 1), TC_ENFORCE_ENFORCE);
	assert_int_equal(chmod(place->directory, 0700), 0);
	/* A link may lead to a file of root's. */
	unlink(place->off);
	assert_int_equal(symlink("/etc/passwd", place->off), 0);
	assert_int_equal(tc_enforce_look(&enforce, 1), TC_ENFORCE_ENFORCE);
}

static void a_word_of_the_command_line_switches_off(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	tc_enforce_init(&enforce, &place->options, 0);
	assert_int_equal(enforce.state, TC_ENFORCE_ENFORCE);
	put(place->command_line, "root=/dev/vda tocsin=off\n");
	tc_enforce_init(&enforce, &place->options, 0);
	assert_int_equal(enforce.state, TC_ENFORCE_OFF_BOOT);
	assert_false(tc_enforce_is_on(enforce.state));
	put(place->command_line, "tocsin=off");
	tc_enforce_init(&enforce, &place->options, 0);
	assert_int_equal(enforce.state, TC_ENFORCE_OFF_BOOT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_trial_goes_on_behind_a_crash(void **state)
{
	struct place *place = *state;
	struct tc_enforce enforce;

	place->options.trial_ns = 50 * SECOND;
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	assert_int_equal(tc_enforce_trial(&enforce), TC_TRIAL_RUNS);
	tc_enforce_resume(&enforce, TC_TRIAL_RUNS, 110 * SECOND, 100 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_TRIAL);
	assert_int_equal(tc_enforce_look(&enforce, 110 * SECOND), TC_ENFORCE_LAPSED);
	assert_int_equal(tc_enforce_trial(&enforce), TC_TRIAL_LAPSED);
	/* The host was switched off meanwhile. */
	tc_enforce_init(&enforce, &place->options, 3 * SECOND);
	tc_enforce_resume(&enforce, TC_TRIAL_RUNS, 0, 3 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_LAPSED);
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	tc_enforce_resume(&enforce, TC_TRIAL_LAPSED, 90 * SECOND, 100 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_LAPSED);
	assert_false(tc_enforce_confirm(&enforce));
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	tc_enforce_resume(&enforce, TC_TRIAL_CONFIRMED, 90 * SECOND, 100 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_ENFORCE);
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	tc_enforce_resume(&enforce, TC_TRIAL_NONE, 0, 100 * SECOND);
	assert_int_equal(tc_enforce_look(&enforce, 149 * SECOND), TC_ENFORCE_TRIAL);
	/* No trial is asked for any more. */
	place->options.trial_ns = 0;
	tc_enforce_init(&enforce, &place->options, 100 * SECOND);
	tc_enforce_resume(&enforce, TC_TRIAL_LAPSED, 90 * SECOND, 100 * SECOND);
	assert_int_equal(enforce.state, TC_ENFORCE_ENFORCE);
	assert_int_equal(tc_enforce_trial(&enforce), TC_TRIAL_NONE);
}

static void trials_have_names(void **state)
{
	for (unsigned trial = 0; trial < TC_TRIAL_MAX; trial++)
		assert_int_equal(
			tc_enforce_trial_by_name(tc_enforce_trial_name((enum tc_trial)trial)),
			trial);
	assert_int_equal(tc_enforce_trial_by_name("?"), TC_TRIAL_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(monitor_never_enforces),
		TEST(a_trial_ends_by_itself),
		TEST(a_confirmed_trial_goes_on),
		TEST(a_file_switches_off_while_it_is_there),
		TEST(files_of_others_do_not_switch_off),
		TEST(a_word_of_the_command_line_switches_off),
		TEST(a_trial_goes_on_behind_a_crash),
		cmocka_unit_test(trials_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
