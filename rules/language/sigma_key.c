/* SPDX-License-Identifier: Apache-2.0 */
/* Log sources, fields and modifiers of Sigma rules: the tables of sigma.def. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agent/nearest.h"
#include "rules/language/sigma_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *logsource, *name, *condition, *shown;
} sources[] = {
#define TC_SIGMA_SOURCE(id, logsource, name, condition, shown) {#logsource, name, condition, shown},
#include "rules/language/sigma.def"
};

static const struct {
	enum tc_sigma_source source;
	struct tc_sigma_field field;
} fields[] = {
#define TC_SIGMA_FIELD(id, name, how, field, other, doc)                                           \
	{TC_SIGMA_##id, {name, TC_SIGMA_##how, field, other, doc}},
#include "rules/language/sigma.def"
};

static const struct {
	enum tc_sigma_source source;
	const char *name, *word, *condition;
} words[] = {
#define TC_SIGMA_WORD(id, name, word, condition) {TC_SIGMA_##id, name, word, condition},
#include "rules/language/sigma.def"
};

static const struct {
	const char *word;
	enum tc_sigma_what what;
} modifiers[] = {
#define TC_SIGMA_MODIFIER(word, what, doc) {word, TC_SIGMA_##what},
#include "rules/language/sigma.def"
};

const char *tc_sigma_source_condition(enum tc_sigma_source source)
{
	return sources[source].condition;
}

const char *tc_sigma_source_shown(enum tc_sigma_source source)
{
	return sources[source].shown;
}

static const char *text_of(const struct tc_yaml *mapping, const char *key)
{
	const struct tc_yaml *value = tc_yaml_get(mapping, key);

	return value && value->kind == TC_YAML_SCALAR && value->length ? value->text : NULL;
}

bool tc_sigma_source_read(struct tc_sigma *sigma, const struct tc_yaml *logsource)
{
	struct tc_where where = tc_yaml_where(logsource);

	if (logsource->kind != TC_YAML_MAPPING) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, where,
			       "`logsource` is a mapping with product, category or service");
		return false;
	}
	const char *product = text_of(logsource, "product");
	const char *category = text_of(logsource, "category");
	const char *service = text_of(logsource, "service");

	if (product && strcasecmp(product, "linux") != 0) {
		tc_sigma_leave_out(sigma, where, "it is for product %s, and this is Linux",
				   product);
		return false;
	}
	/* Both must be what they say; a service of its own is a narrower one. */
	const char *kind = service ? "service" : "category", *name = service ? service : category;
	for (size_t i = 0; name && i < COUNT(sources); i++) {
		if (!strcmp(sources[i].logsource, kind) && !strcasecmp(sources[i].name, name)) {
			sigma->source = (enum tc_sigma_source)i;
			return true;
		}
	}
	if (service)
		tc_sigma_leave_out(sigma, where,
				   "it is for the log of service %s, and log files are not read",
				   service);
	else if (category)
		tc_sigma_leave_out(sigma, where, "there are no events of category %s", category);
	else
		tc_sigma_leave_out(sigma, where,
				   "it has neither category nor service: it is for log files of "
				   "any kind, and those are not read");
	return false;
}

/* Whether name is the pattern, in which # stands for digits. */
static bool is_numbered(const char *pattern, const char *name, size_t length)
{
	size_t before = strcspn(pattern, "#"), digits = 0;

	if (!pattern[before] || length <= before || memcmp(pattern, name, before) != 0)
		return false;
	while (before + digits < length && isdigit((unsigned char)name[before + digits]))
		digits++;
	return digits && digits < 6 && before + digits == length;
}

/* A name of ours with the number of the name of Sigma's in its place. */
static const char *put_number(struct tc_sigma *sigma, const char *field, const char *number,
			      size_t length)
{
	struct tc_buffer text = {0};
	size_t before = strcspn(field, "#");
	const char *kept;

	tc_buffer_add(&text, field, before);
	tc_buffer_add(&text, number, length);
	tc_buffer_add_string(&text, field + before + 1);
	kept = tc_buffer_failed(&text)
		       ? NULL
		       : tc_arena_copy(&sigma->library->arena, text.bytes, text.length);
	tc_buffer_done(&text);
	if (!kept)
		sigma->failed = true;
	return kept;
}

bool tc_sigma_field_find(struct tc_sigma *sigma, const char *name, size_t length,
			 struct tc_sigma_field *ret_field)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct tc_sigma_field field = fields[i].field;
		size_t before = strcspn(field.name, "#");

		if (fields[i].source != sigma->source)
			continue;
		if (is_numbered(field.name, name, length)) {
			field.field =
				put_number(sigma, field.field, name + before, length - before);
			*ret_field = field;
			return field.field != NULL;
		}
		if (strlen(field.name) == length && !memcmp(field.name, name, length)) {
			*ret_field = field;
			return true;
		}
	}
	return false;
}

static void report_field(struct tc_sigma *sigma, struct tc_where where, const char *name,
			 size_t length)
{
	struct tc_nearest nearest = {.word = name, .length = length};
	struct tc_diagnostic *found = tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_FIELD, where,
						     "no field `%.*s` in events of %s", (int)length,
						     name, sources[sigma->source].name);

	for (size_t i = 0; i < COUNT(fields); i++) {
		if (fields[i].source == sigma->source && fields[i].field.name[0])
			tc_nearest_offer(&nearest, fields[i].field.name);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
}

const char *tc_sigma_word(enum tc_sigma_source source, const char *name, const char *word)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		if (words[i].source == source && !strcmp(words[i].name, name) &&
		    !strcasecmp(words[i].word, word))
			return words[i].condition;
	}
	return NULL;
}

