/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin check and tocsin fields: what they print and how they exit. */
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

#include "agent/cmd/cmd.h"

#define RULE                                                                                       \
	"- list: l\n  items: [x]\n"                                                                \
	"- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: fd.directory in (l)\n"

static char path[] = "/tmp/tocsin-check-XXXXXX";

static int make_file(void **state)
{
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	int fd = mkstemp(path);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	return unlink(path);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Runs a subcommand; *ret_output is what it printed on standard output, to be freed. */
static int run(int (*command)(int, char **), char **argv, char **ret_output)
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO), argc = 0, code;
	long length;

	while (argv[argc])
		argc++;
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	code = command(argc, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	*ret_output = calloc(1, (size_t)length + 1);
	assert_int_equal(fread(*ret_output, 1, (size_t)length, file), length);
	fclose(file);
	return code;
}

static void valid_file_is_ok(void **state)
{
	char *argv[] = {"check", path, NULL}, expected[128], *output;

	write_file(RULE);
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_GOOD);
	snprintf(expected, sizeof(expected), "%s: ok (1 rule, 0 macros, 1 list)\n", path);
	assert_string_equal(output, expected);
	free(output);
}

static void verbose_tells_kinds(void **state)
{
	char *argv[] = {"check", "--verbose", path, NULL}, *output;

	write_file(RULE);
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_GOOD);
	assert_non_null(strstr(output, "  r (Informational): open, open_read\n"));
	free(output);
}

static void invalid_file_exits_with_one(void **state)
{
	char *argv[] = {"check", path, NULL}, expected[128], *output;

	write_file("- rule: r\n");
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	snprintf(expected, sizeof(expected), "%s: invalid, 4 errors\n", path);
	assert_non_null(strstr(output, expected));
	assert_null(strchr(output, '\033'));
	free(output);
}

static void missing_file_is_told_as_invalid(void **state)
{
	char *argv[] = {"check", "/nonexistent.yaml", path, NULL}, *output;

	write_file(RULE);
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	assert_non_null(strstr(output, "/nonexistent.yaml: invalid, 1 error\n"));
	assert_non_null(strstr(output, ": ok (1 rule"));
	free(output);
}

static void json_holds_files_rules_and_diagnostics(void **state)
{
	char *argv[] = {"check", "--json", path, NULL}, *output;

	write_file(RULE "- rule: q\n  condition: x.y = 1\n  desc: d\n  output: o\n"
			"  priority: INFO\n");
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	assert_non_null(strstr(output, "\"valid\":false"));
	assert_non_null(strstr(output, "\"kinds\":[\"open\",\"open_read\"]"));
	assert_non_null(strstr(output, "\"code\":\"TC-R066\""));
	assert_non_null(strstr(output, "\"line\":9,\"column\":14"));
	free(output);
}

static void path_given_twice_is_read_once(void **state)
{
	char *argv[] = {"check", path, path, NULL}, expected[128], *output;

	write_file(RULE "- list: m\n  items: [y]\n");
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_GOOD);
	snprintf(expected, sizeof(expected), "%s: ok (1 rule, 0 macros, 2 lists), 1 warning\n",
		 path);
	char *first = strstr(output, expected);
	assert_non_null(first);
	assert_null(strstr(first + 1, expected));
	free(output);
	/* Also when it cannot be read. */
	argv[1] = argv[2] = "/nonexistent.yaml";
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	assert_non_null(strstr(output, "/nonexistent.yaml: invalid, 1 error\n"));
	free(output);
}

static void names_reach_the_terminal_escaped(void **state)
{
	char *argv[] = {"check", "--verbose", path, "/nonexistent\033[2J", NULL}, *output;

	write_file("- rule: \"r\\e[31m\\u202e\"\n  desc: d\n  priority: INFO\n  output: o\n"
		   "  condition: fd.name = x\n");
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	assert_null(strchr(output, '\033'));
	assert_null(strstr(output, "\xe2\x80\xae"));
	assert_non_null(strstr(output, "  r\\x1b[31m\\u{202e} (Informational): "));
	assert_non_null(strstr(output, "/nonexistent\\x1b[2J: invalid"));
	free(output);
}

/* A file of which nothing is known, because others had too many mistakes, is not called valid. */
static void file_behind_too_many_errors_is_not_ok(void **state)
{
	char *argv[] = {"check", path, NULL}, *output;
	char *text = calloc(1, 2100 * 40 + 1), *at = text;

	for (unsigned i = 0; i < 2100; i++)
		at += sprintf(at, "- list: unused%u\n  items: [x]\n", i);
	write_file(text);
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_GOOD);
	assert_non_null(strstr(output, ": ok (0 rules, 0 macros, 2100 lists), 2000 warnings\n"));
	free(output);
	for (at = text; *at; at += 7)
		memcpy(at, strlen(at) < 14 ? "#     \n" : "- x: y\n", 7);
	write_file(text);
	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_NO);
	assert_null(strstr(output, ": ok"));
	free(output);
	free(text);
}

static void no_path_is_a_usage_error(void **state)
{
	char *argv[] = {"check", NULL}, *output;

	assert_int_equal(run(tc_cmd_check, argv, &output), TC_EXIT_USAGE);
	free(output);
}

static void fields_are_printed_in_three_forms(void **state)
{
	char *plain[] = {"fields", NULL}, *markdown[] = {"fields", "--md", NULL};
	char *json[] = {"fields", "--json", NULL}, *output;

	assert_int_equal(run(tc_cmd_fields, plain, &output), TC_EXIT_GOOD);
	assert_non_null(strstr(output, "  proc.pid (unsigned number; all events)\n"));
	free(output);
	assert_int_equal(run(tc_cmd_fields, markdown, &output), TC_EXIT_GOOD);
	assert_non_null(strstr(output, "| `rename.is_replacing` | boolean | rename | "));
	assert_non_null(strstr(output, "| `exec` | execve execveat | "));
	free(output);
	assert_int_equal(run(tc_cmd_fields, json, &output), TC_EXIT_GOOD);
	assert_non_null(strstr(output, "\"name\":\"proc.aname\",\"type\":\"list of strings\""));
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_file_is_ok),
		cmocka_unit_test(verbose_tells_kinds),
		cmocka_unit_test(invalid_file_exits_with_one),
		cmocka_unit_test(missing_file_is_told_as_invalid),
		cmocka_unit_test(json_holds_files_rules_and_diagnostics),
		cmocka_unit_test(path_given_twice_is_read_once),
		cmocka_unit_test(names_reach_the_terminal_escaped),
		cmocka_unit_test(file_behind_too_many_errors_is_not_ok),
		cmocka_unit_test(no_path_is_a_usage_error),
		cmocka_unit_test(fields_are_printed_in_three_forms),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
