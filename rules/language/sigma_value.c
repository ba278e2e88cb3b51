/* SPDX-License-Identifier: Apache-2.0 */
/* A field with modifiers and values, as checks of our own language. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/schema.h"
#include "rules/language/sigma_parts.h"

/* What no event and what every event does. */
#define NEVER "evt.kind in ()"
#define ALWAYS "not evt.kind in ()"

/* One way for a value to be there. */
struct way {
	const char *op;	     /* NULL: the field has no value at all */
	struct tc_buffer to; /* as it is written behind the operator; empty: nothing */
};

/* Ways of which one must hold. */
struct ways {
	struct way *items;
	size_t count;
};

static void ways_done(struct ways *ways)
{
	for (size_t i = 0; i < ways->count; i++)
		tc_buffer_done(&ways->items[i].to);
	free(ways->items);
	*ways = (struct ways){0};
}
#define _cleanup_ways_ __attribute__((cleanup(ways_done)))

static struct tc_buffer *add_way(struct tc_sigma *sigma, struct ways *ways, const char *op)
{
	/* There is room up to the next power of two. */
	if (!(ways->count & (ways->count - 1))) {
		struct way *more =
			reallocarray(ways->items, ways->count ? ways->count * 2 : 1, sizeof(*more));

		if (!more) {
			sigma->failed = true;
			return NULL;
		}
		ways->items = more;
	}
	ways->items[ways->count++] = (struct way){.op = op};
	return &ways->items[ways->count - 1].to;
}

static void add_quoted(struct tc_buffer *to, const char *bytes, size_t length)
{
	if (!to)
		return;
	tc_buffer_add_char(to, '"');
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			tc_buffer_add_char(to, '\\');
		tc_buffer_add_char(to, bytes[i]);
	}
	tc_buffer_add_char(to, '"');
}

static enum tc_type type_of(const char *field)
{
	const struct tc_field *found = tc_field_by_name(field, strcspn(field, "["));

	if (!found)
		return TC_TYPE_NONE;
	return found->type == TC_TYPE_LIST && strchr(field, '[') ? TC_TYPE_STRING : found->type;
}

static bool is_null(const struct tc_yaml *node)
{
	return node->kind == TC_YAML_SCALAR && node->style == TC_YAML_PLAIN &&
	       (!node->length || !strcmp(node->text, "~") || !strcasecmp(node->text, "null"));
}

/* --- strings --- */

/* Operators for what is left of a value when stars at its ends are taken off: none, the last one,
 * the first one, both. */
static const char *const operators[2][4] = {
	{"iequals", "istartswith", "iendswith", "icontains"},
	{"=", "startswith", "endswith", "contains"},
};

/* A pattern of fnmatch(3). */
static void add_glob(const struct tc_sigma_string *string, const char *before, const char *behind,
		     struct tc_buffer *to)
{
	_cleanup_buffer_ struct tc_buffer glob = {0};

	tc_buffer_add_string(&glob, before);
	for (size_t i = 0; i < string->bytes.length; i++) {
		char c = string->bytes.bytes[i];

		if (string->kinds.bytes[i] == 'l' && strchr("*?[\\", c))
			tc_buffer_add_char(&glob, '\\');
		tc_buffer_add_char(&glob, c);
	}
	tc_buffer_add_string(&glob, behind);
	add_quoted(to, glob.bytes, glob.length);
	to->failed |= tc_buffer_failed(&glob);
}

static void add_string(struct tc_sigma *sigma, const struct tc_sigma_key *key, bool cased,
		       const struct tc_sigma_string *string, struct ways *ways)
{
	bool within = tc_sigma_has(key, TC_SIGMA_CONTAINS);
	bool head = within || tc_sigma_has(key, TC_SIGMA_ENDSWITH);
	bool tail = within || tc_sigma_has(key, TC_SIGMA_STARTSWITH);
	const char *kinds = string->kinds.bytes ? string->kinds.bytes : "";
	size_t start = 0, end = string->bytes.length;
	struct tc_buffer *to;

	while (start < end && kinds[start] == '*')
		start++;
	while (end > start && kinds[end - 1] == '*')
		end--;
	bool open_head = head || start, open_tail = tail || end < string->bytes.length;
	if (start == end && (open_head || open_tail)) {
		add_way(sigma, ways, "exists");
		return;
	}
	if (memchr(kinds + start, '*', end - start) || memchr(kinds + start, '?', end - start)) {
		to = add_way(sigma, ways, cased ? "glob" : "iglob");
		if (to)
			add_glob(string, head ? "*" : "", tail ? "*" : "", to);
		return;
	}
	to = add_way(sigma, ways, operators[cased][open_head << 1 | open_tail]);
	add_quoted(to, string->bytes.bytes ? string->bytes.bytes + start : "", end - start);
}

