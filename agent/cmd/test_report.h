/* SPDX-License-Identifier: Apache-2.0 */
/* How the results of tests are told: to people, as TAP, as JUnit. */
#ifndef TOCSIN_CMD_TEST_REPORT_H
#define TOCSIN_CMD_TEST_REPORT_H

#include <stdio.h>

#include "rules/test/run.h"

struct tc_test_case {
	const char *file;
	const char *name; /* "" when the test has none */
	unsigned line, column;
	enum tc_test_result result;
	char *text; /* why it failed; NULL: it did not. Heap memory */
};

struct tc_test_report {
	struct tc_test_case *cases;
	size_t count;
	size_t passed;
};

/* Adds a result; text is copied. 0 or -ENOMEM. */
int tc_test_report_add(struct tc_test_report *report, const struct tc_test_case *result,
		       const struct tc_buffer *text);
void tc_test_report_done(struct tc_test_report *report);

/* Failures, then a line for each file, then a line for all. */
void tc_test_report_print(const struct tc_test_report *report, FILE *stream, bool colour);
/* https://testanything.org, version 13. */
void tc_test_report_tap(const struct tc_test_report *report, FILE *stream);
/* JUnit's XML as CI systems read it. 0, or -errno of writing the file. */
int tc_test_report_junit(const struct tc_test_report *report, const char *path);

#endif
