/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/diagnostic.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A longer line is shown as a window of this many characters around the caret. */
#define WINDOW_COLUMNS 160

static const struct {
	const char *code;
	enum tc_severity severity;
} kinds[TC_DIAGNOSTIC_MAX] = {
#define TC_DIAGNOSTIC(name, code, severity, title, doc) {code, TC_SEVERITY_##severity},
#include "rules/diagnostics.def"
#undef TC_DIAGNOSTIC
};

static void diagnostic_free(struct tc_diagnostic *diagnostic)
{
	free(diagnostic->file);
	free(diagnostic->message);
	free(diagnostic->hint);
	free(diagnostic->snippet);
}

void tc_diagnostics_done(struct tc_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		diagnostic_free(&diagnostics->items[i]);
	free(diagnostics->items);
	*diagnostics = (struct tc_diagnostics){0};
}

static bool diagnostics_grow(struct tc_diagnostics *diagnostics)
{
	size_t count = diagnostics->count;

	if (count && (count & (count - 1)))
		return true; /* capacity is the next power of two */

	struct tc_diagnostic *items =
		realloc(diagnostics->items, (count ? count * 2 : 1) * sizeof(*items));
	if (!items) {
		diagnostics->failed = true;
		return false;
	}
	diagnostics->items = items;
	return true;
}

static char *format_text(struct tc_diagnostics *diagnostics, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		if (diagnostics)
			diagnostics->failed = true;
		return NULL;
	}
	return text;
}

struct tc_diagnostic *tc_diagnostics_add(struct tc_diagnostics *diagnostics,
					 enum tc_diagnostic_kind kind, const char *file,
					 const char *format, ...)
{
	bool last = diagnostics->count + 1 == TC_DIAGNOSTICS_LIMIT;
	va_list args;

	if (kinds[kind].severity == TC_SEVERITY_ERROR)
		diagnostics->errors++;
	if (diagnostics->count >= TC_DIAGNOSTICS_LIMIT || !diagnostics_grow(diagnostics))
		return NULL;

	struct tc_diagnostic *diagnostic = &diagnostics->items[diagnostics->count++];
	*diagnostic =
		(struct tc_diagnostic){.kind = last ? TC_DIAGNOSTIC_TOO_MANY : kind, .width = 1};
	diagnostic->severity = kinds[diagnostic->kind].severity;
	diagnostic->code = kinds[diagnostic->kind].code;
	diagnostic->file = file ? strdup(file) : NULL;
	if (last) {
		diagnostic->message = strdup("there are more findings; only the first are told");
		return NULL;
	}
	va_start(args, format);
	diagnostic->message = format_text(diagnostics, format, args);
	va_end(args);
	return diagnostic;
}

void tc_diagnostics_take(struct tc_diagnostics *diagnostics, struct tc_diagnostic *found)
{
	struct tc_diagnostic *item;

	if (!found->message)
		return;
	/* Adding it counts an error that it is no longer, or not one that it is by now. */
	size_t errors = diagnostics->errors + (found->severity == TC_SEVERITY_ERROR);
	item = tc_diagnostics_add(diagnostics, found->kind, NULL, "%s", found->message);
	diagnostics->errors = errors;
	if (item) {
		free(item->message);
		*item = *found;
	} else {
		diagnostic_free(found);
	}
	/* What kind it was stays known. */
	found->file = found->message = found->hint = found->snippet = NULL;
}

void tc_diagnostic_hint(struct tc_diagnostic *diagnostic, const char *format, ...)
{
	va_list args;

	if (!diagnostic)
		return;
	free(diagnostic->hint);
	va_start(args, format);
	diagnostic->hint = format_text(NULL, format, args);
	va_end(args);
}

/* Length in bytes of the UTF-8 character at text, 1 for a byte that is none; *ret_code is its code
 * point or 0. */
