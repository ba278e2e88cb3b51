/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/expression.h"

#include <errno.h>
#include <string.h>

#include "rules/compile/field.h"
#include "rules/compile/transform.h"

bool tc_value_is_whole(const struct tc_value *value)
{
	return !(value->flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE));
}

/* What an expression is made with. */
struct maker {
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	unsigned depth;
};

static int make(struct maker *maker, const struct tc_term *term,
		struct tc_expression *ret_expression);

static int make_field(struct maker *maker, const struct tc_term *term,
		      struct tc_expression *ret_expression)
{
	struct tc_expression made = {0};
	int r = tc_field_resolve(term->text, term->argument, term->where, maker->diagnostics,
				 &made.field, &made.index);

	if (r)
		return r;
	made.type = tc_field_type(made.field, made.index);
	made.kinds = made.field->kinds;
	made.gathered = made.type == TC_TYPE_LIST && made.field->flags & TC_FIELD_ANY;
	*ret_expression = made;
	return 0;
}

static int make_constant(struct maker *maker, const struct tc_term *term,
			 struct tc_expression *ret_expression)
{
	const char *bytes = tc_arena_copy(maker->arena, term->text, term->length);

	*ret_expression = (struct tc_expression){.type = TC_TYPE_STRING,
						 .kinds = tc_kinds_all(),
						 .bytes = bytes,
						 .length = (uint32_t)term->length};
	return bytes ? 0 : -ENOMEM;
}

static int make_list(struct maker *maker, const struct tc_term *term,
		     struct tc_expression *ret_expression)
{
	size_t length = 0;
	char *bytes, *next;

	for (const struct tc_term *word = term->children; word; word = word->next)
		length += word->length + 1;
	bytes = next = tc_arena_alloc(maker->arena, length + 1);
	if (!bytes)
		return -ENOMEM;
	for (const struct tc_term *word = term->children; word; word = word->next)
		next = mempcpy(next, word->text, word->length + 1);
	*ret_expression = (struct tc_expression){.type = TC_TYPE_LIST,
						 .kinds = tc_kinds_all(),
						 .bytes = bytes,
						 .length = (uint32_t)length};
	return 0;
}

static int refuse(struct maker *maker, const struct tc_term *term, const char *problem,
		  const char *hint)
{
	struct tc_diagnostic *found =
		tc_where_report(maker->diagnostics, TC_DIAGNOSTIC_TRANSFORMER_TYPE, term->where,
				"transformer `%s` %s", term->text, problem);

	if (hint)
		tc_diagnostic_hint(found, "%s", hint);
	return -EINVAL;
}

static int report_unknown(struct maker *maker, const struct tc_term *call)
{
	struct tc_diagnostic *found =
		tc_where_report(maker->diagnostics, TC_DIAGNOSTIC_TRANSFORMER_UNKNOWN, call->where,
				"unknown transformer `%s`", call->text);
	const char *near = tc_transformer_nearest(call->text, call->length);
	struct tc_expression ignored;

	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
	/* What it is given may hold other mistakes. */
	for (const struct tc_term *child = call->children; child; child = child->next) {
		if (make(maker, child, &ignored) == -ENOMEM)
			return -ENOMEM;
	}
	return -EINVAL;
}

static bool fits(char takes, enum tc_type type)
{
	switch (takes) {
	case 's':
		return type == TC_TYPE_STRING;
	case 'l':
		return type == TC_TYPE_LIST;
	case 'e':
		return type == TC_TYPE_STRING || type == TC_TYPE_LIST;
	default:
		return true;
	}
}

/* The letter for the next argument; stays at one that may be repeated. */
static char next_letter(const char **takes)
{
	char letter = **takes;

	if (letter && (*takes)[1] != '+')
		(*takes)++;
	return letter;
}

static int report_type(struct maker *maker, const struct tc_term *call, const struct tc_term *given,
		       char takes, enum tc_type type)
{
	const char *wanted = takes == 's'   ? "a string"
			     : takes == 'l' ? "a list"
					    : "a string or a list";

	tc_where_report(maker->diagnostics, TC_DIAGNOSTIC_TRANSFORMER_TYPE, given->where,
			"`%s` takes %s here, `%s` is a %s", call->text, wanted,
			given->kind == TC_TERM_LIST ? "(...)" : given->text, tc_type_name(type));
	return -EINVAL;
}

/* Makes the arguments of a call, each of a type that fits. */
static int make_arguments(struct maker *maker, const struct tc_term *term,
			  struct tc_expression *call, struct tc_expression *arguments)
{
	const char *takes = call->transformer->takes;
	size_t least = strlen(takes) - (takes[strlen(takes) - 1] == '+');
	int r = 0;

