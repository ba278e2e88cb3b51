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

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static int index_blocks(struct tc_source *source)
{
	uint32_t characters = 0;

	source->blocks = malloc((source->length / TC_SOURCE_BLOCK + 1) * sizeof(*source->blocks));
	if (!source->blocks)
		return -ENOMEM;
	for (size_t at = 0; at <= source->length; at++) {
		if (at % TC_SOURCE_BLOCK == 0)
			source->blocks[at / TC_SOURCE_BLOCK] = characters;
		characters += at < source->length && !is_continuation(source->text[at]);
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
	if (index_lines(source) || index_blocks(source)) {
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
	free(source->blocks);
	free(source);
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

/* Whether each byte of a whole block is a character: then there is no need to count them. */
static bool is_plain_block(const struct tc_source *source, size_t block)
{
	return block < source->length / TC_SOURCE_BLOCK &&
	       source->blocks[block + 1] - source->blocks[block] == TC_SOURCE_BLOCK;
}

/* Number of characters before a byte. */
static size_t characters_before(const struct tc_source *source, size_t offset)
{
	if (offset > source->length)
		offset = source->length;

	size_t at = offset - offset % TC_SOURCE_BLOCK, block = at / TC_SOURCE_BLOCK;
	size_t count = source->blocks[block];
	if (is_plain_block(source, block))
		return count + offset % TC_SOURCE_BLOCK;
	for (; at < offset; at++)
		count += !is_continuation(source->text[at]);
	return count;
}

void tc_source_position(const struct tc_source *source, size_t offset, unsigned *ret_line,
			unsigned *ret_column)
{
	size_t line = line_of(source, offset);
	size_t before = characters_before(source, source->lines[line]);

	*ret_line = (unsigned)line + 1;
	*ret_column = (unsigned)(characters_before(source, offset) - before) + 1;
}

size_t tc_source_offset(const struct tc_source *source, size_t line, size_t column)
{
	size_t low = 0, high = source->length / TC_SOURCE_BLOCK + 1;

	if (line >= source->n_lines)
		return source->length;
	if (!column)
		return source->lines[line];

	size_t wanted = characters_before(source, source->lines[line]) + column;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (source->blocks[middle] <= wanted)
			low = middle;
		else
			high = middle;
	}
	size_t at = low * TC_SOURCE_BLOCK, count = source->blocks[low];
	if (is_plain_block(source, low)) {
		/* The block after it may begin inside of a character. */
		size_t skipped = wanted - count;

		skipped = skipped < TC_SOURCE_BLOCK ? skipped : TC_SOURCE_BLOCK;
		at += skipped;
		count += skipped;
	}
	while (at < source->length && (count < wanted || is_continuation(source->text[at])))
		count += !is_continuation(source->text[at++]);
	return at;
}

/* Where the line ends, without its break. */
static size_t line_end(const struct tc_source *source, size_t line)
{
	size_t start = source->lines[line];

	if (line + 1 == source->n_lines)
		return source->length;
	/* The longest break first: CR LF ends with a break of its own. */
	for (size_t size = 3; size; size--) {
		size_t at = source->lines[line + 1] - size;

		if (start + size <= source->lines[line + 1] &&
		    line_break(source->text, source->length, at) == size)
			return at;
	}
	return source->lines[line + 1];
}

static void set_place(struct tc_diagnostic *diagnostic, const struct tc_source *source,
		      size_t offset, size_t length)
{
	if (offset > source->length)
		offset = source->length;
	if (length > source->length - offset)
		length = source->length - offset;
	tc_source_position(source, offset, &diagnostic->line, &diagnostic->column);

	size_t start = source->lines[diagnostic->line - 1],
	       end = line_end(source, diagnostic->line - 1),
	       marked = offset + length < end ? offset + length : end;
	diagnostic->width = 1;
	if (marked > offset)
		diagnostic->width = (unsigned)(characters_before(source, marked) -
					       characters_before(source, offset))
					    ?: 1;
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
