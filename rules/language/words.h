/* SPDX-License-Identifier: Apache-2.0 */
/* The words that the language knows: operators, transformers, modifiers, fields to come. */
#ifndef TOCSIN_RULES_LANGUAGE_WORDS_H
#define TOCSIN_RULES_LANGUAGE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum tc_operator_kind {
#define TC_OPERATOR(name, word, operand, types, right, doc) TC_OPERATOR_##name,
#include "rules/language/operators.def"
#undef TC_OPERATOR
	TC_OPERATOR_MAX,
};

enum tc_takes { TC_TAKES_NONE, TC_TAKES_ONE, TC_TAKES_SET };

#define TC_OPERATES_NUMBER (1U << 0)
#define TC_OPERATES_STRING (1U << 1)
#define TC_OPERATES_BOOL (1U << 2)
#define TC_OPERATES_IP (1U << 3)

struct tc_operator {
	enum tc_operator_kind kind; /* EQ_SHORT is EQ here */
	const char *word;
	enum tc_takes takes;
	unsigned types; /* TC_OPERATES_* */
	bool right;	/* what it compares with may be another field */
	const char *doc;
};

/* Whether it takes letters of either case: its operand is kept in lower case. */
bool tc_operator_folds(enum tc_operator_kind kind);
/* Whether its operand is a regular expression. */
bool tc_operator_is_regex(enum tc_operator_kind kind);
/* The operator that text begins with, or NULL. A word must not go on with a letter, digit, _ or
 * dot. */
const struct tc_operator *tc_operator_at(const char *text, size_t length);
/* The word of an operator that is nearest to a wrong one, or NULL. */
const char *tc_operator_nearest(const char *word, size_t length);

const char *tc_transformer_nearest(const char *name, size_t length);
bool tc_modifier_known(const char *name, size_t length);
/* Whether a field may be compared with another one. */
bool tc_field_has_right(const char *name);
/* What to do instead of using a field that is deprecated, or NULL. */
const char *tc_field_old(const char *name);

#endif