/* Whether a modifier makes other values of values. */
static bool is_encoding(enum tc_sigma_what what)
{
	return what >= TC_SIGMA_BASE64 && what <= TC_SIGMA_WINDASH;
}

static void fault_value(struct tc_sigma *sigma, const struct tc_yaml *node, const char *problem)
{
	tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_VALUE, tc_yaml_where(node), "`%s` %s",
		       node->kind == TC_YAML_SCALAR ? node->text : "the value", problem);
}

static void add_strings(struct tc_sigma *sigma, const struct tc_sigma_key *key,
			const struct tc_yaml *node, struct ways *ways)
{
	struct tc_sigma_strings strings = {.count = 1};
	/* Other letters are other bytes. */
	bool cased = tc_sigma_has(key, TC_SIGMA_CASED) || tc_sigma_has(key, TC_SIGMA_BASE64) ||
		     tc_sigma_has(key, TC_SIGMA_BASE64OFFSET);
	const char *problem = NULL;

	tc_sigma_string_read(node->text, node->length, &strings.items[0]);
	for (size_t i = 0; i < key->n_modifiers && !problem; i++) {
		if (is_encoding(key->modifiers[i]))
			problem = tc_sigma_encode(key->modifiers[i], &strings);
	}
	for (size_t i = 0; i < strings.count && !problem; i++) {
		const struct tc_sigma_string *string = &strings.items[i];

		if (tc_buffer_failed(&string->bytes) || tc_buffer_failed(&string->kinds))
			sigma->failed = true;
		else if (string->bytes.length &&
			 memchr(string->bytes.bytes, '\0', string->bytes.length))
			problem = "has NUL bytes in UTF-16, which no text holds: put base64 or "
				  "base64offset behind it";
		else if (!string->bytes.length && node->length)
			problem = "is too short: no digit stands for it alone";
		else
			add_string(sigma, key, cased, string, ways);
	}
	if (problem)
		fault_value(sigma, node, problem);
	tc_sigma_strings_done(&strings);
}

/* --- other kinds of values --- */

static const char *comparison(const struct tc_sigma_key *key)
{
	return tc_sigma_has(key, TC_SIGMA_GT)	 ? ">"
	       : tc_sigma_has(key, TC_SIGMA_GTE) ? ">="
	       : tc_sigma_has(key, TC_SIGMA_LT)	 ? "<"
	       : tc_sigma_has(key, TC_SIGMA_LTE) ? "<="
						 : "=";
}

static void add_search(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		       const struct tc_yaml *node, struct ways *ways)
{
	_cleanup_buffer_ struct tc_buffer regex = {0};

	if (key->flags[0])
		tc_buffer_printf(&regex, "(?%s)", key->flags);
	tc_buffer_add(&regex, node->text, node->length);
	add_quoted(add_way(sigma, ways, "search"), regex.bytes ? regex.bytes : "", regex.length);
	sigma->failed |= tc_buffer_failed(&regex);
}

/* true and false, which change places for a field that is the opposite of Sigma's. */
static void add_yes(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		    const struct tc_yaml *node, struct ways *ways)
{
	bool yes;
	struct tc_buffer *to;

	if (tc_yaml_yes(node, &yes)) {
		fault_value(sigma, node, "is neither true nor false");
		return;
	}
	to = add_way(sigma, ways, "=");
	if (to)
		tc_buffer_add_string(to,
				     yes == (key->field.how != TC_SIGMA_NOT) ? "true" : "false");
}

/* The value of another field. Letters of either case: both sides are put into lower case. */
static void add_reference(struct tc_sigma *sigma, const struct tc_sigma_key *key, bool text,
			  const struct tc_yaml *node, struct ways *ways)
{
	bool folds = text && !tc_sigma_has(key, TC_SIGMA_CASED);
	const char *op = tc_sigma_has(key, TC_SIGMA_CONTAINS)	  ? "contains"
			 : tc_sigma_has(key, TC_SIGMA_STARTSWITH) ? "startswith"
			 : tc_sigma_has(key, TC_SIGMA_ENDSWITH)	  ? "endswith"
								  : "=";
	struct tc_sigma_field other;
	struct tc_buffer *to;

	if (!tc_sigma_field_find(sigma, node->text, node->length, &other) ||
	    other.how == TC_SIGMA_NEVER) {
		fault_value(sigma, node, "is no field that has a value");
		return;
	}
	to = add_way(sigma, ways, op);
	if (to)
		tc_buffer_printf(to, "%s(%s)", folds ? "tolower" : "val", other.field);
}

