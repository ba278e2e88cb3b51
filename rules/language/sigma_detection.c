/* SPDX-License-Identifier: Apache-2.0 */
/* The detection of a Sigma rule: selections, and the condition that joins them. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/nearest.h"
#include "rules/language/sigma_parts.h"

/* Deepest nesting of parentheses. */
#define DEPTH_MAX 100
/* Names in the condition times selections that they are compared with. */
#define COMPARED_MAX 1000000
/* Longest name of a selection, or pattern of names. */
#define NAME_MAX_BYTES 255

/* --- selections --- */

/* Whether a key is field, with modifiers or not. */
static bool is_key_of(const struct tc_yaml *key, const char *field)
{
	size_t length = strlen(field);

	return key->kind == TC_YAML_SCALAR && !strncmp(key->text, field, length) &&
	       (!key->text[length] || key->text[length] == '|');
}

static void survey(struct tc_sigma *sigma, const struct tc_yaml *node)
{
	if (node->kind == TC_YAML_SEQUENCE) {
		for (const struct tc_yaml *child = node->first; child; child = child->next) {
			if (child->kind == TC_YAML_MAPPING)
				survey(sigma, child);
		}
	} else if (node->kind == TC_YAML_MAPPING) {
		for (const struct tc_yaml *key = node->first; key; key = key->next->next) {
			sigma->names_type |= is_key_of(key, "type");
			sigma->names_syscall |=
				is_key_of(key, "SYSCALL") || is_key_of(key, "syscall");
			sigma->names_path |= is_key_of(key, "name") || is_key_of(key, "nametype");
		}
	}
}

static bool is_selection(const struct tc_yaml *key)
{
	return key->kind == TC_YAML_SCALAR && strcmp(key->text, "condition") != 0 &&
	       strcmp(key->text, "timeframe") != 0;
}

void tc_sigma_survey(struct tc_sigma *sigma)
{
	for (const struct tc_yaml *key = sigma->detection->first; key; key = key->next->next) {
		if (is_selection(key))
			survey(sigma, key->next);
	}
}

static struct tc_sigma_map look_at(const struct tc_yaml *mapping)
{
	struct tc_sigma_map map = {0};

	for (const struct tc_yaml *key = mapping->first; key; key = key->next->next) {
		const struct tc_yaml *value = key->next;

		map.has_type |= is_key_of(key, "type");
		map.only_syscall |= is_key_of(key, "type") && value->kind == TC_YAML_SCALAR &&
				    !strcasecmp(value->text, "SYSCALL");
	}
	return map;
}

static void add_mapping(struct tc_sigma *sigma, const struct tc_yaml *mapping)
{
	struct tc_sigma_map map = look_at(mapping);

	if (!mapping->first) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, tc_yaml_where(mapping),
			       "an empty selection");
		return;
	}
	tc_sigma_emit(sigma, mapping, "(");
	for (const struct tc_yaml *key = mapping->first; key; key = key->next->next) {
		struct tc_sigma_key read;

		if (tc_sigma_key_read(sigma, key, &read)) {
			/* Words without a field may stand anywhere. */
			if (!read.field.name[0] && !tc_sigma_has(&read, TC_SIGMA_RE))
				read.has |= 1U << TC_SIGMA_CONTAINS;
			tc_sigma_check(sigma, &map, &read, key->next);
		}
		if (key->next->next)
			tc_sigma_emit(sigma, key, " and ");
	}
	tc_sigma_emit(sigma, mapping, ")");
}

static void add_keyword(struct tc_sigma *sigma, const struct tc_yaml *word)
{
	struct tc_sigma_map map = {0};
	struct tc_sigma_key key = {.node = word, .has = 1U << TC_SIGMA_CONTAINS};

	if (word->kind != TC_YAML_SCALAR) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, tc_yaml_where(word),
			       "a selection is a mapping of fields, a list of them, or of words");
		return;
	}
	if (tc_sigma_field_find(sigma, "", 0, &key.field))
		tc_sigma_check(sigma, &map, &key, word);
}

void tc_sigma_selection(struct tc_sigma *sigma, const struct tc_yaml *node)
{
	if (node->kind == TC_YAML_MAPPING) {
		add_mapping(sigma, node);
		return;
	}
	if (node->kind == TC_YAML_SCALAR) {
		add_keyword(sigma, node);
		return;
	}
	if (!node->first)
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, tc_yaml_where(node),
			       "an empty selection");
	tc_sigma_emit(sigma, node, "(");
	for (const struct tc_yaml *child = node->first; child; child = child->next) {
		if (child->kind == TC_YAML_MAPPING)
			add_mapping(sigma, child);
		else
			add_keyword(sigma, child);
		if (child->next)
			tc_sigma_emit(sigma, node, " or ");
	}
	tc_sigma_emit(sigma, node, ")");
}

