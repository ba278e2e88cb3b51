/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/explain_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/kinds.h"
#include "agent/value.h"
#include "output/format/colour.h"
#include "output/format/json_writer.h"
#include "rules/compile/expression.h"

/* Items of a list that are shown. */
#define ITEMS_MAX 24

static const char *const kind_words[] = {
	[TC_AST_OR] = "or",	  [TC_AST_AND] = "and",	    [TC_AST_NOT] = "not",
	[TC_AST_MACRO] = "macro", [TC_AST_CHECK] = "check",
};

struct printing {
	const struct tc_explanation *why;
	const struct tc_written *written;
	const struct tc_explain_style *style;
	struct tc_buffer text;
};

static void add_place(struct tc_buffer *text, const struct tc_definition *definition)
{
	unsigned line, column;

	tc_source_position(definition->source, definition->where.node->start, &line, &column);
	tc_text_escape(text, definition->source->path, strlen(definition->source->path));
	tc_buffer_printf(text, ":%u", line);
}

/* Names of fields, each once. */
struct fields {
	void (*add)(const char *name, void *data);
	void *data;
	uint64_t *seen; /* bits by field id */
};

static void add_field(struct fields *fields, const struct tc_field *field)
{
	uint64_t bit = 1ULL << (field->id % 64), *word = &fields->seen[field->id / 64];

	if (!(*word & bit))
		fields->add(field->name, fields->data);
	*word |= bit;
}

static void add_expression(struct fields *fields, const struct tc_expression *expression)
{
	if (expression->field)
		add_field(fields, expression->field);
	for (uint32_t i = 0; i < expression->n_arguments; i++)
		add_expression(fields, &expression->arguments[i]);
}

static void add_fields(struct fields *fields, const struct tc_why *why)
{
	for (size_t i = 0; i < why->n_values; i++) {
		if (why->values[i].field)
			add_field(fields, why->values[i].field);
		else
			add_expression(fields, why->values[i].expression);
	}
	for (const struct tc_why *child = why->child; child; child = child->next)
		add_fields(fields, child);
}

/* Calls back for each field that the condition looks at. 0 or -ENOMEM. */
static int each_field(const struct tc_explanation *why, void (*add)(const char *name, void *data),
		      void *data)
{
	struct fields fields = {.add = add, .data = data};

	fields.seen = calloc((tc_field_count() + 63) / 64, sizeof(*fields.seen));
	if (!fields.seen)
		return -ENOMEM;
	add_fields(&fields, why->root);
	free(fields.seen);
	return 0;
}

/* --- for people --- */

struct names {
	struct tc_buffer *text;
	size_t count;
};

static void add_name(const char *name, void *data)
{
	struct names *names = data;

	tc_buffer_printf(names->text, "%s%s", names->count++ ? ", " : "", name);
}

static void add_kinds(struct tc_buffer *text, uint64_t kinds)
{
	if (kinds == tc_kinds_all())
		tc_buffer_add_string(text, "all");
	else if (kinds)
		tc_kinds_add(text, kinds, ", ");
	else
		tc_buffer_add_string(text, "none");
}

static int print_head(struct printing *printing)
{
	const struct tc_rule *rule = printing->why->rule;
	struct tc_buffer *text = &printing->text;
	struct names names = {.text = text};
	const char *bold = printing->style->colour ? TC_COLOUR_BOLD : "";
	const char *end = printing->style->colour ? TC_COLOUR_END : "";
	int error;

	tc_buffer_add_string(text, bold);
	tc_text_escape(text, rule->name, strlen(rule->name));
	tc_buffer_printf(text, "%s (%s)\n", end, tc_priority_name(rule->priority));
	tc_buffer_add_string(text, "  written in  ");
	tc_text_escape(text, rule->file, strlen(rule->file));
	tc_buffer_printf(text, ":%u:%u\n  can match   ", rule->line, rule->column);
	add_kinds(text, rule->kinds);
	tc_buffer_add_string(text, "\n  looks at    ");
	error = each_field(printing->why, add_name, &names);
	tc_buffer_add_string(text, "\n\n");
	return error;
}

/* Who decides a part, in a word; of one with children, who decides those. */
static const char *decider(const struct tc_why *why)
{
	const struct tc_split *split = &why->split;
	const char *all = "";

	if (!why->child && split->agent)
		return split->kernel || split->cgroup ? "both" : "agent";
	if (!why->child || !split->agent)
		return split->kernel ? "kernel" : split->cgroup ? "cgroup" : "";
	for (const struct tc_why *child = why->child; child; child = child->next) {
		const char *one = decider(child);

		if (!*all)
			all = one;
		else if (*one && strcmp(one, all))
			return "both";
	}
	return all;
}

