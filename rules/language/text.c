/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/text.h"

#include <stdlib.h>
#include <string.h>

static void add_piece(struct tc_text *text, struct tc_piece piece)
{
	size_t n = text->n_pieces;

	/* There is room up to the next power of two. */
	if (!(n & (n - 1))) {
		struct tc_piece *pieces =
			reallocarray(text->pieces, n ? n * 2 : 1, sizeof(*pieces));

		if (!pieces) {
			text->failed = true;
			return;
		}
		text->pieces = pieces;
	}
	piece.at = text->buffer.length;
	text->pieces[text->n_pieces++] = piece;
}

/* Adds a scalar without what of white is around it. */
static void add_trimmed(struct tc_text *text, const struct tc_yaml *node, const char *white)
{
	size_t start = 0, end = node->length;

	while (start < end && strchr(white, node->text[start]))
		start++;
	while (end > start && strchr(white, node->text[end - 1]))
		end--;
	add_piece(text, (struct tc_piece){.node = node, .offset = (uint32_t)start});
	tc_buffer_add(&text->buffer, node->text + start, end - start);
}

void tc_text_add_node(struct tc_text *text, const struct tc_yaml *node)
{
	add_trimmed(text, node, " \t\r\n");
}

void tc_text_add_value(struct tc_text *text, const struct tc_yaml *node)
{
	add_trimmed(text, node, "\r\n");
}

void tc_text_add_words(struct tc_text *text, const char *words, const struct tc_yaml *node)
{
	add_piece(text, (struct tc_piece){.node = node, .whole = true});
	tc_buffer_add_string(&text->buffer, words);
}

void tc_text_add_text(struct tc_text *text, const struct tc_text *other)
{
	size_t base = text->buffer.length;

	for (size_t i = 0; i < other->n_pieces; i++) {
		add_piece(text, other->pieces[i]);
		if (!text->failed)
			text->pieces[text->n_pieces - 1].at = base + other->pieces[i].at;
	}
	tc_buffer_add(&text->buffer, other->buffer.bytes, other->buffer.length);
}

void tc_text_done(struct tc_text *text)
{
	tc_buffer_done(&text->buffer);
	free(text->pieces);
	*text = (struct tc_text){0};
}

bool tc_text_failed(const struct tc_text *text)
{
	return text->failed || tc_buffer_failed(&text->buffer);
}

/* The last piece that begins at the offset or before it. */
static const struct tc_piece *piece_at(const struct tc_text *text, size_t offset)
{
	size_t low = 0, high = text->n_pieces;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (text->pieces[middle].at <= offset)
			low = middle;
		else
			high = middle;
	}
	return &text->pieces[low];
}

struct tc_where tc_text_where(const struct tc_text *text, size_t offset, size_t length)
{
	const struct tc_piece *piece = piece_at(text, offset);
	size_t end = offset + length;

	if (piece + 1 < text->pieces + text->n_pieces && end > piece[1].at)
		end = piece[1].at;
	if (piece->whole)
		return tc_yaml_where(piece->node);

	size_t at = piece->offset + (offset - piece->at);
	/* The end of the text: point at its last byte. */
	if (at >= piece->node->length && at)
		at = piece->node->length - 1;
	return (struct tc_where){.node = piece->node,
				 .offset = (uint32_t)at,
				 .length = end > offset ? (uint32_t)(end - offset) : 1};
}