	for (const struct tc_term *child = term->children; child; child = child->next) {
		struct tc_expression *made = &arguments[call->n_arguments];
		char letter = next_letter(&takes);

		if (!letter || call->n_arguments == TC_TRANSFORM_ARGUMENTS_MAX)
			return refuse(maker, term, "is given too many values", NULL);
		int failed = make(maker, child, made);
		if (!failed && !fits(letter, made->type))
			failed = report_type(maker, term, child, letter, made->type);
		if (failed == -ENOMEM)
			return failed;
		r = failed ? failed : r;
		call->n_arguments++;
		if (!r)
			call->kinds &= made->kinds;
	}
	if (call->n_arguments < least)
		return refuse(maker, term, "is given too few values", NULL);
	return r;
}

/* getopt(...)[x] asks for one option. */
static int make_option(struct maker *maker, const struct tc_term *term, struct tc_expression *call)
{
	if (!term->argument)
		return 0;
	if (strcmp(call->transformer->name, "getopt"))
		return refuse(maker, term, "takes nothing in brackets", NULL);
	if (strlen(term->argument) != 1)
		return refuse(maker, term, "takes one letter in brackets",
			      "getopt(...)[x] is the argument of -x");
	call->option = term->argument[0];
	call->type = TC_TYPE_STRING;
	return 0;
}

static int make_call(struct maker *maker, const struct tc_term *term,
		     struct tc_expression *ret_expression)
{
	struct tc_expression call = {.transformer =
					     tc_transformer_by_name(term->text, term->length),
				     .kinds = tc_kinds_all()};
	size_t room = TC_TRANSFORM_ARGUMENTS_MAX * sizeof(struct tc_expression);
	struct tc_expression *arguments;
	int r;

	if (maker->depth > TC_EXPRESSION_DEPTH_MAX)
		return refuse(maker, term, "is nested too deep", NULL);
	if (!call.transformer)
		return report_unknown(maker, term);
	arguments = tc_arena_alloc(maker->arena, room);
	if (!arguments)
		return -ENOMEM;
	memset(arguments, 0, room);
	r = make_arguments(maker, term, &call, arguments);
	if (r)
		return r;
	call.arguments = arguments;
	call.type = call.transformer->gives ? call.transformer->gives : arguments[0].type;
	call.gathered = call.type == TC_TYPE_LIST && arguments[0].gathered;
	r = make_option(maker, term, &call);
	if (r)
		return r;
	*ret_expression = call;
	return 0;
}

static int make(struct maker *maker, const struct tc_term *term,
		struct tc_expression *ret_expression)
{
	int r;

	switch (term->kind) {
	case TC_TERM_FIELD:
		return make_field(maker, term, ret_expression);
	case TC_TERM_LIST:
		return make_list(maker, term, ret_expression);
	case TC_TERM_CALL:
		if (!strcmp(term->text, "val"))
			return refuse(maker, term, "stands right behind an operator only",
				      "elsewhere write the field by itself");
		maker->depth++;
		r = make_call(maker, term, ret_expression);
		maker->depth--;
		return r;
	case TC_TERM_WORD:
	default:
		return make_constant(maker, term, ret_expression);
	}
}

int tc_expression_make(const struct tc_term *term, bool right, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, struct tc_expression *ret_expression)
{
	struct maker maker = {.arena = arena, .diagnostics = diagnostics};

	if (!right || term->kind != TC_TERM_CALL || strcmp(term->text, "val"))
		return make(&maker, term, ret_expression);
	if (!term->children || term->children->next || term->children->kind != TC_TERM_FIELD)
		return refuse(&maker, term, "takes one field", NULL);
	/* val(field) is the field. */
	return make(&maker, term->children, ret_expression);
}

bool tc_expression_get(const struct tc_expression *expression, struct tc_event *event,
		       struct tc_value *ret_value)
{
	struct tc_value given[TC_TRANSFORM_ARGUMENTS_MAX];

	if (expression->field) {
		if (tc_event_get(event, expression->field, expression->index, ret_value) &&
		    ret_value->type == expression->type)
			return true;
		ret_value->type = TC_TYPE_NONE;
		return false;
	}
	if (!expression->transformer) {
		*ret_value = (struct tc_value){.type = expression->type,
					       .bytes = expression->bytes,
					       .length = expression->length,
					       .size = expression->length};
		return true;
	}
	*ret_value = (struct tc_value){0};
	for (uint32_t i = 0; i < expression->n_arguments; i++) {
		if (!tc_expression_get(&expression->arguments[i], event, &given[i]))
			return false;
	}
	if (expression->transformer->apply(expression, given, &event->arena, ret_value))
		return true;
	*ret_value = (struct tc_value){0};
	return false;
}