static size_t character(const char *text, size_t length, uint32_t *ret_code)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	uint32_t code = size == 1 ? bytes[0] : bytes[0] & (0xffU >> (size + 1));

	*ret_code = 0;
	if (bytes[0] >= 0x80 && (bytes[0] < 0xc2 || bytes[0] > 0xf4))
		return 1;
	if (size > length)
		return 1;
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	*ret_code = code;
	return size;
}

/* Characters that move the cursor or turn the direction of a line could hide what a file says. */
static bool is_shown(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if (code == 0x61c || code == 0x200e || code == 0x200f || code == 0x2028 || code == 0x2029)
		return false;
	return !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) &&
	       code != 0xfeff;
}

/* Prints characters first to last (from 0) of text; a tab is one blank, what cannot be shown is
 * '?'. */
static void print_text(FILE *stream, const char *text, size_t first, size_t last)
{
	size_t length = strlen(text);
	uint32_t code;

	for (size_t at = 0, i = 0, size; at < length && i <= last; at += size, i++) {
		size = character(text + at, length - at, &code);
		if (i < first)
			continue;
		if (code == '\t')
			fputc(' ', stream);
		else if (!is_shown(code))
			fputc('?', stream);
		else
			fwrite(text + at, 1, size, stream);
	}
}

static size_t count_characters(const char *text)
{
	size_t length = strlen(text), count = 0;
	uint32_t code;

	for (size_t at = 0; at < length; at += character(text + at, length - at, &code))
		count++;
	return count;
}

static void print_snippet(const struct tc_diagnostic *diagnostic, FILE *stream, const char *mark,
			  const char *plain)
{
	size_t total = count_characters(diagnostic->snippet);
	size_t column = diagnostic->column ? diagnostic->column - 1 : 0, first = 0;
	size_t width = diagnostic->width ? diagnostic->width : 1;

	if (column > total)
		return;
	if (total > WINDOW_COLUMNS && column > WINDOW_COLUMNS / 2)
		first = column - WINDOW_COLUMNS / 2;
	if (column + width > first + WINDOW_COLUMNS)
		width = first + WINDOW_COLUMNS - column;

	fprintf(stream, "%6u | %s", diagnostic->line, first ? "..." : "");
	print_text(stream, diagnostic->snippet, first, first + WINDOW_COLUMNS - 1);
	fprintf(stream, "%s\n       | ", total > first + WINDOW_COLUMNS ? "..." : "");
	fprintf(stream, "%*s%s", (int)(column - first + (first ? 3 : 0)), "", mark);
	for (size_t i = 0; i < width; i++)
		fputc('^', stream);
	fprintf(stream, "%s\n", plain);
}

void tc_diagnostic_print(const struct tc_diagnostic *diagnostic, FILE *stream, bool colour)
{
	bool error = diagnostic->severity == TC_SEVERITY_ERROR;
	const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
	const char *mark = !colour ? "" : error ? "\033[1;31m" : "\033[1;33m";

	fputs(bold, stream);
	if (diagnostic->file) {
		print_text(stream, diagnostic->file, 0, SIZE_MAX);
		fputs(":", stream);
	}
	if (diagnostic->line)
		fprintf(stream, "%u:%u:", diagnostic->line, diagnostic->column);
	fprintf(stream, "%s %s%s:%s ", plain, mark, error ? "error" : "warning", plain);
	print_text(stream, diagnostic->message ? diagnostic->message : "(out of memory)", 0,
		   SIZE_MAX);
	fprintf(stream, " [%s]\n", diagnostic->code);
	if (diagnostic->line && diagnostic->snippet)
		print_snippet(diagnostic, stream, mark, plain);
	if (diagnostic->hint) {
		fprintf(stream, "       = %shint:%s ", bold, plain);
		print_text(stream, diagnostic->hint, 0, SIZE_MAX);
		fputc('\n', stream);
	}
}

void tc_diagnostics_print(const struct tc_diagnostics *diagnostics, FILE *stream, bool colour)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		tc_diagnostic_print(&diagnostics->items[i], stream, colour);
	if (diagnostics->failed)
		fputs("out of memory: there are more findings than told\n", stream);
}