/* --- the condition --- */

struct reader {
	struct tc_sigma *sigma;
	const struct tc_yaml *node;
	const char *at;
	unsigned depth;
	bool *used; /* by number of the selection */
	unsigned long compared;
};

struct word {
	const char *text;
	size_t length; /* 0: the text ends */
};

static struct tc_where where(const struct reader *reader, struct word word)
{
	size_t offset = (size_t)(word.text - reader->node->text);

	if (offset >= reader->node->length && offset)
		offset = reader->node->length - 1;
	return (struct tc_where){.node = reader->node,
				 .offset = (uint32_t)offset,
				 .length = word.length ? (uint32_t)word.length : 1};
}

static struct word peek(const struct reader *reader)
{
	const char *at = reader->at + strspn(reader->at, " \t\r\n");

	if (*at && strchr("()|", *at))
		return (struct word){at, 1};
	return (struct word){at, strcspn(at, " \t\r\n()|")};
}

static bool is(struct word word, const char *text)
{
	return strlen(text) == word.length && !strncasecmp(word.text, text, word.length);
}

static bool take(struct reader *reader, const char *text)
{
	struct word word = peek(reader);

	if (!is(word, text))
		return false;
	reader->at = word.text + word.length;
	return true;
}

static void expected(struct reader *reader, const char *what)
{
	struct word word = peek(reader);

	/* What follows a mistake is not looked at. */
	if (reader->sigma->faulty || reader->sigma->reason)
		return;
	if (word.length)
		tc_sigma_fault(reader->sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, where(reader, word),
			       "expected %s, found `%.*s`", what, (int)word.length, word.text);
	else
		tc_sigma_fault(reader->sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, where(reader, word),
			       "expected %s, but the condition ends", what);
}

static bool fits(const char *name, struct word pattern)
{
	char text[NAME_MAX_BYTES + 1];

	/* Names that begin with _ are helpers of `them`, specification 2. */
	if (is(pattern, "them"))
		return name[0] != '_';
	memcpy(text, pattern.text, pattern.length);
	text[pattern.length] = '\0';
	return !fnmatch(text, name, 0);
}

/* Whether the condition is too large, by what it became and by the work that names make. Told once.
 */
static bool is_too_large(struct reader *reader, struct word name)
{
	struct tc_sigma *sigma = reader->sigma;
	bool text = sigma->text->buffer.length > TC_SIGMA_TEXT_MAX;

	if (!text && reader->compared <= COMPARED_MAX)
		return false;
	if (sigma->faulty)
		return true;
	if (text)
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, where(reader, name),
			       "the condition becomes larger than %u bytes", TC_SIGMA_TEXT_MAX);
	else
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, where(reader, name),
			       "names here times selections are more than %u", COMPARED_MAX);
	return true;
}

/* Adds the selections that a name, or a pattern of names, means. Count of them. */
static size_t add_selections(struct reader *reader, struct word name, bool pattern,
			     const char *join)
{
	struct tc_sigma *sigma = reader->sigma;
	size_t found = 0, number = 0;

	reader->compared += sigma->detection->n_children / 2;
	if (is_too_large(reader, name))
		return 1;
	for (const struct tc_yaml *key = sigma->detection->first; key;
	     key = key->next->next, number++) {
		if (!is_selection(key) ||
		    (pattern ? !fits(key->text, name)
			     : strlen(key->text) != name.length ||
				       memcmp(key->text, name.text, name.length) != 0))
			continue;
		if (found++)
			tc_sigma_emit(sigma, reader->node, join);
		reader->used[number] = true;
		if (is_too_large(reader, name))
			return found;
		tc_sigma_selection(sigma, key->next);
	}
	return found;
}

