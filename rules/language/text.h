/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that was put together from scalars of rule files (a condition and what was appended to it)
 * and words in between, and that knows of each byte where it was written.
 */
#ifndef TOCSIN_RULES_LANGUAGE_TEXT_H
#define TOCSIN_RULES_LANGUAGE_TEXT_H

#include "agent/buffer.h"
#include "rules/language/yaml.h"

/* From the byte at on, the text is the node's from its byte offset on; or words that stand for the
 * node as a whole. */
struct tc_piece {
	size_t at;
	const struct tc_yaml *node;
	uint32_t offset;
	bool whole;
};

/* Zero-initialised is empty. bytes are NUL-terminated once something was added. */
struct tc_text {
	struct tc_buffer buffer;
	struct tc_piece *pieces;
	size_t n_pieces;
	bool failed; /* memory ran out */
};

/* Appends a scalar's text, without white space at its ends. */
void tc_text_add_node(struct tc_text *text, const struct tc_yaml *node);
/* The same of one that is a value: blanks around it belong to it, the line break of a block does
 * not. */
void tc_text_add_value(struct tc_text *text, const struct tc_yaml *node);
/* Appends words; a finding in them is told at the node. */
void tc_text_add_words(struct tc_text *text, const char *words, const struct tc_yaml *node);
/* Appends another text. */
void tc_text_add_text(struct tc_text *text, const struct tc_text *other);
void tc_text_done(struct tc_text *text);
bool tc_text_failed(const struct tc_text *text);

/* Where length bytes from offset on were written. The text must not be empty. */
struct tc_where tc_text_where(const struct tc_text *text, size_t offset, size_t length);

#endif
