/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/options.h"

/* What a subcommand would have. */
static struct {
	bool json, follow;
	const char *config;
	struct tc_strings rules;
	uint64_t duration, size, limit;
} settings;

static const struct tc_option options[] = {
	{"json", 0, TC_OPTION_FLAG, NULL, &settings.json, "print JSON"},
	{"follow", 'f', TC_OPTION_FLAG, NULL, &settings.follow, "go on"},
	{"config", 'c', TC_OPTION_STRING, "FILE", &settings.config, "configuration"},
	{"rules", 'r', TC_OPTION_STRINGS, "PATH", &settings.rules, "rules"},
	{"for", 0, TC_OPTION_DURATION, "DURATION", &settings.duration, "stop after this time"},
	{"ring-size", 0, TC_OPTION_SIZE, "SIZE", &settings.size, "size of a ring"},
	{"limit", 'n', TC_OPTION_NUMBER, "N", &settings.limit, "at most so many"},
	{0},
};

static const struct tc_usage usage = {
	.command = "try",
	.synopsis = "[OPTION]... [PATH]",
	.doc = "A subcommand for tests.",
	.options = options,
	.positional_max = 1,
};

static struct tc_strings positional;
/* What was printed by the last parse() on standard output and standard error. */
static char printed[4096], told[4096];

static void capture(int fd, FILE *file, char text[4096])
{
	fflush(NULL);
	ssize_t length = pread(fileno(file), text, 4095, 0);
	assert_true(length >= 0);
	text[length] = '\0';
	fclose(file);
}

/* Parses a command line given as words. */
static int parse(const struct tc_usage *with, const char *const *words)
{
	char *argv[16] = {(char *)"try"};
	int argc = 1, saved_out = dup(1), saved_err = dup(2);
	FILE *out = tmpfile(), *err = tmpfile();

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	free(settings.rules.items);
	free(positional.items);
	memset(&settings, 0, sizeof(settings));
	memset(&positional, 0, sizeof(positional));
	fflush(NULL);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	int result = tc_options_parse(with, argc, argv, &positional);
	fflush(NULL);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	capture(1, out, printed);
	capture(2, err, told);
	return result;
}

#define PARSE(...) parse(&usage, (const char *const[]){__VA_ARGS__, NULL})

static void assert_mistake(int result, const char *message)
{
	char expected[512];

	snprintf(expected, sizeof(expected),
		 "tocsin try: %s\nusage: tocsin try [OPTION]... [PATH]\n", message);
	assert_int_equal(result, TC_EXIT_USAGE);
	assert_string_equal(told, expected);
	assert_string_equal(printed, "");
}

static void test_nothing_is_fine(void **state)
{
	assert_int_equal(parse(&usage, (const char *const[]){NULL}), -1);
	assert_int_equal(positional.count, 0);
	assert_false(settings.json);
	assert_string_equal(told, "");
}

static void test_reads_every_kind(void **state)
{
	assert_int_equal(PARSE("--json", "-f", "-c", "a.yaml", "--rules=x", "-ry", "--for", "250ms",
			       "--ring-size", "8M", "-n", "18446744073709551615", "path"),
			 -1);
	assert_true(settings.json && settings.follow);
	assert_string_equal(settings.config, "a.yaml");
	assert_int_equal(settings.rules.count, 2);
	assert_string_equal(settings.rules.items[0], "x");
	assert_string_equal(settings.rules.items[1], "y");
	assert_true(settings.duration == 250000000);
	assert_true(settings.size == 8 << 20);
	assert_true(settings.limit == UINT64_MAX);
	assert_int_equal(positional.count, 1);
	assert_string_equal(positional.items[0], "path");
}

static void test_options_may_stand_behind_arguments(void **state)
{
	assert_int_equal(PARSE("path", "--json"), -1);
	assert_true(settings.json);
	assert_string_equal(positional.items[0], "path");
	assert_int_equal(PARSE("--", "--json"), -1);
	assert_false(settings.json);
	assert_string_equal(positional.items[0], "--json");
}

