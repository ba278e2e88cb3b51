/* SPDX-License-Identifier: Apache-2.0 */
/* Right sides of checks: from words to constants of the field's type. */
#ifndef TOCSIN_RULES_COMPILE_OPERAND_H
#define TOCSIN_RULES_COMPILE_OPERAND_H

#include "agent/buffer.h"
#include "rules/compile/program.h"
#include "rules/language/ast.h"

/* Words, gathered from lists and literals. */
struct tc_words {
	const struct tc_term **items;
	size_t count;
};

int tc_words_add(struct tc_words *words, const struct tc_term *word);
void tc_words_done(struct tc_words *words);

/*
 * Appends to key bytes that are the same for two right sides of an operator that mean the same, for
 * values of a type (STRING for the elements of a list). Sorts the words of a set of strings, and
 * leaves out those that occur twice. 0; -EINVAL when a word does not fit, which was told; -ENOMEM.
 */
int tc_operand_key(enum tc_operator_kind op, enum tc_type type, struct tc_words *words,
		   struct tc_diagnostics *diagnostics, struct tc_buffer *key);
/*
 * Makes the operand of what tc_operand_key() left in words and appended to the key (length bytes at
 * key). Bytes lie in the arena; a regular expression is the caller's to free. 0; -EINVAL when it is
 * no regular expression, which was told; -ENOMEM.
 */
int tc_operand_make(enum tc_operator_kind op, enum tc_type type, const struct tc_words *words,
		    const char *key, size_t length, struct tc_diagnostics *diagnostics,
		    struct tc_arena *arena, struct tc_operand *ret_operand);

/*
 * Reads a whole number: decimal or, after 0x, hexadecimal, with an optional sign. 0; -EINVAL when
 * it is none; -EDOM when it is one with a fraction or an exponent; -ERANGE when it does not fit the
 * type (UINT or INT).
 */
int tc_number_parse(const char *text, enum tc_type type, uint64_t *ret_number);

#endif
