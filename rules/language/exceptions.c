/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions of rules: (condition) and not ((f1 = a and f2 = b) or ...), put together as text as
 * Falco does it, so that values mean what they mean there. Each part of the text knows its place in
 * the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"
#include "rules/language/library.h"

/* Most exceptions of one rule. */
#define EXCEPTIONS_MAX 1000

static int refuse(struct tc_diagnostics *diagnostics, const struct tc_yaml *node,
		  const char *message)
{
	tc_where_report(diagnostics, TC_DIAGNOSTIC_EXCEPTION, tc_yaml_where(node), "%s", message);
	return -EINVAL;
}

static bool is_words(const struct tc_yaml *node)
{
	if (node->kind != TC_YAML_SEQUENCE)
		return false;
	for (const struct tc_yaml *child = node->first; child; child = child->next) {
		if (child->kind != TC_YAML_SCALAR)
			return false;
	}
	return true;
}

/* Whether an operator takes a list: by itself, or with anyof and the like behind it. */
static bool takes_list(const struct tc_yaml *comp)
{
	const struct tc_operator *op = comp ? tc_operator_at(comp->text, comp->length) : NULL;
	const char *rest;

	if (!op || op->takes != TC_TAKES_ONE)
		return op && op->takes == TC_TAKES_SET;
	rest = strchr(comp->text, ' ');
	rest = rest ? rest + strspn(rest, " ") : "";
	return tc_modifier_known(rest, strcspn(rest, " "));
}

/* fields and comps fit each other; each is a word or a sequence of words. */
static int check_shape(const struct tc_exception *exception, struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml *fields = exception->fields, *comps = exception->comps;

	if (!fields)
		return refuse(diagnostics, exception->name, "the exception has no `fields`");
	if (fields->kind != TC_YAML_SCALAR && !is_words(fields))
		return refuse(diagnostics, fields,
			      "`fields` takes a field or a sequence of fields");
	if (!comps)
		return 0;
	if (comps->kind != fields->kind || (comps->kind != TC_YAML_SCALAR && !is_words(comps)))
		return refuse(diagnostics, comps, "`comps` has another shape than `fields`");
	if (comps->kind == TC_YAML_SCALAR && !takes_list(comps))
		return refuse(diagnostics, comps,
			      "with one field `comps` takes a list: in, intersects, pmatch, or an "
			      "operator with oneof, anyof or allof");
	if (comps->n_children != fields->n_children)
		return refuse(diagnostics, comps, "`comps` and `fields` differ in length");
	return 0;
}

static int check_value(const struct tc_exception *exception, const struct tc_yaml *value,
		       struct tc_diagnostics *diagnostics)
{
	if (exception->fields->kind == TC_YAML_SCALAR)
		return value->kind == TC_YAML_SCALAR
			       ? 0
			       : refuse(diagnostics, value, "with one field each value is a word");
	if (value->kind != TC_YAML_SEQUENCE)
		return refuse(diagnostics, value, "with several fields each value is a sequence");
	if (value->n_children != exception->fields->n_children)
		return refuse(diagnostics, value,
			      "the value has not as many parts as there are fields");
	for (const struct tc_yaml *part = value->first; part; part = part->next) {
		if (part->kind != TC_YAML_SCALAR && !is_words(part))
			return refuse(diagnostics, part,
				      "a part of a value is a word or a sequence of words");
	}
	return 0;
}

