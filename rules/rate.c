/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/rate.h"

#include <errno.h>
#include <string.h>

#include "agent/nearest.h"
#include "agent/options.h"
#include "rules/compile/expression.h"
#include "rules/language/parser.h"

/* Most fields that alerts of one rule are told apart by. */
#define BY_MAX 8

struct reader {
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	struct tc_rate_limit *limit;
	struct tc_template_field *by; /* those of the limit, while they are read */
};

static int refuse(struct reader *reader, const struct tc_yaml *node, const char *message,
		  const char *hint)
{
	struct tc_diagnostic *found = tc_where_report(reader->diagnostics, TC_DIAGNOSTIC_RATE_LIMIT,
						      tc_yaml_where(node), "%s", message);

	if (hint)
		tc_diagnostic_hint(found, "%s", hint);
	return -EINVAL;
}

static int read_rate(struct reader *reader, const struct tc_yaml *node)
{
	if (node->kind == TC_YAML_SCALAR &&
	    tc_parse_rate(node->text, &reader->limit->count, &reader->limit->span_ns) == 0)
		return 0;
	return refuse(reader, node, "expected a rate",
		      "write 10/1m for ten alerts in a minute; both numbers are above 0");
}

/* Reads a field as conditions have it: with what is in brackets, or within transformers. */
static int read_field(struct reader *reader, const struct tc_yaml *node)
{
	__attribute__((cleanup(tc_text_done))) struct tc_text text = {0};
	struct tc_expression *made = tc_arena_alloc(reader->arena, sizeof(*made));
	struct tc_ast *tree;
	int r;

	if (node->kind != TC_YAML_SCALAR || !node->length)
		return refuse(reader, node, "`by` takes a field or a sequence of fields", NULL);
	if (reader->limit->n_by == BY_MAX)
		return refuse(reader, node, "too many fields", "eight at most");
	tc_text_add_node(&text, node);
	tc_text_add_words(&text, " exists", node);
	if (!made || tc_text_failed(&text))
		return -ENOMEM;
	r = tc_condition_parse(&text, reader->arena, reader->diagnostics, &tree);
	if (r)
		return r;
	if (tree->kind != TC_AST_CHECK || tree->op->kind != TC_OPERATOR_EXISTS)
		return refuse(reader, node, "expected one field", "write `container.id`");
	r = tc_expression_make(tree->subject, false, reader->arena, reader->diagnostics, made);
	if (r)
		return r;
	reader->by[reader->limit->n_by++] =
		(struct tc_template_field){.field = made->field,
					   .index = made->field ? made->index : -1,
					   .name = node->text,
					   .expression = made};
	return 0;
}

static int read_by(struct reader *reader, const struct tc_yaml *node)
{
	bool list = node->kind == TC_YAML_SEQUENCE;
	int r = 0;

	reader->by = tc_arena_alloc(reader->arena, BY_MAX * sizeof(*reader->by));
	if (!reader->by)
		return -ENOMEM;
	reader->limit->by = reader->by;
	for (const struct tc_yaml *one = list ? node->first : node; one && r != -ENOMEM;
	     one = list ? one->next : NULL)
		r = read_field(reader, one) ?: r;
	return r;
}

static int read_key(struct reader *reader, const struct tc_yaml *key)
{
	static const struct {
		const char *word;
		int (*read)(struct reader *, const struct tc_yaml *);
	} keys[] = {{"rate", read_rate}, {"by", read_by}};
	struct tc_nearest nearest = {.word = key->text, .length = key->length};
	struct tc_diagnostic *found;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i].word, key->text))
			return keys[i].read(reader, key->next);
		tc_nearest_offer(&nearest, keys[i].word);
	}
	found = tc_where_report(reader->diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN, tc_yaml_where(key),
				"unknown key `%s` in `rate_limit`", key->text);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found, "its keys are `rate` and `by`");
	return -EINVAL;
}

static int read_keys(struct reader *reader, const struct tc_yaml *node)
{
	int r = 0;

	/* A key that is no word was told with the YAML. */
	for (const struct tc_yaml *key = node->first; key && r != -ENOMEM; key = key->next->next)
		r = (key->kind == TC_YAML_SCALAR ? read_key(reader, key) : -EINVAL) ?: r;
	if (!r && !reader->limit->count)
		return refuse(reader, node, "`rate_limit` has no `rate`", NULL);
	return r;
}

/* What outlives the rule files: the names of fields. */
static int keep_names(struct reader *reader)
{
	for (size_t i = 0; i < reader->limit->n_by; i++) {
		struct tc_template_field *by = &reader->by[i];

		by->name = tc_arena_copy(reader->arena, by->name, strlen(by->name));
		if (!by->name)
			return -ENOMEM;
	}
	return 0;
}

int tc_rate_limit_read(const struct tc_yaml *node, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, const struct tc_rate_limit **ret_limit)
{
	struct reader reader = {.arena = arena,
				.diagnostics = diagnostics,
				.limit = tc_arena_alloc(arena, sizeof(*reader.limit))};
	bool none = node->kind == TC_YAML_SCALAR && !strcmp(node->text, "none");
	int r;

	if (!reader.limit)
		return -ENOMEM;
	*reader.limit = (struct tc_rate_limit){0};
	if (none)
		r = 0;
	else if (node->kind == TC_YAML_MAPPING)
		r = read_keys(&reader, node);
	else
		r = read_rate(&reader, node);
	if (!r)
		r = keep_names(&reader);
	if (!r)
		*ret_limit = none ? NULL : reader.limit;
	return r;
}
