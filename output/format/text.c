/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "agent/value.h"

void tc_text_sanitize(struct tc_buffer *buffer, const char *text, size_t length)
{
	while (length) {
		/* A backslash is never part of another character in UTF-8. */
		const char *backslash = memchr(text, '\\', length);
		size_t run = backslash ? (size_t)(backslash - text) : length;

		tc_text_escape(buffer, text, run);
		if (backslash) {
			tc_buffer_add_char(buffer, '\\');
			run++;
		}
		text += run;
		length -= run;
	}
}

/* Blocks of characters that take two columns or none, from Unicode's EastAsianWidth.txt and general
 * category Mn. */
static const struct {
	uint32_t first, last;
	unsigned columns;
} column_blocks[] = {
	{0x0300, 0x036f, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05bd, 0},   {0x064b, 0x065f, 0},
	{0x0e31, 0x0e31, 0},   {0x0e34, 0x0e3a, 0},   {0x1100, 0x115f, 2},   {0x1ab0, 0x1aff, 0},
	{0x1dc0, 0x1dff, 0},   {0x200b, 0x200d, 0},   {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},
	{0x3041, 0x33ff, 2},   {0x3400, 0x4dbf, 2},   {0x4e00, 0x9fff, 2},   {0xa000, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},
	{0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
	{0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1faff, 2}, {0x20000, 0x3fffd, 2}, {0xe0000, 0xe01ef, 0},
};

static unsigned character_columns(uint32_t character)
{
	if (character < column_blocks[0].first)
		return 1;
	for (size_t i = 0; i < sizeof(column_blocks) / sizeof(column_blocks[0]); i++)
		if (character >= column_blocks[i].first && character <= column_blocks[i].last)
			return column_blocks[i].columns;
	return 1;
}

/* Reads a character of valid UTF-8; returns its length in bytes. */
static size_t character_read(const char *text, size_t length, uint32_t *ret_character)
{
	unsigned char lead = (unsigned char)*text;
	size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	uint32_t character = size == 1 ? lead : lead & (0x7fU >> size);

	if (size > length)
		size = length;
	for (size_t i = 1; i < size; i++)
		character = character << 6 | ((unsigned char)text[i] & 0x3f);
	*ret_character = character;
	return size;
}

size_t tc_text_columns(const char *text, size_t length)
{
	size_t columns = 0;

	for (size_t at = 0; at < length;) {
		uint32_t character;

		at += character_read(text + at, length - at, &character);
		columns += character_columns(character);
	}
	return columns;
}

size_t tc_text_fit(const char *text, size_t length, size_t columns)
{
	size_t at = 0;

	while (at < length) {
		uint32_t character;
		size_t size = character_read(text + at, length - at, &character);
		unsigned wide = character_columns(character);

		if (wide > columns)
			break;
		columns -= wide;
		at += size;
	}
	return at;
}