static void report_selection(struct reader *reader, struct word name, bool pattern)
{
	struct tc_nearest nearest = {.word = name.text, .length = name.length};
	struct tc_diagnostic *found = tc_sigma_fault(
		reader->sigma, TC_DIAGNOSTIC_SIGMA_SELECTION, where(reader, name), "%s `%.*s`",
		pattern ? "no selection has a name like" : "no selection has the name",
		(int)name.length, name.text);

	for (const struct tc_yaml *key = reader->sigma->detection->first; key;
	     key = key->next->next) {
		if (is_selection(key))
			tc_nearest_offer(&nearest, key->text);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
}

static bool is_name(struct word word)
{
	return word.length && !strchr("()|", word.text[0]) && !is(word, "and") && !is(word, "or") &&
	       !is(word, "not") && !is(word, "of");
}

static void read_or(struct reader *reader);

/* A name, or `1 of` and `all of` with a pattern of names. */
static void read_names(struct reader *reader)
{
	bool all = take(reader, "all"), one = !all && (take(reader, "1") || take(reader, "any"));
	bool pattern = (all || one) && take(reader, "of");
	struct word name = peek(reader);

	if ((all || one) && !pattern) {
		expected(reader, "`of`");
		return;
	}
	if (!is_name(name) || name.length > NAME_MAX_BYTES) {
		expected(reader, pattern ? "a pattern of names, or `them`" : "a selection");
		return;
	}
	reader->at = name.text + name.length;
	tc_sigma_emit(reader->sigma, reader->node, "(");
	if (!add_selections(reader, name, pattern, all ? " and " : " or "))
		report_selection(reader, name, pattern);
	tc_sigma_emit(reader->sigma, reader->node, ")");
}

static void read_not(struct reader *reader)
{
	if (++reader->depth > DEPTH_MAX) {
		if (!reader->sigma->faulty)
			tc_sigma_fault(reader->sigma, TC_DIAGNOSTIC_DEPTH,
				       where(reader, peek(reader)), "nested deeper than %d",
				       DEPTH_MAX);
	} else if (take(reader, "not")) {
		tc_sigma_emit(reader->sigma, reader->node, "not (");
		read_not(reader);
		tc_sigma_emit(reader->sigma, reader->node, ")");
	} else if (take(reader, "(")) {
		read_or(reader);
		if (!take(reader, ")"))
			expected(reader, "`and`, `or` or `)`");
	} else {
		read_names(reader);
	}
	reader->depth--;
}

static void read_and(struct reader *reader)
{
	do {
		read_not(reader);
	} while (!reader->sigma->faulty && take(reader, "and") &&
		 (tc_sigma_emit(reader->sigma, reader->node, " and "), true));
}

static void read_or(struct reader *reader)
{
	tc_sigma_emit(reader->sigma, reader->node, "(");
	do {
		read_and(reader);
	} while (!reader->sigma->faulty && take(reader, "or") &&
		 (tc_sigma_emit(reader->sigma, reader->node, " or "), true));
	tc_sigma_emit(reader->sigma, reader->node, ")");
}

static void read_condition(struct tc_sigma *sigma, const struct tc_yaml *node, bool *used)
{
	struct reader reader = {.sigma = sigma, .node = node, .at = node->text, .used = used};

	if (node->kind != TC_YAML_SCALAR || !node->length) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, tc_yaml_where(node),
			       "a condition is text: `selection and not filter`");
		return;
	}
	read_or(&reader);
	struct word next = peek(&reader);
	if (is(next, "|") || is(next, "near"))
		tc_sigma_leave_out(sigma, where(&reader, next),
				   "it counts events over time, and each event is judged alone");
	else if (next.length)
		expected(&reader, "`and` or `or`");
}

static void warn_unused(struct tc_sigma *sigma, const bool *used)
{
	size_t number = 0;

	for (const struct tc_yaml *key = sigma->detection->first; key;
	     key = key->next->next, number++) {
		if (is_selection(key) && !used[number])
			tc_where_report(sigma->library->diagnostics, TC_DIAGNOSTIC_UNUSED,
					tc_yaml_where(key), "selection `%s` is not used",
					key->text);
	}
}

void tc_sigma_condition(struct tc_sigma *sigma, const struct tc_yaml *node)
{
	bool list = node->kind == TC_YAML_SEQUENCE;
	const struct tc_yaml *first = list ? node->first : node;
	bool *used = calloc(sigma->detection->n_children / 2 + 1, sizeof(*used));

	if (!used) {
		sigma->failed = true;
		return;
	}
	if (!first)
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_CONDITION, tc_yaml_where(node),
			       "an empty list of conditions");
	tc_sigma_emit(sigma, node, "(");
	for (const struct tc_yaml *one = first; one; one = list ? one->next : NULL) {
		read_condition(sigma, one, used);
		if (list && one->next)
			tc_sigma_emit(sigma, node, " or ");
	}
	tc_sigma_emit(sigma, node, ")");
	if (!sigma->faulty && !sigma->reason)
		warn_unused(sigma, used);
	free(used);
}
