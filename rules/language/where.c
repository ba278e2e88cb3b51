/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a byte of a scalar's value back to the byte of the file that it came from.
 *
 * The value was put together by libyaml: indentation dropped, lines folded, escapes resolved. Only
 * where a finding is told does the place matter, so nothing is kept for it: the raw text is walked
 * beside the value.
 *
 * White space is where the two differ (YAML 1.1, 8 and 9: folding, indentation, chomping);
 * everything else is the same byte for byte but for escapes in quoted scalars. So the walk may skip
 * white space in the raw text whenever the value goes on with something else, and is in step again
 * at each word.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rules/language/yaml.h"

struct walk {
	const struct tc_yaml *node;
	const char *raw;
	size_t at, end; /* in raw */
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Length of a double-quoted escape in the raw text. */
static size_t escape_length(const struct walk *walk)
{
	if (walk->at + 1 >= walk->end)
		return 1;
	switch (walk->raw[walk->at + 1]) {
	case 'x':
		return 4;
	case 'u':
		return 6;
	case 'U':
		return 10;
	default:
		return 2;
	}
}

/* Bytes of UTF-8 that an escape stands for, 0 for an escaped line break. */
static size_t escape_bytes(const struct walk *walk, size_t length)
{
	char digits[9] = "", kind = walk->at + 1 < walk->end ? walk->raw[walk->at + 1] : '\0';
	unsigned long code;

	if (kind == '\n' || kind == '\r')
		return 0;
	if (kind == 'N' || kind == '_')
		return 2; /* U+0085, U+00A0 */
	if (kind == 'L' || kind == 'P')
		return 3; /* U+2028, U+2029 */
	if (length == 2 || walk->at + length > walk->end)
		return 1;
	memcpy(digits, walk->raw + walk->at + 2, length - 2);
	code = strtoul(digits, NULL, 16);
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* To the first byte of the content. */
static void skip_opening(struct walk *walk)
{
	enum tc_yaml_style style = walk->node->style;

	if (style == TC_YAML_SINGLE_QUOTED || style == TC_YAML_DOUBLE_QUOTED)
		walk->at++;
	if (style != TC_YAML_LITERAL && style != TC_YAML_FOLDED)
		return;
	while (walk->at < walk->end && walk->raw[walk->at] != '\n' && walk->raw[walk->at] != '\r')
		walk->at++;
}

static void skip_white(struct walk *walk)
{
	bool escapes = walk->node->style == TC_YAML_DOUBLE_QUOTED;

	while (walk->at < walk->end) {
		if (escapes && walk->raw[walk->at] == '\\' && !escape_bytes(walk, 2))
			walk->at++; /* the break behind it is white */
		else if (!is_white(walk->raw[walk->at]))
			return;
		else
			walk->at++;
	}
}

/*
 * Steps over what stands for the value's byte at *value; returns where it is. Escapes may stand for
 * several bytes, of which *value then becomes the last.
 */
static size_t step(struct walk *walk, size_t *value)
{
	char c = walk->node->text[*value];
	size_t at;

	if (!is_white(c))
		skip_white(walk);
	at = walk->at;
	if (at >= walk->end)
		return walk->end;
	if (walk->node->style == TC_YAML_DOUBLE_QUOTED && walk->raw[at] == '\\') {
		size_t length = escape_length(walk), bytes = escape_bytes(walk, length);

		walk->at += length;
		*value += bytes > 1 ? bytes - 1 : 0;
		return at;
	}
	if (walk->node->style == TC_YAML_SINGLE_QUOTED && c == '\'')
		walk->at += 2;
	else if (!is_white(c) || is_white(walk->raw[at]))
		walk->at++;
	return at;
}

void tc_where_locate(const struct tc_where *where, size_t *ret_offset, size_t *ret_length)
{
	const struct tc_yaml *node = where->node;
	struct walk walk = {
		.node = node, .raw = node->source->text, .at = node->start, .end = node->end};
	size_t start = node->start, end = node->end,
	       last = (size_t)where->offset + where->length - 1;

	if (!where->length || node->kind != TC_YAML_SCALAR) {
		*ret_offset = start;
		*ret_length = node->kind == TC_YAML_SCALAR ? end - start : 1;
		return;
	}
	skip_opening(&walk);
	start = walk.at;
	for (size_t value = 0; value < node->length && value <= last; value++) {
		bool before = value <= where->offset;
		size_t at = step(&walk, &value);

		if (before)
			start = at;
		end = walk.at > at ? walk.at : at + 1;
	}
	*ret_offset = start;
	*ret_length = end > start ? end - start : 1;
}

struct tc_where tc_yaml_where(const struct tc_yaml *node)
{
	return (struct tc_where){.node = node};
}

struct tc_diagnostic *tc_where_report(struct tc_diagnostics *diagnostics,
				      enum tc_diagnostic_kind kind, struct tc_where where,
				      const char *format, ...)
{
	size_t offset = 0, length = 0;
	char *message;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);

	/* One that will not be kept needs no place; looking for it takes time. */
	if (diagnostics->count < TC_DIAGNOSTICS_LIMIT)
		tc_where_locate(&where, &offset, &length);
	struct tc_diagnostic *found =
		tc_source_report(diagnostics, kind, where.node->source, offset, length, "%s",
				 message ? message : "(out of memory)");
	free(message);
	return found;
}