/* A system call. Of one that nothing comes of any event might be: it must not wake all of them. */
static void add_lower(struct tc_sigma *sigma, const struct tc_yaml *node, struct ways *ways)
{
	_cleanup_buffer_ struct tc_buffer word = {0};

	for (size_t i = 0; i < node->length; i++)
		tc_buffer_add_char(&word, (char)tolower((unsigned char)node->text[i]));
	sigma->failed |= tc_buffer_failed(&word);
	if (sigma->failed || !word.length || tc_kinds_of_syscall(word.bytes) == tc_kinds_all()) {
		struct tc_buffer *to = add_way(sigma, ways, "in");

		tc_sigma_warn_never(sigma, tc_yaml_where(node), node->text,
				    "no event comes of this system call");
		if (to)
			tc_buffer_add_string(to, "()");
		return;
	}
	add_quoted(add_way(sigma, ways, "="), word.bytes, word.length);
}

/* Whether a word can be compared for equality, byte by byte. */
static bool is_plain_word(const struct tc_sigma_key *key, const struct tc_yaml *node)
{
	return !key->has && !memchr(node->text, '*', node->length) &&
	       !memchr(node->text, '?', node->length);
}

static bool goes_with(struct tc_sigma *sigma, const struct tc_sigma_key *key, enum tc_type type)
{
	uint32_t strings =
		~(1U << TC_SIGMA_ALL | 1U << TC_SIGMA_NEQ | 1U << TC_SIGMA_GT | 1U << TC_SIGMA_GTE |
		  1U << TC_SIGMA_LT | 1U << TC_SIGMA_LTE | 1U << TC_SIGMA_FIELDREF |
		  1U << TC_SIGMA_CIDR | 1U << TC_SIGMA_CASED | 1U << TC_SIGMA_EXPAND);
	bool ip = type == TC_TYPE_IP, number = type == TC_TYPE_UINT || type == TC_TYPE_INT;
	bool compares = strcmp(comparison(key), "=") != 0;
	const char *hint = ip ? "name networks with cidr" : NULL;

	if ((type == TC_TYPE_STRING || !(key->has & strings)) && (number || !compares) &&
	    (ip || !tc_sigma_has(key, TC_SIGMA_CIDR)))
		return true;
	struct tc_diagnostic *found =
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_MODIFIER, tc_yaml_where(key->node),
			       "these modifiers have no meaning for `%s`, which is a %s",
			       key->field.name, tc_type_name(type));
	if (hint)
		tc_diagnostic_hint(found, "%s", hint);
	return false;
}

static void add_value(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		      const struct tc_yaml *node, struct ways *ways)
{
	enum tc_type type = type_of(key->field.field);

	if (node->kind != TC_YAML_SCALAR) {
		fault_value(sigma, node, "is no word, number or null");
	} else if (is_null(node)) {
		add_way(sigma, ways, NULL);
	} else if (tc_sigma_has(key, TC_SIGMA_FIELDREF)) {
		add_reference(sigma, key, type == TC_TYPE_STRING, node, ways);
	} else if (tc_sigma_has(key, TC_SIGMA_RE)) {
		add_search(sigma, key, node, ways);
	} else if (type == TC_TYPE_BOOL) {
		add_yes(sigma, key, node, ways);
	} else if (type != TC_TYPE_STRING) {
		add_quoted(add_way(sigma, ways, comparison(key)), node->text, node->length);
	} else if (key->field.how == TC_SIGMA_LOWER && is_plain_word(key, node)) {
		add_lower(sigma, node, ways);
	} else {
		add_strings(sigma, key, node, ways);
	}
}

/* --- what is written --- */