static void add_reason(struct printing *printing, const struct tc_why *why)
{
	bool colour = printing->style->colour;

	if (printing->why->kind || !why->split.agent)
		return;
	tc_buffer_printf(&printing->text, "   %s# %s", colour ? TC_COLOUR_DIM : "",
			 tc_unjudged_text(why->split.why));
	if (why->split.kernel) {
		tc_buffer_add_string(&printing->text, ": ");
		tc_kinds_add(&printing->text, why->split.agent, ", ");
	}
	tc_buffer_add_string(&printing->text, colour ? TC_COLOUR_END : "");
}

static void begin_line(struct printing *printing, const struct tc_why *why, unsigned depth)
{
	struct tc_buffer *text = &printing->text;
	bool colour = printing->style->colour;

	if (printing->why->kind) {
		tc_buffer_printf(text, "%c ", why->decides ? '*' : ' ');
		if (colour)
			tc_buffer_add_string(text, why->holds ? "\033[32m" : "\033[31m");
		tc_buffer_printf(text, "%-5s  %s", why->holds ? "true" : "false",
				 colour ? TC_COLOUR_END : "");
	} else {
		tc_buffer_printf(text, "  %s%-6s%s  ", colour ? TC_COLOUR_DIM : "", decider(why),
				 colour ? TC_COLOUR_END : "");
	}
	for (unsigned i = 0; i < depth; i++)
		tc_buffer_add_string(text, "  ");
	if (colour && why->decides)
		tc_buffer_add_string(text, TC_COLOUR_BOLD);
}

static void add_values(struct printing *printing, const struct tc_why *why)
{
	struct tc_buffer *text = &printing->text;
	bool colour = printing->style->colour;

	if (!printing->why->kind)
		return;
	tc_buffer_printf(text, "   %s", colour ? TC_COLOUR_DIM : "");
	for (size_t i = 0; i < why->n_values; i++) {
		const struct tc_why_value *value = &why->values[i];

		tc_buffer_add_string(text, i ? ", " : "# ");
		tc_buffer_printf(text, value->shown ? "%s is `%s`" : "%s has no value: false",
				 value->name, value->shown);
	}
	tc_buffer_add_string(text, colour ? TC_COLOUR_END : "");
}

/* The lists that a check names, each in a line of its own. */
static void add_lists(struct printing *printing, const struct tc_why *why, unsigned depth,
		      uint32_t visibility)
{
	const struct tc_term *operand = why->ast->operand;
	const struct tc_term *word =
		operand && operand->kind == TC_TERM_LIST ? operand->children : operand;

	for (; word; word = word->next) {
		const struct tc_list *list = tc_written_list(printing->written, word, visibility);

		if (!list)
			continue;
		tc_buffer_add_string(&printing->text,
				     printing->why->kind ? "         " : "          ");
		for (unsigned i = 0; i <= depth; i++)
			tc_buffer_add_string(&printing->text, "  ");
		tc_buffer_printf(&printing->text, "%s = ", word->text);
		tc_written_items(printing->written, list, ITEMS_MAX, &printing->text);
		tc_buffer_add_char(&printing->text, '\n');
	}
}

/* visibility: of the rule or macro that the part is in. */
static void print_part(struct printing *printing, const struct tc_why *why, unsigned depth,
		       uint32_t visibility)
{
	struct tc_buffer *text = &printing->text;
	bool open = printing->style->expand || why->decides;
	const char *end = printing->style->colour ? TC_COLOUR_END : "";

	begin_line(printing, why, depth);
	if (why->ast->kind == TC_AST_CHECK) {
		tc_buffer_printf(text, "%s%s", why->text, end);
		add_values(printing, why);
		add_reason(printing, why);
		tc_buffer_add_char(text, '\n');
		if (open)
			add_lists(printing, why, depth, visibility);
		return;
	}
	if (why->ast->kind == TC_AST_MACRO) {
		const struct tc_definition *macro = tc_written_macro(printing->written, why->text);

		tc_buffer_printf(text, "%s%s   %s# macro, ", why->text, end,
				 printing->style->colour ? TC_COLOUR_DIM : "");
		if (macro) {
			add_place(text, macro);
			visibility = macro->visibility;
		}
		tc_buffer_printf(text, "%s\n", end);
		if (!open)
			return;
	} else {
		tc_buffer_printf(text, "%s%s\n", kind_words[why->ast->kind], end);
	}
	for (const struct tc_why *child = why->child; child; child = child->next)
		print_part(printing, child, depth + 1, visibility);
}

