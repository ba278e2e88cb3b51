/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/test_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/value.h"
#include "output/format/colour.h"

#define COLOUR_GOOD "\033[32m"
#define COLOUR_BAD "\033[1;31m"

int tc_test_report_add(struct tc_test_report *report, const struct tc_test_case *result,
		       const struct tc_buffer *text)
{
	struct tc_test_case *cases = report->cases;

	if (!(report->count & (report->count + 1)) || !report->count)
		cases = reallocarray(cases, (report->count + 1) * 2, sizeof(*cases));
	if (!cases)
		return -ENOMEM;
	report->cases = cases;
	cases[report->count] = *result;
	cases[report->count].text = text->length ? strdup(text->bytes) : NULL;
	if (text->length && !cases[report->count].text)
		return -ENOMEM;
	report->count++;
	report->passed += result->result == TC_TEST_PASSED;
	return 0;
}

void tc_test_report_done(struct tc_test_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->cases[i].text);
	free(report->cases);
	*report = (struct tc_test_report){0};
}

static void print_escaped(FILE *stream, const char *text)
{
	_cleanup_buffer_ struct tc_buffer escaped = {0};

	tc_text_escape(&escaped, text, strlen(text));
	fputs(escaped.length ? escaped.bytes : "", stream);
}

/* Each line behind a prefix. */
static void print_lines(FILE *stream, const char *text, const char *prefix)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");

		fprintf(stream, "%s%.*s\n", prefix, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static const char *broken_text(const struct tc_test_case *result)
{
	return result->result == TC_TEST_BROKEN ? "it cannot be run: see the errors\n"
						: result->text;
}

/* The number of cases of the file that case i is in, from i on. */
static size_t count_file(const struct tc_test_report *report, size_t i, size_t *ret_passed)
{
	const char *file = report->cases[i].file;
	size_t first = i;

	*ret_passed = 0;
	for (; i < report->count && strcmp(report->cases[i].file, file) == 0; i++)
		*ret_passed += report->cases[i].result == TC_TEST_PASSED;
	return i - first;
}

void tc_test_report_print(const struct tc_test_report *report, FILE *stream, bool colour)
{
	const char *good = colour ? COLOUR_GOOD : "", *bad = colour ? COLOUR_BAD : "";
	const char *end = colour ? TC_COLOUR_END : "";
	size_t n, passed;

	for (size_t i = 0; i < report->count; i++) {
		const struct tc_test_case *result = &report->cases[i];

		if (result->result == TC_TEST_PASSED)
			continue;
		fprintf(stream, "%sFAILED%s %s:%u:%u: ", bad, end, result->file, result->line,
			result->column);
		print_escaped(stream, result->name);
		fputc('\n', stream);
		print_lines(stream, broken_text(result), "    ");
		fputc('\n', stream);
	}
	for (size_t i = 0; i < report->count; i += n) {
		n = count_file(report, i, &passed);
		fprintf(stream, "%s%s%s %s: %zu of %zu\n", passed == n ? good : bad,
			passed == n ? "ok    " : "FAILED", end, report->cases[i].file, passed, n);
	}
	fprintf(stream, "%zu passed, %zu failed\n", report->passed, report->count - report->passed);
}

void tc_test_report_tap(const struct tc_test_report *report, FILE *stream)
{
	fprintf(stream, "TAP version 13\n1..%zu\n", report->count);
	for (size_t i = 0; i < report->count; i++) {
		const struct tc_test_case *result = &report->cases[i];

		fprintf(stream,
			"%sok %zu - %s:%u: ", result->result == TC_TEST_PASSED ? "" : "not ", i + 1,
			result->file, result->line);
		/* A # would begin a directive. */
		for (const char *c = result->name; *c; c++)
			fprintf(stream,
				(unsigned char)*c < 0x20 ? "?"
				: *c == '#'		 ? "\\#"
							 : "%c",
				*c);
		fputc('\n', stream);
		print_lines(stream, broken_text(result), "# ");
	}
	fprintf(stream, "# tests: %zu passed, %zu failed\n", report->passed,
		report->count - report->passed);
}

/* XML 1.0, 2.2 and 2.4: control bytes have no place in it, not even escaped. */
static void print_xml(FILE *stream, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", stream);
			break;
		case '>':
			fputs("&gt;", stream);
			break;
		case '&':
			fputs("&amp;", stream);
			break;
		case '"':
			fputs("&quot;", stream);
			break;
		default:
			fputc((unsigned char)*text < 0x20 && *text != '\n' ? '?' : *text, stream);
		}
	}
}

static void write_case(FILE *stream, const struct tc_test_case *result)
{
	fputs("    <testcase classname=\"", stream);
	print_xml(stream, result->file);
	fputs("\" name=\"", stream);
	print_xml(stream, result->name);
	fputs("\" file=\"", stream);
	print_xml(stream, result->file);
	fprintf(stream, "\" line=\"%u\"", result->line);
	if (result->result == TC_TEST_PASSED) {
		fputs("/>\n", stream);
		return;
	}
	fprintf(stream, ">\n      <%s>", result->result == TC_TEST_FAILED ? "failure" : "error");
	print_xml(stream, broken_text(result));
	fprintf(stream, "</%s>\n    </testcase>\n",
		result->result == TC_TEST_FAILED ? "failure" : "error");
}

int tc_test_report_junit(const struct tc_test_report *report, const char *path)
{
	FILE *stream = fopen(path, "we");
	size_t n, passed;
	int error;

	if (!stream)
		return -errno;
	fprintf(stream,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" "
		"failures=\"%zu\">\n",
		report->count, report->count - report->passed);
	for (size_t i = 0; i < report->count; i += n) {
		n = count_file(report, i, &passed);
		fputs("  <testsuite name=\"", stream);
		print_xml(stream, report->cases[i].file);
		fprintf(stream, "\" tests=\"%zu\" failures=\"%zu\">\n", n, n - passed);
		for (size_t k = i; k < i + n; k++)
			write_case(stream, &report->cases[k]);
		fputs("  </testsuite>\n", stream);
	}
	fputs("</testsuites>\n", stream);
	error = ferror(stream) ? -EIO : 0;
	return fclose(stream) != 0 ? -errno : error;
}
