/* SPDX-License-Identifier: Apache-2.0 */
/* agent/cmd/test_report.c: results as TAP, as JUnit, and for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cmd/test_report.h"

static void make_report(struct tc_test_report *report)
{
	struct tc_buffer none = {0}, why = {0};
	const struct tc_test_case cases[] = {
		{.file = "a.test.yaml", .name = "one # \"two\" <&>\001", .line = 3, .column = 5},
		{.file = "a.test.yaml", .name = "x", .line = 7, .result = TC_TEST_FAILED},
		{.file = "b.test.yaml", .name = "", .result = TC_TEST_BROKEN},
	};

	*report = (struct tc_test_report){0};
	tc_buffer_add_string(&why, "first\n<second>\n");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tc_test_report_add(report, &cases[i], i == 1 ? &why : &none), 0);
	tc_buffer_done(&why);
}

static void test_tap(void **state)
{
	struct tc_test_report report;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	make_report(&report);
	tc_test_report_tap(&report, stream);
	fclose(stream);
	assert_string_equal(text, "TAP version 13\n1..3\n"
				  "ok 1 - a.test.yaml:3: one \\# \"two\" <&>?\n"
				  "not ok 2 - a.test.yaml:7: x\n# first\n# <second>\n"
				  "not ok 3 - b.test.yaml:0: \n# it cannot be run: see the errors\n"
				  "# tests: 1 passed, 2 failed\n");
	free(text);
	tc_test_report_done(&report);
}

static void test_for_people(void **state)
{
	struct tc_test_report report;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	make_report(&report);
	tc_test_report_print(&report, stream, false);
	fclose(stream);
	assert_string_equal(text, "FAILED a.test.yaml:7:0: x\n    first\n    <second>\n\n"
				  "FAILED b.test.yaml:0:0: \n"
				  "    it cannot be run: see the errors\n\n"
				  "FAILED a.test.yaml: 1 of 2\nFAILED b.test.yaml: 0 of 1\n"
				  "1 passed, 2 failed\n");
	free(text);
	tc_test_report_done(&report);
}

static void test_junit(void **state)
{
	struct tc_test_report report;
	char path[] = "/tmp/junit-XXXXXX", text[2048];
	int fd = mkstemp(path);
	ssize_t length;

	make_report(&report);
	assert_true(fd >= 0);
	assert_int_equal(tc_test_report_junit(&report, path), 0);
	length = read(fd, text, sizeof(text) - 1);
	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(
		text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<testsuites tests=\"3\" failures=\"2\">\n"
		      "  <testsuite name=\"a.test.yaml\" tests=\"2\" failures=\"1\">\n"
		      "    <testcase classname=\"a.test.yaml\" name=\"one # &quot;two&quot; "
		      "&lt;&amp;&gt;?\" file=\"a.test.yaml\" line=\"3\"/>\n"
		      "    <testcase classname=\"a.test.yaml\" name=\"x\" file=\"a.test.yaml\" "
		      "line=\"7\">\n"
		      "      <failure>first\n&lt;second&gt;\n</failure>\n    </testcase>\n"
		      "  </testsuite>\n"
		      "  <testsuite name=\"b.test.yaml\" tests=\"1\" failures=\"1\">\n"
		      "    <testcase classname=\"b.test.yaml\" name=\"\" file=\"b.test.yaml\" "
		      "line=\"0\">\n"
		      "      <error>it cannot be run: see the errors\n</error>\n    </testcase>\n"
		      "  </testsuite>\n</testsuites>\n");
	close(fd);
	unlink(path);
	assert_int_equal(tc_test_report_junit(&report, "/no/such/directory/x"), -2);
	tc_test_report_done(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_for_people),
		cmocka_unit_test(test_junit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