int tc_explain_print(const struct tc_explanation *why, const struct tc_written *written,
		     const struct tc_explain_style *style, FILE *stream)
{
	struct printing printing = {.why = why, .written = written, .style = style};
	int error = print_head(&printing);

	if (why->kind) {
		tc_explain_reason(why, &printing.text);
		tc_buffer_add_string(&printing.text, "\n\n");
	}
	print_part(&printing, why->root, 0, UINT32_MAX);
	if (tc_buffer_failed(&printing.text))
		error = -ENOMEM;
	if (error == 0)
		fwrite(printing.text.bytes, 1, printing.text.length, stream);
	tc_buffer_done(&printing.text);
	return error;
}

/* --- for programs --- */

static void put_name(const char *name, void *data)
{
	tc_json_string(data, name);
}

static void put_values(struct tc_json *json, const struct tc_explanation *why,
		       const struct tc_why *part)
{
	tc_json_key(json, "values");
	tc_json_object_begin(json);
	for (size_t i = 0; i < part->n_values; i++) {
		tc_json_key(json, part->values[i].name);
		if (part->values[i].shown)
			tc_json_text(json, part->values[i].shown, strlen(part->values[i].shown));
		else
			tc_json_null(json);
	}
	tc_json_object_end(json);
}

/* Who decides the part; nothing where its kind of event does. */
static void put_split(struct tc_json *json, const struct tc_why *part)
{
	if (!*decider(part))
		return;
	tc_json_key(json, "decided_by");
	tc_json_string(json, decider(part));
	if (!part->split.agent || part->child)
		return;
	tc_json_key(json, "why_agent");
	tc_json_string(json, tc_unjudged_text(part->split.why));
}

static void put_part(struct tc_json *json, const struct tc_explanation *why,
		     const struct tc_why *part)
{
	tc_json_object_begin(json);
	tc_json_key(json, "kind");
	tc_json_string(json, kind_words[part->ast->kind]);
	if (part->text) {
		tc_json_key(json, part->ast->kind == TC_AST_MACRO ? "name" : "text");
		tc_json_text(json, part->text, strlen(part->text));
	}
	if (why->kind) {
		tc_json_key(json, "holds");
		tc_json_bool(json, part->holds);
		tc_json_key(json, "decides");
		tc_json_bool(json, part->decides);
	}
	put_split(json, part);
	if (part->ast->kind == TC_AST_CHECK && why->kind)
		put_values(json, why, part);
	if (part->child) {
		tc_json_key(json, "parts");
		tc_json_array_begin(json);
		for (const struct tc_why *child = part->child; child; child = child->next)
			put_part(json, why, child);
		tc_json_array_end(json);
	}
	tc_json_object_end(json);
}

static int put_head(struct tc_json *json, const struct tc_explanation *why)
{
	const struct tc_rule *rule = why->rule;
	int error;

	tc_json_key(json, "rule");
	tc_json_string(json, rule->name);
	tc_json_key(json, "priority");
	tc_json_string(json, tc_priority_name(rule->priority));
	tc_json_key(json, "file");
	tc_json_string(json, rule->file);
	tc_json_key(json, "line");
	tc_json_uint(json, rule->line);
	tc_json_key(json, "column");
	tc_json_uint(json, rule->column);
	tc_json_key(json, "kinds");
	tc_kinds_json(json, rule->kinds);
	tc_json_key(json, "fields");
	tc_json_array_begin(json);
	error = each_field(why, put_name, json);
	tc_json_array_end(json);
	return error;
}

int tc_explain_print_json(const struct tc_explanation *why, const struct tc_written *written,
			  FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer buffer = {0}, reason = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &buffer};
	int error;

	tc_json_object_begin(&json);
	error = put_head(&json, why);
	if (why->kind) {
		tc_json_key(&json, "event");
		tc_json_string(&json, why->kind->name);
		tc_json_key(&json, "matched");
		tc_json_bool(&json, why->root->holds);
		tc_explain_reason(why, &reason);
		tc_json_key(&json, "reason");
		tc_json_string(&json, reason.bytes);
	}
	tc_json_key(&json, "condition");
	put_part(&json, why, why->root);
	tc_json_object_end(&json);
	if (error < 0 || tc_buffer_failed(&buffer) || tc_buffer_failed(&reason))
		return -ENOMEM;
	fprintf(stream, "%s\n", buffer.bytes);
	return 0;
}