static void test_tells_mistakes(void **state)
{
	assert_mistake(PARSE("--folow"), "unknown option --folow (did you mean --follow?)");
	assert_mistake(PARSE("--cofnig=x"), "unknown option --cofnig (did you mean --config?)");
	assert_mistake(PARSE("--zebra"), "unknown option --zebra");
	assert_mistake(PARSE("-x"), "unknown option -x");
	assert_mistake(PARSE("-fx"), "unknown option -x");
	assert_mistake(PARSE("--fo"), "option --fo is not clear: --follow or --for?");
	assert_mistake(PARSE("--json=yes"), "option --json takes no value");
	assert_mistake(PARSE("--config"), "option --config needs a value: FILE");
	assert_mistake(PARSE("-c"), "option --config needs a value: FILE");
	assert_mistake(PARSE("--for", "soon"),
		       "--for soon: not a duration such as 90s, 5m, 2h or 7d");
	assert_mistake(PARSE("--for", "213504d"), "--for 213504d: too large");
	assert_mistake(PARSE("--ring-size", "8k"),
		       "--ring-size 8k: not a size such as 4096, 64K, 8M or 1G");
	assert_mistake(PARSE("-n", "-1"), "--limit -1: not a number");
	assert_mistake(PARSE("-n", "18446744073709551616"),
		       "--limit 18446744073709551616: too large");
	assert_mistake(PARSE("a", "b"), "one argument too many: b");
}

static void test_wants_enough_arguments(void **state)
{
	struct tc_usage strict = usage;

	strict.positional_min = 1;
	assert_mistake(parse(&strict, (const char *const[]){"--json", NULL}),
		       "an argument is missing");
}

static void test_help_comes_from_the_table(void **state)
{
	assert_int_equal(PARSE("--help"), TC_EXIT_GOOD);
	assert_string_equal(told, "");
	assert_string_equal(printed, "Usage: tocsin try [OPTION]... [PATH]\n"
				     "\n"
				     "A subcommand for tests.\n"
				     "\n"
				     "Options:\n"
				     "      --json                  print JSON\n"
				     "  -f, --follow                go on\n"
				     "  -c, --config FILE           configuration\n"
				     "  -r, --rules PATH            rules\n"
				     "      --for DURATION          stop after this time\n"
				     "      --ring-size SIZE        size of a ring\n"
				     "  -n, --limit N               at most so many\n"
				     "  -h, --help                  print this help and exit\n");
	assert_int_equal(PARSE("-h"), TC_EXIT_GOOD);
}

static void test_reads_durations(void **state)
{
	static const struct {
		const char *text;
		int error;
		unsigned long long ns;
	} cases[] = {
		{"90", 0, 90000000000},
		{"90s", 0, 90000000000},
		{"5m", 0, 300000000000},
		{"2h", 0, 7200000000000},
		{"7d", 0, 604800000000000},
		{"250ms", 0, 250000000},
		{"0", 0, 0},
		{"18446744073s", 0, 18446744073000000000U},
		{"18446744074s", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-5m", -EINVAL, 0},
		{"+5m", -EINVAL, 0},
		{" 5m", -EINVAL, 0},
		{"5 m", -EINVAL, 0},
		{"5mm", -EINVAL, 0},
		{"1.5h", -EINVAL, 0},
		{"5M", -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned long long ns = 0;

		if (tc_parse_duration(cases[i].text, &ns) != cases[i].error || ns != cases[i].ns)
			fail_msg("'%s': %llu", cases[i].text, ns);
	}
}

static void test_finds_the_nearest_word(void **state)
{
	static const char *const words[] = {"run", "check", "query", "fields"};

	assert_string_equal(tc_nearest_word("chekc", words, 4), "check");
	assert_string_equal(tc_nearest_word("qurey", words, 4), "query");
	assert_string_equal(tc_nearest_word("field", words, 4), "fields");
	assert_string_equal(tc_nearest_word("rnu", words, 4), "run");
	assert_null(tc_nearest_word("destroy", words, 4));
	assert_null(tc_nearest_word("", words, 4));
	assert_null(tc_nearest_word("x", words, 4));
}

static int teardown(void **state)
{
	free(settings.rules.items);
	free(positional.items);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_fine),
		cmocka_unit_test(test_reads_every_kind),
		cmocka_unit_test(test_options_may_stand_behind_arguments),
		cmocka_unit_test(test_tells_mistakes),
		cmocka_unit_test(test_wants_enough_arguments),
		cmocka_unit_test(test_help_comes_from_the_table),
		cmocka_unit_test(test_reads_durations),
		cmocka_unit_test(test_finds_the_nearest_word),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
