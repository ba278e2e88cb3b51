/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "output/courier.h"
#include "told.h"

static const struct tc_output_key keys[] = {
	{"colour", "red green", "words"},
	{"path", NULL, "any text"},
	{"kafka.*", NULL, "a family"},
	{0},
};

static const struct tc_output_ops ops = {.keys = keys, .format = "text"};
static const struct tc_output thing = {"thing", &ops, "a thing"};

static struct tc_output_settings *read_spec(const char *spec)
{
	struct tc_output_settings *settings = NULL;

	assert_int_equal(tc_output_settings_read(&thing, spec, &settings), 0);
	return settings;
}

static void test_values_and_defaults(void **state)
{
	struct tc_output_settings *settings = read_spec("thing:path=/a=b,colour=green");

	assert_string_equal(tc_output_setting(settings, "path"), "/a=b");
	assert_string_equal(tc_output_setting(settings, "colour"), "green");
	assert_string_equal(tc_output_setting(settings, "name"), "thing");
	assert_string_equal(tc_output_setting(settings, "format"), "text");
	assert_null(tc_output_setting(settings, "start"));
	assert_null(tc_output_setting(settings, "nothing"));
	tc_output_settings_free(settings);

	settings = read_spec("thing");
	assert_string_equal(tc_output_setting(settings, "colour"), "red");
	assert_null(tc_output_setting(settings, "path"));
	tc_output_settings_free(settings);
}

static void test_commas_and_backslashes_in_values(void **state)
{
	struct tc_output_settings *settings = read_spec("thing:path=a\\,b\\\\\\,c\\d\\,,name=x");

	assert_string_equal(tc_output_setting(settings, "path"), "a,b\\,c\\d,");
	assert_string_equal(tc_output_setting(settings, "name"), "x");
	tc_output_settings_free(settings);
}

static int join(const char *key, const char *value, void *context)
{
	strcat(context, key);
	strcat(context, "=");
	strcat(context, value);
	strcat(context, ";");
	return strcmp(key, "stop") == 0 ? 7 : 0;
}

static void test_keys_with_a_prefix(void **state)
{
	struct tc_output_settings *settings =
		read_spec("thing:kafka.a.b=1,path=x,kafka.c=2,kafka.stop=,kafka.d=3");
	char text[128] = "";

	assert_int_equal(tc_output_settings_with(settings, "kafka.", join, text), 7);
	assert_string_equal(text, "a.b=1;c=2;stop=;");
	assert_string_equal(tc_output_setting(settings, "kafka.c"), "2");
	tc_output_settings_free(settings);
}

static void test_secrets_are_not_shown(void **state)
{
	struct tc_output_settings *settings =
		read_spec("thing:path=a\\,b,kafka.sasl.password=hunter2,kafka.x=1\\\\");
	struct tc_buffer spec = {0};

	tc_output_settings_spec(settings, &spec);
	assert_string_equal(spec.bytes, "thing:path=a\\,b,kafka.sasl.password=***,kafka.x=1\\\\");
	tc_output_settings_free(settings);
	tc_buffer_done(&spec);

	assert_true(tc_output_key_is_secret("rdkafka.ssl.key.password"));
	assert_true(tc_output_key_is_secret("rdkafka.sasl.oauthbearer.client.secret"));
	assert_true(tc_output_key_is_secret("rdkafka.ssl.key.pem"));
	assert_false(tc_output_key_is_secret("key"));
	assert_false(tc_output_key_is_secret("rdkafka.ssl.key.location"));
}

/* What is said of a SPEC that is not taken. */
static const char *refused(const char *spec)
{
	struct redirection saved = redirect(1);
	const struct tc_output *output =
		strncmp(spec, "thing", 5) == 0 ? &thing : tc_output_find(spec);
	struct tc_courier *courier = NULL;
	int error = output ? tc_courier_new(output, spec, &courier) : -EINVAL;
	const char *told = restore(&saved);

	assert_int_equal(error, -EINVAL);
	assert_null(courier);
	return told;
}

#define assert_refused(spec, words)                                                                \
	assert_string_equal(refused(spec), "tocsin: error: output " words "\n")

static void test_refuses_wrong_specifications(void **state)
{
	assert_refused("stdot", "stdot: there is none of this name (did you mean stdout?)");
	assert_non_null(strstr(refused("carrier-pigeon"), "known are: stdout, "));
	assert_refused("thing:color=red",
		       "thing: there is no setting color (did you mean colour?)");
	assert_non_null(strstr(refused("thing:zzzzz=1"), "there are: colour, path, kafka.*, name"));
	assert_non_null(strstr(refused("thing:kafka.=1"), "there is no setting kafka."));
	assert_refused("thing:colour=blue", "thing: colour=blue: it must be one of: red green");
	assert_refused("thing:colour=", "thing: colour=: it must be one of: red green");
	assert_refused("thing:colour", "thing: `colour` is not KEY=VALUE");
	assert_refused("thing:colour=red,", "thing: `` is not KEY=VALUE");
	/* The end of a password that has a comma is not shown. */
	assert_refused(
		"thing:kafka.password=hun,ter2",
		"thing: what follows the value of kafka.password is not KEY=VALUE; a comma in "
		"a value is written \\,");
	assert_refused("thing:path=a,path=b", "thing: path is given twice");
	assert_refused("thing:format=xml",
		       "thing: format=xml: it must be one of: json ecs ocsf cef text");
	assert_refused("thing:name=",
		       "thing: name=: it must be at most 64 letters, digits and . _ -");
	assert_refused("thing:name=a b",
		       "thing: name=a b: it must be at most 64 letters, digits and . _ -");
	assert_refused("thing:start=tomorrow", "thing: start=tomorrow: it must be resume, now, "
					       "beginning, or a time like 2026-01-31T12:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_and_defaults),
		cmocka_unit_test(test_commas_and_backslashes_in_values),
		cmocka_unit_test(test_keys_with_a_prefix),
		cmocka_unit_test(test_secrets_are_not_shown),
		cmocka_unit_test(test_refuses_wrong_specifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
