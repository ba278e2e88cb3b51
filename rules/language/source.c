/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A longer line is not shown. */
#define SNIPPET_MAX 65536

/* Length of the line break at text[at], 0 when there is none. Those that YAML 1.1 knows: CR LF, CR,
 * LF, NEL, LS, PS. */
static size_t line_break(const char *text, size_t length, size_t at)
{
	const unsigned char *bytes = (const unsigned char *)text + at;
	size_t left = length - at;

	if (bytes[0] == '\r')
		return left > 1 && bytes[1] == '\n' ? 2 : 1;
	if (bytes[0] == '\n')
		return 1;
	if (left > 1 && bytes[0] == 0xc2 && bytes[1] == 0x85)
		return 2;
	if (left > 2 && bytes[0] == 0xe2 && bytes[1] == 0x80 &&
	    (bytes[2] == 0xa8 || bytes[2] == 0xa9))
		return 3;
	return 0;
}

static int index_lines(struct tc_source *source)
{
	size_t n = 1, size;

	for (size_t at = 0; at < source->length; at += size ? size : 1) {
		size = line_break(source->text, source->length, at);
		n += size != 0;
	}
	source->lines = malloc(n * sizeof(*source->lines));
	if (!source->lines)
		return -ENOMEM;
	source->lines[0] = 0;
	source->n_lines = 1;
	for (size_t at = 0; at < source->length; at += size ? size : 1) {
		size = line_break(source->text, source->length, at);
		if (size)
			source->lines[source->n_lines++] = (uint32_t)(at + size);
	}
	return 0;
}

int tc_source_from_bytes(const char *path, const char *bytes, size_t length,
			 struct tc_source **ret_source)
{
	if (length > TC_SOURCE_MAX)
		return -E2BIG;
	if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		length -= 3;
	}

	struct tc_source *source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->path = strdup(path);
	source->text = malloc(length + 1);
	source->length = length;
	if (!source->path || !source->text) {
		tc_source_free(source);
		return -ENOMEM;
	}
	if (length)
		memcpy(source->text, bytes, length);
	source->text[length] = '\0';
	if (index_lines(source)) {
		tc_source_free(source);
		return -ENOMEM;
	}
	*ret_source = source;
	return 0;
}

void tc_source_free(struct tc_source *source)
{
	if (!source)
		return;
	free(source->path);
	free(source->text);
	free(source->lines);
	free(source);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t line_of(const struct tc_source *source, size_t offset)
{
	size_t low = 0, high = source->n_lines;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (source->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void tc_source_position(const struct tc_source *source, size_t offset, unsigned *ret_line,
			unsigned *ret_column)
{
	size_t line = line_of(source, offset);
	unsigned column = 1;

	for (size_t at = source->lines[line]; at < offset && at < source->length; at++)
		column += !is_continuation(source->text[at]);
	*ret_line = (unsigned)line + 1;
	*ret_column = column;
}

size_t tc_source_offset(const struct tc_source *source, size_t line, size_t column)
{
	if (line >= source->n_lines)
		return source->length;

	size_t at = source->lines[line];
	for (; column && at < source->length; column--) {
		at++;
		while (at < source->length && is_continuation(source->text[at]))
			at++;
	}
	return at;
}

/* Where the line ends, without its break. */
static size_t line_end(const struct tc_source *source, size_t line)
{
	size_t at = source->lines[line];

	while (at < source->length && !line_break(source->text, source->length, at))
		at++;
	return at;
}

static void set_place(struct tc_diagnostic *diagnostic, const struct tc_source *source,
		      size_t offset, size_t length)
{
	if (offset > source->length)
		offset = source->length;
	tc_source_position(source, offset, &diagnostic->line, &diagnostic->column);

	size_t start = source->lines[diagnostic->line - 1],
	       end = line_end(source, diagnostic->line - 1);
	unsigned width = 0;
	for (size_t at = offset; at < end && at < offset + length; at++)
		width += !is_continuation(source->text[at]);
	diagnostic->width = width ? width : 1;
	if (end - start > SNIPPET_MAX || memchr(source->text + start, '\0', end - start))
		return;
	diagnostic->snippet = strndup(source->text + start, end - start);
}

struct tc_diagnostic *tc_source_report(struct tc_diagnostics *diagnostics,
				       enum tc_diagnostic_kind kind, const struct tc_source *source,
				       size_t offset, size_t length, const char *format, ...)
{
	char *message;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);

	struct tc_diagnostic *diagnostic = tc_diagnostics_add(
		diagnostics, kind, source->path, "%s", message ? message : "(out of memory)");
	free(message);
	if (diagnostic)
		set_place(diagnostic, source, offset, length);
	return diagnostic;
}
