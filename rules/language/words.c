/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/words.h"

#include <ctype.h>
#include <string.h>

/* Longer words are not compared. */
#define WORD_MAX 64

#define NUMBER TC_OPERATES_NUMBER
#define STRING TC_OPERATES_STRING
#define BOOL TC_OPERATES_BOOL
#define STATE_READY false
#define STATE_LATER true
static const struct tc_operator operators[TC_OPERATOR_MAX] = {
#define TC_OPERATOR(name, word, operand, types, state, doc)                                        \
	{TC_OPERATOR_##name, word, TC_TAKES_##operand, types, STATE_##state, doc},
#include "rules/language/operators.def"
#undef TC_OPERATOR
};
#undef NUMBER
#undef STRING
#undef BOOL

static const char *const transformers[] = {
#define TC_TRANSFORMER(name, doc) name,
#include "rules/language/words.def"
};

static const char *const modifiers[] = {
#define TC_MODIFIER(name, doc) name,
#include "rules/language/words.def"
};

static const char *const later_fields[] = {
#define TC_LATER_FIELD(name) name,
#include "rules/language/words.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

const struct tc_operator *tc_operator_at(const char *text, size_t length)
{
	for (size_t i = 0; i < TC_OPERATOR_MAX; i++) {
		const struct tc_operator *op = &operators[i];
		size_t size = strlen(op->word);

		if (size > length || memcmp(text, op->word, size))
			continue;
		if (isalpha((unsigned char)op->word[0]) && size < length &&
		    is_word_character(text[size]))
			continue;
		return op->kind == TC_OPERATOR_EQ_SHORT ? &operators[TC_OPERATOR_EQ] : op;
	}
	return NULL;
}

const char *tc_operator_nearest(const char *word, size_t length)
{
	struct tc_nearest nearest = {.word = word, .length = length};

	for (size_t i = 0; i < TC_OPERATOR_MAX; i++)
		tc_nearest_offer(&nearest, operators[i].word);
	return nearest.best;
}

static bool is_among(const char *const *names, size_t n, const char *name, size_t length)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) == length && !memcmp(names[i], name, length))
			return true;
	}
	return false;
}

bool tc_transformer_known(const char *name, size_t length)
{
	return is_among(transformers, COUNT(transformers), name, length);
}

const char *tc_transformer_nearest(const char *name, size_t length)
{
	struct tc_nearest nearest = {.word = name, .length = length};

	for (size_t i = 0; i < COUNT(transformers); i++)
		tc_nearest_offer(&nearest, transformers[i]);
	return nearest.best;
}

bool tc_modifier_known(const char *name, size_t length)
{
	return is_among(modifiers, COUNT(modifiers), name, length);
}

bool tc_field_is_later(const char *name, size_t length)
{
	if (is_among(later_fields, COUNT(later_fields), name, length))
		return true;
	for (size_t i = 0; i < COUNT(later_fields); i++) {
		size_t size = strlen(later_fields[i]);

		if (later_fields[i][size - 1] == '.' && length > size &&
		    !memcmp(name, later_fields[i], size))
			return true;
	}
	return false;
}

static size_t least(size_t left, size_t right)
{
	return left < right ? left : right;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours cost 1 each. */
static size_t distance(const char *left, size_t n, const char *right, size_t m)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = left[i - 1] != right[j - 1];

			row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] &&
			    left[i - 2] == right[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void tc_nearest_offer(struct tc_nearest *nearest, const char *name)
{
	size_t length = strlen(name), limit = nearest->length / 3 ? nearest->length / 3 : 1;
	size_t found;

	if (!nearest->length || nearest->length > WORD_MAX || length > WORD_MAX)
		return;
	if (length > nearest->length + limit || nearest->length > length + limit)
		return;
	found = distance(nearest->word, nearest->length, name, length);
	if (found > limit || (nearest->best && found >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = found;
}