static int add_values(struct tc_exception *exception, const struct tc_yaml *values,
		      struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml **more;
	int r = 0;

	if (!values || (values->kind == TC_YAML_SCALAR && !values->length))
		return 0;
	if (values->kind != TC_YAML_SEQUENCE)
		return refuse(diagnostics, values, "`values` takes a sequence");
	for (const struct tc_yaml *value = values->first; value; value = value->next)
		r = check_value(exception, value, diagnostics) ?: r;
	if (r)
		return r;
	more = reallocarray(exception->values, exception->n_values + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	exception->values = more;
	more[exception->n_values++] = values;
	return 0;
}

static struct tc_exception *find_exception(struct tc_rule_source *rule, const char *name)
{
	for (size_t i = 0; i < rule->n_exceptions; i++) {
		if (!strcmp(rule->exceptions[i].name->text, name))
			return &rule->exceptions[i];
	}
	return NULL;
}

static int check_keys(const struct tc_yaml *node, struct tc_diagnostics *diagnostics)
{
	static const char *const keys[] = {"name", "fields", "comps", "values"};
	int r = 0;

	for (const struct tc_yaml *key = node->first; key; key = key->next->next) {
		struct tc_nearest nearest = {.word = key->text, .length = key->length};
		bool known = false;

		for (size_t i = 0;
		     key->kind == TC_YAML_SCALAR && i < sizeof(keys) / sizeof(keys[0]); i++) {
			known |= !strcmp(key->text, keys[i]);
			tc_nearest_offer(&nearest, keys[i]);
		}
		if (known || key->kind != TC_YAML_SCALAR)
			continue;
		struct tc_diagnostic *found =
			tc_where_report(diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN, tc_yaml_where(key),
					"unknown key `%s` in an exception", key->text);
		if (nearest.best)
			tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
		r = -EINVAL;
	}
	return r;
}

static int add_exception(struct tc_rule_source *rule, const struct tc_yaml *node,
			 struct tc_diagnostics *diagnostics)
{
	const struct tc_yaml *name = tc_yaml_get(node, "name");
	struct tc_exception *exception, *more;
	int r;

	if (node->kind != TC_YAML_MAPPING || !name || name->kind != TC_YAML_SCALAR || !name->length)
		return refuse(diagnostics, node, "an exception is a mapping with a `name`");
	r = check_keys(node, diagnostics);
	if (r)
		return r;

	exception = find_exception(rule, name->text);
	if (exception && !tc_yaml_get(node, "fields") && !tc_yaml_get(node, "comps"))
		return add_values(exception, tc_yaml_get(node, "values"), diagnostics);
	if (exception)
		return refuse(diagnostics, name, "the rule has an exception of this name");
	if (rule->n_exceptions == EXCEPTIONS_MAX)
		return refuse(diagnostics, name, "the rule has too many exceptions");

	struct tc_exception fresh = {.name = name,
				     .fields = tc_yaml_get(node, "fields"),
				     .comps = tc_yaml_get(node, "comps")};
	r = check_shape(&fresh, diagnostics);
	if (r)
		return r;
	more = reallocarray(rule->exceptions, rule->n_exceptions + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	rule->exceptions = more;
	more[rule->n_exceptions] = fresh;
	return add_values(&more[rule->n_exceptions++], tc_yaml_get(node, "values"), diagnostics);
}

int tc_exceptions_add(struct tc_rule_source *rule, const struct tc_yaml *node,
		      struct tc_diagnostics *diagnostics)
{
	int r = 0;

	if (node->kind == TC_YAML_SCALAR && !node->length)
		return 0;
	if (node->kind != TC_YAML_SEQUENCE)
		return refuse(diagnostics, node, "`exceptions` takes a sequence of mappings");
	for (const struct tc_yaml *child = node->first; child && r != -ENOMEM; child = child->next)
		r = add_exception(rule, child, diagnostics) ?: r;
	return r;
}

void tc_exceptions_clear(struct tc_rule_source *rule)
{
	for (size_t i = 0; i < rule->n_exceptions; i++)
		free(rule->exceptions[i].values);
	free(rule->exceptions);
	rule->exceptions = NULL;
	rule->n_exceptions = 0;
}

/* A value as it goes into the condition: with blanks in it and no quotes of its own it gets some.
 */
static void add_value(struct tc_text *text, const struct tc_yaml *value)
{
	bool quoted = value->text[0] == '"' || value->text[0] == '\'';

	if (!value->length) {
		tc_text_add_words(text, "\"\"", value);
	} else if (!quoted && strchr(value->text, ' ')) {
		tc_text_add_words(text, "\"", value);
		tc_text_add_value(text, value);
		tc_text_add_words(text, "\"", value);
	} else {
		tc_text_add_node(text, value);
	}
}

static void add_list(struct tc_text *text, const struct tc_yaml *values, const char *separator)
{
	for (const struct tc_yaml *value = values->first; value; value = value->next) {
		tc_text_add_words(text, separator, value);
		add_value(text, value);
		separator = ", ";
	}
}

static void add_part(struct tc_text *text, const struct tc_yaml *part, const struct tc_yaml *comp)
{
	if (part->kind == TC_YAML_SEQUENCE) {
		add_list(text, part, "(");
		tc_text_add_words(text, part->first ? ")" : "()", part);
	} else if (takes_list(comp)) {
		/* Falco gives it parentheses if it has none, and no quotes: it may be a list. */
		bool wrapped = part->text[0] == '(';

		tc_text_add_words(text, wrapped ? "" : "(", part);
		tc_text_add_node(text, part);
		tc_text_add_words(text, wrapped ? "" : ")", part);
	} else {
		add_value(text, part);
	}
}

static void add_tuple(struct tc_text *text, const struct tc_exception *exception,
		      const struct tc_yaml *tuple)
{
	const struct tc_yaml *field = exception->fields->first;
	const struct tc_yaml *comp = exception->comps ? exception->comps->first : NULL;
	const char *join = "(";

	for (const struct tc_yaml *part = tuple->first; part; part = part->next) {
		tc_text_add_words(text, join, field);
		tc_text_add_node(text, field);
		tc_text_add_words(text, " ", field);
		if (comp)
			tc_text_add_node(text, comp);
		else
			tc_text_add_words(text, "=", field);
		tc_text_add_words(text, " ", field);
		add_part(text, part, comp);
		join = " and ";
		field = field->next;
		comp = comp ? comp->next : NULL;
	}
	tc_text_add_words(text, ")", tuple);
}

static void add_tuples(struct tc_text *text, const struct tc_exception *exception)
{
	const char *join = " and not (";

	for (size_t i = 0; i < exception->n_values; i++) {
		for (const struct tc_yaml *tuple = exception->values[i]->first; tuple;
		     tuple = tuple->next) {
			if (!tuple->first)
				continue;
			tc_text_add_words(text, join, exception->name);
			add_tuple(text, exception, tuple);
			join = " or ";
		}
	}
	if (join[1] == 'o')
		tc_text_add_words(text, ")", exception->name);
}

static void add_single(struct tc_text *text, const struct tc_exception *exception)
{
	bool any = false;

	for (size_t i = 0; i < exception->n_values; i++) {
		if (!exception->values[i]->first)
			continue;
		if (!any) {
			tc_text_add_words(text, " and not (", exception->name);
			tc_text_add_node(text, exception->fields);
			tc_text_add_words(text, " ", exception->fields);
			if (exception->comps)
				tc_text_add_node(text, exception->comps);
			else
				tc_text_add_words(text, "in", exception->fields);
			tc_text_add_words(text, " (", exception->name);
		}
		add_list(text, exception->values[i], any ? ", " : "");
		any = true;
	}
	if (any)
		tc_text_add_words(text, "))", exception->name);
}

int tc_rule_condition(const struct tc_rule_source *rule, struct tc_diagnostics *diagnostics,
		      struct tc_text *ret_text)
{
	const struct tc_yaml *node = rule->condition.pieces[0].node;
	bool wrapped = rule->n_exceptions || rule->scope;

	if (wrapped)
		tc_text_add_words(ret_text, "(", node);
	tc_text_add_text(ret_text, &rule->condition);
	if (wrapped)
		tc_text_add_words(ret_text, ")", node);
	for (size_t i = 0; i < rule->n_exceptions; i++) {
		if (rule->exceptions[i].fields->kind == TC_YAML_SCALAR)
			add_single(ret_text, &rule->exceptions[i]);
		else
			add_tuples(ret_text, &rule->exceptions[i]);
	}
	if (rule->scope)
		tc_scope_add(ret_text, rule->scope);
	return tc_text_failed(ret_text) ? -ENOMEM : 0;
}