static void emit_ways(struct tc_sigma *sigma, const struct tc_yaml *node, const char *field,
		      const struct ways *ways)
{
	size_t behind;

	tc_sigma_emit(sigma, node, "(");
	for (size_t i = 0; i < ways->count; i = behind) {
		const struct way *way = &ways->items[i];
		const char *op = way->op ? way->op : "exists";

		/* Those with one operator become one set. */
		behind = i + 1;
		while (way->op && way->to.length && strcmp(way->op, "in") != 0 &&
		       behind < ways->count && ways->items[behind].op &&
		       !strcmp(ways->items[behind].op, way->op))
			behind++;
		if (i)
			tc_sigma_emit(sigma, node, " or ");
		tc_sigma_emit(sigma, node, way->op ? "" : "not ");
		tc_sigma_emit(sigma, node, field);
		tc_sigma_emit(sigma, node, " ");
		tc_sigma_emit(sigma, node, op);
		tc_sigma_emit(sigma, node, behind > i + 1 ? " anyof (" : " ");
		for (size_t at = i; at < behind; at++) {
			tc_sigma_emit(sigma, node, at > i ? ", " : "");
			tc_sigma_emit(sigma, node,
				      ways->items[at].to.length ? ways->items[at].to.bytes : "");
		}
		tc_sigma_emit(sigma, node, behind > i + 1 ? ")" : "");
	}
	tc_sigma_emit(sigma, node, ")");
}

/* References cannot be in sets. */
static bool stands_alone(const struct tc_sigma_key *key)
{
	return tc_sigma_has(key, TC_SIGMA_ALL) || tc_sigma_has(key, TC_SIGMA_FIELDREF) ||
	       strcmp(comparison(key), "=") != 0;
}

/* The values of a key for one field of ours. */
static void emit_values(struct tc_sigma *sigma, const struct tc_sigma_key *key,
			const struct tc_yaml *first, bool list, const char *field)
{
	const char *join = tc_sigma_has(key, TC_SIGMA_ALL) ? " and " : " or ";
	_cleanup_ways_ struct ways ways = {0};

	tc_sigma_emit(sigma, key->node, "(");
	for (const struct tc_yaml *node = first; node; node = list ? node->next : NULL) {
		const struct tc_yaml *behind = list ? node->next : NULL;

		add_value(sigma, key, node, &ways);
		if (!stands_alone(key) && behind)
			continue;
		for (size_t i = 0; i < ways.count; i++)
			sigma->failed |= tc_buffer_failed(&ways.items[i].to);
		if (sigma->failed || sigma->faulty || !ways.count)
			return;
		emit_ways(sigma, stands_alone(key) ? node : first, field, &ways);
		ways_done(&ways);
		if (behind)
			tc_sigma_emit(sigma, node, join);
	}
	tc_sigma_emit(sigma, key->node, ")");
}

/* The name of a field as it is asked; a reference in either case needs it in lower case. */
static const char *subject(struct tc_sigma *sigma, const struct tc_sigma_key *key,
			   const char *field)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	const char *kept;

	if (!tc_sigma_has(key, TC_SIGMA_FIELDREF) || tc_sigma_has(key, TC_SIGMA_CASED) ||
	    type_of(field) != TC_TYPE_STRING)
		return field;
	tc_buffer_printf(&text, "tolower(%s)", field);
	kept = tc_buffer_failed(&text)
		       ? NULL
		       : tc_arena_copy(&sigma->library->arena, text.bytes, text.length);
	sigma->failed |= !kept;
	return kept ? kept : field;
}

static void emit_exists(struct tc_sigma *sigma, const struct tc_sigma_key *key,
			const struct tc_yaml *value)
{
	bool yes;

	if (value->kind != TC_YAML_SCALAR || tc_yaml_yes(value, &yes)) {
		fault_value(sigma, value, "is neither true nor false");
		return;
	}
	if (key->field.how == TC_SIGMA_NEVER) {
		tc_sigma_emit(sigma, value, yes ? NEVER : ALWAYS);
		return;
	}
	tc_sigma_emit(sigma, value, yes ? "(" : "not (");
	tc_sigma_emit(sigma, value, key->field.field);
	tc_sigma_emit(sigma, value, " exists");
	if (key->field.other) {
		tc_sigma_emit(sigma, value, " or ");
		tc_sigma_emit(sigma, value, key->field.other);
		tc_sigma_emit(sigma, value, " exists");
	}
	tc_sigma_emit(sigma, value, ")");
}

