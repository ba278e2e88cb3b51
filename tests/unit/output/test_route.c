/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "output/courier.h"
#include "output/format/json_writer.h"
#include "output/route.h"
#include "told.h"

static const struct tc_journal_row shell = {
	.seq = 1,
	.rule = "Shell in container",
	.priority = TC_PRIORITY_WARNING,
	.kind = "exec",
	.json = "{\"output\":\"a \\\"tags\\\":[\\\"forged\\\"] "
		"b\",\"tags\":[\"container\",\"a\\\"b\","
		"\"mitre\"],\"action\":null}",
};

static const struct tc_journal_row loss = {
	.seq = 2, .priority = TC_PRIORITY_WARNING, .kind = "loss", .json = "{\"tags\":[]}"};

static bool takes(const char *settings, const struct tc_journal_row *row)
{
	const struct tc_output *null = tc_output_find("null");
	struct tc_output_settings *read = NULL;
	struct tc_route route = {0};
	char spec[256];

	snprintf(spec, sizeof(spec), "null:name=x%s", settings);
	assert_int_equal(tc_output_settings_read(null, spec, &read), 0);
	assert_int_equal(tc_route_read("null", read, &route), 0);
	bool taken = tc_route_takes(&route, row);
	tc_route_done(&route);
	tc_output_settings_free(read);
	return taken;
}

static void test_takes_all_by_default(void **state)
{
	assert_true(takes("", &shell));
	assert_true(takes("", &loss));
}

static void test_priority_is_a_floor(void **state)
{
	assert_true(takes(",priority=debug", &shell));
	assert_true(takes(",priority=Warning", &shell));
	assert_false(takes(",priority=error", &shell));
	/* A notice is told whatever the floor is: it says what alerts are worth. */
	assert_true(takes(",priority=emergency", &loss));
}

static void test_tags(void **state)
{
	assert_true(takes(",tags=container", &shell));
	assert_true(takes(",tags=network|mitre", &shell));
	assert_false(takes(",tags=network", &shell));
	assert_false(takes(",tags=contain", &shell));
	assert_false(takes(",tags=containers", &shell));
	/* What stands in a text is no tag. */
	assert_false(takes(",tags=forged", &shell));
	assert_false(takes(",tags=forged\\\\", &shell));
}

/* Whatever the author of a rule calls it: the JSON is written as that of an alert is. */
static void test_tags_that_json_escapes(void **state)
{
	static const struct {
		const char *tag, *setting;
	} rows[] = {
		{"a\"b", "a\"b"},	    {"back\\slash", "back\\\\slash"},
		{"tab\there", "tab\there"}, {"\xc3\xa4", "\xc3\xa4"},
		{"\xff", "\xff"},	    {"\xe2\x80\xae", "\xe2\x80\xae"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_buffer_ struct tc_buffer text = {0};
		_cleanup_json_ struct tc_json json = {.buffer = &text};
		struct tc_journal_row row = shell;
		char setting[64];

		tc_json_object_begin(&json);
		tc_json_key(&json, "tags");
		tc_json_array_begin(&json);
		tc_json_string(&json, "first");
		tc_json_string(&json, rows[i].tag);
		tc_json_array_end(&json);
		tc_json_object_end(&json);
		row.json = text.bytes;
		for (unsigned form = 0; form < 2; form++) {
			snprintf(setting, sizeof(setting), ",tags=%s%s", form ? "none|" : "",
				 rows[i].setting);
			if (!takes(setting, &row))
				fail_msg("%s does not match %s", setting, row.json);
		}
		snprintf(setting, sizeof(setting), ",tags=%sx", rows[i].setting);
		assert_false(takes(setting, &row));
	}
}

static void test_globs_of_rules(void **state)
{
	assert_true(takes(",rules=Shell*", &shell));
	assert_true(takes(",rules=x|*container", &shell));
	assert_false(takes(",rules=shell*", &shell));
	assert_false(takes(",rules=Shell", &shell));
	assert_false(takes(",rules=Shell*|!*container", &shell));
	assert_false(takes(",rules=!*container|Shell*", &shell));
	assert_true(takes(",rules=!Other*", &shell));
	assert_true(takes(",rules=[A-T]hell ?? *", &shell));
}

static void test_kinds_and_notices(void **state)
{
	assert_true(takes(",kinds=open|exec", &shell));
	assert_false(takes(",kinds=open", &shell));
	assert_false(takes(",kinds=exec", &loss));
	assert_true(takes(",kinds=loss", &loss));
	assert_false(takes(",notices=no", &loss));
	assert_true(takes(",notices=no", &shell));
}

/* What is said of settings that are not taken. */
static const char *refused(const char *settings)
{
	struct redirection saved = redirect(1);
	const struct tc_output *null = tc_output_find("null");
	struct tc_courier *courier = NULL;
	char spec[256];

	snprintf(spec, sizeof(spec), "null:%s", settings);
	int error = tc_courier_new(null, spec, &courier);
	const char *told = restore(&saved);
	assert_int_equal(error, -EINVAL);
	return told;
}

#define assert_refused(settings, words)                                                            \
	assert_string_equal(refused(settings), "tocsin: error: output null: " words "\n")

static void test_refuses_wrong_settings(void **state)
{
	assert_refused("priority=urgent",
		       "priority=urgent: it must be one of: Emergency Alert Critical Error Warning "
		       "Notice Informational Debug");
	assert_refused("tags=a||b", "tags=a||b: a part of it, between | and |, is empty");
	assert_refused("rules=", "rules=: a part of it, between | and |, is empty");
	assert_refused("rules=a|!", "rules=a|!: a part of it, between | and |, is empty");
	assert_refused("kinds=exec|opne",
		       "kinds=exec|opne: there is no kind opne (did you mean open?)");
	assert_refused("notices=maybe", "notices=maybe: it must be one of: yes no");
	assert_refused("rate=10", "rate=10: it must be N/DURATION, both above 0, such as 10/1m: "
				  "ten in a minute");
	assert_refused("rate=0/1m",
		       "rate=0/1m: it must be N/DURATION, both above 0, such as 10/1m: "
		       "ten in a minute");
	assert_refused("rate=1/0", "rate=1/0: it must be N/DURATION, both above 0, such as 10/1m: "
				   "ten in a minute");
	assert_refused("fold=long",
		       "fold=long: it must be a duration above 0, such as 90s, 5m, 2h or 7d");
	assert_refused("fold=0",
		       "fold=0: it must be a duration above 0, such as 90s, 5m, 2h or 7d");
}

/* What was cut would match other rules. */
static void test_a_glob_that_is_too_long_is_refused(void **state)
{
	const struct tc_output *null = tc_output_find("null");
	struct tc_output_settings *read = NULL;
	struct tc_route route = {0};
	char spec[1024] = "null:name=x,rules=Shell*|";

	memset(spec + strlen(spec), 'a', 600);
	assert_int_equal(tc_output_settings_read(null, spec, &read), 0);
	assert_int_equal(tc_route_read("null", read, &route), -EINVAL);
	tc_route_done(&route);
	tc_output_settings_free(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_all_by_default),
		cmocka_unit_test(test_priority_is_a_floor),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tags_that_json_escapes),
		cmocka_unit_test(test_globs_of_rules),
		cmocka_unit_test(test_kinds_and_notices),
		cmocka_unit_test(test_refuses_wrong_settings),
		cmocka_unit_test(test_a_glob_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