static void report_modifier(struct tc_sigma *sigma, struct tc_where where, const char *word,
			    size_t length)
{
	struct tc_nearest nearest = {.word = word, .length = length};
	struct tc_diagnostic *found = tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_MODIFIER, where,
						     "unknown modifier `%.*s`", (int)length, word);

	for (size_t i = 0; i < COUNT(modifiers); i++)
		tc_nearest_offer(&nearest, modifiers[i].word);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
}

#define BIT(what) (1U << TC_SIGMA_##what)
#define PLACES (BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH))
#define ENCODINGS                                                                                  \
	(BIT(BASE64) | BIT(BASE64OFFSET) | BIT(UTF16LE) | BIT(UTF16BE) | BIT(UTF16) | BIT(WINDASH))
#define COMPARISONS (BIT(GT) | BIT(GTE) | BIT(LT) | BIT(LTE))

/* What may stand beside each, itself left out. */
static const uint32_t companions[TC_SIGMA_WHAT_MAX] = {
	[TC_SIGMA_CONTAINS] =
		BIT(ALL) | BIT(CASED) | BIT(FIELDREF) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_STARTSWITH] =
		BIT(ALL) | BIT(CASED) | BIT(FIELDREF) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_ENDSWITH] =
		BIT(ALL) | BIT(CASED) | BIT(FIELDREF) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_ALL] = ~(BIT(EXISTS)),
	[TC_SIGMA_CASED] = ~(BIT(RE) | BIT(RE_FLAG) | BIT(CIDR) | BIT(EXISTS) | COMPARISONS),
	[TC_SIGMA_RE] = BIT(RE_FLAG) | BIT(ALL) | BIT(NEQ) | BIT(EXPAND),
	[TC_SIGMA_RE_FLAG] = BIT(RE) | BIT(RE_FLAG) | BIT(ALL) | BIT(NEQ) | BIT(EXPAND),
	[TC_SIGMA_CIDR] = BIT(ALL) | BIT(NEQ) | BIT(EXPAND),
	[TC_SIGMA_EXISTS] = 0,
	[TC_SIGMA_FIELDREF] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ),
	[TC_SIGMA_GT] = BIT(ALL),
	[TC_SIGMA_GTE] = BIT(ALL),
	[TC_SIGMA_LT] = BIT(ALL),
	[TC_SIGMA_LTE] = BIT(ALL),
	[TC_SIGMA_NEQ] = ~(BIT(EXISTS) | COMPARISONS),
	[TC_SIGMA_BASE64] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_BASE64OFFSET] =
		PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_UTF16LE] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_UTF16BE] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_UTF16] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_WINDASH] = PLACES | BIT(ALL) | BIT(CASED) | BIT(NEQ) | BIT(EXPAND) | ENCODINGS,
	[TC_SIGMA_EXPAND] = ~0U,
};

/* Adds a modifier to the key; what is wrong with it, or NULL. */
static const char *add_modifier(struct tc_sigma_key *key, enum tc_sigma_what what, char letter)
{
	if (what == TC_SIGMA_RE_FLAG) {
		size_t n = strlen(key->flags);

		if (!tc_sigma_has(key, TC_SIGMA_RE))
			return "goes behind `re`";
		if (strchr(key->flags, letter))
			return "is there twice";
		key->flags[n] = letter;
	} else if (key->has >> what & 1) {
		return "is there twice";
	}
	if (key->n_modifiers == TC_SIGMA_MODIFIERS_MAX)
		return "is one modifier too many";
	if (key->has & ~companions[what] & ~(1U << what))
		return "does not go with those before it";
	for (size_t i = 0; i < key->n_modifiers; i++) {
		if (key->modifiers[i] != what && !(companions[key->modifiers[i]] >> what & 1))
			return "does not go with those before it";
	}
	key->modifiers[key->n_modifiers++] = what;
	key->has |= 1U << what;
	return NULL;
}

static bool read_modifier(struct tc_sigma *sigma, struct tc_sigma_key *key, const char *word,
			  size_t length)
{
	struct tc_where where = {.node = key->node,
				 .offset = (uint32_t)(word - key->node->text),
				 .length = length ? (uint32_t)length : 1};
	size_t i = 0;

	while (i < COUNT(modifiers) && (strlen(modifiers[i].word) != length ||
					memcmp(modifiers[i].word, word, length) != 0))
		i++;
	if (i == COUNT(modifiers)) {
		report_modifier(sigma, where, word, length);
		return false;
	}
	const char *problem = add_modifier(key, modifiers[i].what, word[0]);
	if (problem)
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_MODIFIER, where, "`%.*s` %s", (int)length,
			       word, problem);
	if (modifiers[i].what == TC_SIGMA_EXPAND)
		tc_sigma_leave_out(sigma, where, "it has placeholders, and no values for them");
	return !problem;
}

bool tc_sigma_key_read(struct tc_sigma *sigma, const struct tc_yaml *node,
		       struct tc_sigma_key *ret_key)
{
	struct tc_sigma_key key = {.node = node};

	if (node->kind != TC_YAML_SCALAR) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, tc_yaml_where(node),
			       "a key is the name of a field, with modifiers behind |");
		return false;
	}
	const char *at = node->text + strcspn(node->text, "|");
	size_t length = (size_t)(at - node->text);
	bool good = tc_sigma_field_find(sigma, node->text, length, &key.field);
	if (!good && !sigma->failed)
		report_field(
			sigma,
			(struct tc_where){.node = node, .length = length ? (uint32_t)length : 1},
			node->text, length);
	while (*at) {
		size_t n = strcspn(at + 1, "|");

		good &= read_modifier(sigma, &key, at + 1, n);
		at += 1 + n;
	}
	if (good)
		*ret_key = key;
	return good;
}