/* Words of which each stands for events. */
static void emit_words(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		       const struct tc_yaml *first, bool list)
{
	if (key->has & ~(1U << TC_SIGMA_CASED)) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_MODIFIER, tc_yaml_where(key->node),
			       "`%s` takes words as they are", key->field.name);
		return;
	}
	tc_sigma_emit(sigma, key->node, "(");
	for (const struct tc_yaml *node = first; node; node = list ? node->next : NULL) {
		const char *words =
			node->kind == TC_YAML_SCALAR
				? tc_sigma_word(sigma->source, key->field.name, node->text)
				: NULL;

		if (node->kind != TC_YAML_SCALAR)
			fault_value(sigma, node, "is no word");
		else if (!words)
			tc_sigma_warn_never(sigma, tc_yaml_where(node), node->text,
					    "no event here stands for such a record");
		/* Those of a call that is named are told by the call. */
		if (words && sigma->names_syscall && !strcasecmp(node->text, "SYSCALL"))
			words = "evt.type exists";
		tc_sigma_emit(sigma, node, words ? words : NEVER);
		if (list && node->next)
			tc_sigma_emit(sigma, node, " or ");
	}
	tc_sigma_emit(sigma, key->node, ")");
}

static void emit_never(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		       const struct tc_yaml *first, bool list, const char *why)
{
	bool none = false;

	for (const struct tc_yaml *node = first; node; node = list ? node->next : NULL)
		none |= is_null(node);
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(key->node->text, "|"), key->node->text);
	tc_sigma_warn_never(sigma, tc_yaml_where(key->node), name, why);
	tc_sigma_emit(sigma, key->node, none ? ALWAYS : NEVER);
}

/* Records of a type that the mapping does not name. */
static void emit_type(struct tc_sigma *sigma, const struct tc_sigma_key *key,
		      const struct tc_sigma_map *map)
{
	bool path = key->field.how == TC_SIGMA_PATH;

	if (map->has_type || (!path && key->field.how != TC_SIGMA_ARGUMENT))
		return;
	tc_sigma_emit(sigma, key->node,
		      tc_sigma_word(sigma->source, "type", path ? "PATH" : "EXECVE"));
	tc_sigma_emit(sigma, key->node, " and ");
}

/* Notes that the output shows the field. */
static void show(struct tc_sigma *sigma, const struct tc_sigma_key *key)
{
	_cleanup_buffer_ struct tc_buffer words = {0};
	int length = (int)strcspn(key->node->text, "|");

	if (!length || key->field.how == TC_SIGMA_WORDS)
		return;
	tc_buffer_printf(&words, " %.*s=%%%s ", length, key->node->text, key->field.field);
	if (tc_buffer_failed(&words))
		sigma->failed = true;
	else if (!sigma->shown.length || !strstr(sigma->shown.bytes, words.bytes))
		tc_buffer_add_string(&sigma->shown, words.bytes);
}

void tc_sigma_check(struct tc_sigma *sigma, const struct tc_sigma_map *map,
		    const struct tc_sigma_key *key, const struct tc_yaml *values)
{
	bool list = values->kind == TC_YAML_SEQUENCE;
	const struct tc_yaml *first = list ? values->first : values;

	if (!first) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_VALUE, tc_yaml_where(values),
			       "an empty list: there is nothing to look for");
	} else if (tc_sigma_has(key, TC_SIGMA_EXISTS)) {
		emit_exists(sigma, key, values);
	} else if (key->field.how == TC_SIGMA_NEVER) {
		emit_never(sigma, key, first, list, key->field.doc);
	} else if (key->field.how == TC_SIGMA_ARGUMENT && map->only_syscall) {
		emit_never(sigma, key, first, list, "arguments of system calls are not told");
	} else if (key->field.how == TC_SIGMA_WORDS) {
		emit_words(sigma, key, first, list);
	} else if (goes_with(sigma, key, type_of(key->field.field))) {
		show(sigma, key);
		tc_sigma_emit(sigma, key->node, "(");
		emit_type(sigma, key, map);
		if (tc_sigma_has(key, TC_SIGMA_NEQ)) {
			tc_sigma_emit(sigma, key->node, key->field.field);
			tc_sigma_emit(sigma, key->node, " exists and not ");
		}
		tc_sigma_emit(sigma, key->node, "(");
		emit_values(sigma, key, first, list, subject(sigma, key, key->field.field));
		if (key->field.other) {
			tc_sigma_emit(sigma, key->node, " or ");
			emit_values(sigma, key, first, list, subject(sigma, key, key->field.other));
		}
		tc_sigma_emit(sigma, key->node, "))");
	}
}
