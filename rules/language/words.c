/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/words.h"

#include <ctype.h>
#include <string.h>

#include "agent/nearest.h"

#define NUMBER TC_OPERATES_NUMBER
#define STRING TC_OPERATES_STRING
#define BOOL TC_OPERATES_BOOL
#define IP TC_OPERATES_IP
#define RIGHT_VALUE false
#define RIGHT_FIELD true
static const struct tc_operator operators[TC_OPERATOR_MAX] = {
#define TC_OPERATOR(name, word, operand, types, right, doc)                                        \
	{TC_OPERATOR_##name, word, TC_TAKES_##operand, types, RIGHT_##right, doc},
#include "rules/language/operators.def"
#undef TC_OPERATOR
};
#undef NUMBER
#undef STRING
#undef BOOL
#undef IP

static const char *const transformers[] = {
#define TC_TRANSFORMER(name, takes, gives, doc) #name,
#include "rules/language/words.def"
};

static const char *const modifiers[] = {
#define TC_MODIFIER(name, node, doc) name,
#include "rules/language/words.def"
};

static const char *const no_right_fields[] = {
#define TC_NO_RIGHT_FIELD(name) name,
#include "rules/language/words.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

bool tc_operator_folds(enum tc_operator_kind kind)
{
	return kind == TC_OPERATOR_ICONTAINS || kind == TC_OPERATOR_IEQUALS ||
	       kind == TC_OPERATOR_ISTARTSWITH || kind == TC_OPERATOR_IENDSWITH;
}

bool tc_operator_is_regex(enum tc_operator_kind kind)
{
	return kind == TC_OPERATOR_REGEX || kind == TC_OPERATOR_SEARCH;
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

bool tc_field_has_right(const char *name)
{
	for (size_t i = 0; i < COUNT(no_right_fields); i++) {
		size_t size = strlen(no_right_fields[i]);
		bool family = no_right_fields[i][size - 1] == '.';

		if (!strncmp(no_right_fields[i], name, size) && (family || !name[size]))
			return false;
	}
	return true;
}

const char *tc_field_old(const char *name)
{
	static const struct {
		const char *name, *hint;
	} rows[] = {
#define TC_OLD_FIELD(name, hint) {name, hint},
#include "rules/language/words.def"
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return rows[i].hint;
	}
	return NULL;
}
