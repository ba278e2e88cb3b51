/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/bracket.h"
#include "agent/buffer.h"
#include "agent/value.h"
#include "rules/compile/expression.h"
#include "rules/compile/transform.h"

/* Parts of one condition, macros written out. Macros in macros can stand for many more. */
#define PARTS_MAX 20000
/* Checks that a sentence names. */
#define NAMED_MAX 4
/* Bytes of a value that a sentence shows. */
#define SHOWN_MAX 120

struct explaining {
	struct tc_ruleset *set;
	const struct tc_written *written;
	struct tc_event *event; /* NULL: none */
	struct tc_arena *arena;
	struct tc_splitter *splitter;
	size_t rule;
	size_t n_parts;
	bool failed; /* memory is out */
};

/* --- as it is written --- */

static bool is_plain_word(const struct tc_term *term)
{
	if (!term->length)
		return false;
	for (size_t i = 0; i < term->length; i++)
		if (strchr(" \t\n\"'(),=", term->text[i]))
			return false;
	return true;
}

static void write_term(const struct tc_term *term, struct tc_buffer *text);

static void write_terms(const struct tc_term *terms, struct tc_buffer *text)
{
	tc_buffer_add_char(text, '(');
	for (const struct tc_term *term = terms; term; term = term->next) {
		write_term(term, text);
		if (term->next)
			tc_buffer_add_string(text, ", ");
	}
	tc_buffer_add_char(text, ')');
}

static void write_term(const struct tc_term *term, struct tc_buffer *text)
{
	switch (term->kind) {
	case TC_TERM_WORD: {
		const char *quote = term->quoted || !is_plain_word(term) ? "\"" : "";

		tc_buffer_add_string(text, quote);
		tc_text_escape(text, term->text, term->length);
		tc_buffer_add_string(text, quote);
		break;
	}
	case TC_TERM_FIELD:
		tc_buffer_add_string(text, term->text);
		if (term->argument)
			tc_buffer_printf(text, "[%s]", term->argument);
		break;
	case TC_TERM_CALL:
		tc_buffer_add_string(text, term->text);
		write_terms(term->children, text);
		break;
	case TC_TERM_LIST:
		write_terms(term->children, text);
		break;
	}
}

static void write_check(const struct tc_ast *ast, struct tc_buffer *text)
{
	write_term(ast->subject, text);
	tc_buffer_printf(text, " %s", ast->op->kind == TC_OPERATOR_EQ ? "=" : ast->op->word);
	if (ast->modifier)
		tc_buffer_printf(text, " %s", ast->modifier);
	if (ast->operand) {
		tc_buffer_add_char(text, ' ');
		write_term(ast->operand, text);
	}
}

static const char *keep(struct explaining *explaining, struct tc_buffer *text)
{
	const char *kept = tc_buffer_failed(text)
				   ? NULL
				   : tc_arena_copy(explaining->arena,
						   text->length ? text->bytes : "", text->length);

	tc_buffer_done(text);
	explaining->failed |= !kept;
	return kept ? kept : "";
}

const struct tc_definition *tc_written_macro(const struct tc_written *written, const char *name)
{
	const struct tc_macro *macro = tc_library_macro(&written->library, name, strlen(name));

	return macro ? &macro->definition : NULL;
}

const struct tc_list *tc_written_list(const struct tc_written *written, const struct tc_term *word,
				      uint32_t visibility)
{
	const struct tc_list *list =
		word->kind == TC_TERM_WORD && !word->quoted
			? tc_library_list(&written->library, word->text, word->length)
			: NULL;

	return list && list->definition.index < visibility ? list : NULL;
}

/* Lists that are being written into one another, as compile/gather.c puts them into an operand. */
struct writing {
	const struct tc_written *written;
	struct tc_buffer *text;
	size_t left;	    /* items that may still be written */
	bool full;	    /* the dots are there */
	struct tc_map seen; /* lists that need not be looked at again */
};

struct open_list {
	const struct tc_list *list;
	const struct open_list *outer;
};

static bool is_open(const struct open_list *open, const struct tc_list *list)
{
	while (open && open->list != list)
		open = open->outer;
	return open;
}

static void write_item(struct writing *writing, const struct tc_term *item)
{
	if (writing->text->bytes[writing->text->length - 1] != '(')
		tc_buffer_add_string(writing->text, ", ");
	writing->full = !writing->left;
	if (writing->full) {
		tc_buffer_add_string(writing->text, "...");
	} else {
		write_term(item, writing->text);
		writing->left--;
	}
}

/* Items that are names of lists stand for theirs, each once; one that is being written is a word.
 */
static bool write_items(struct writing *writing, const struct tc_list *list,
			const struct open_list *outer)
{
	const struct open_list open = {list, outer};
	uint32_t ignored;

	if (tc_map_get(&writing->seen, &list, sizeof(list), &ignored))
		return true;
	if (tc_map_add(&writing->seen, &list, sizeof(list), 0))
		return false;
	for (const struct tc_term *item = list->items; item; item = item->next) {
		const struct tc_list *inner =
			tc_written_list(writing->written, item, list->definition.visibility);

		if (writing->full || tc_buffer_failed(writing->text))
			return true;
		if (!inner || is_open(&open, inner))
			write_item(writing, item);
		else if (!write_items(writing, inner, &open))
			return false;
	}
	return true;
}

void tc_written_items(const struct tc_written *written, const struct tc_list *list, size_t max,
		      struct tc_buffer *text)
{
	struct writing writing = {.written = written, .text = text, .left = max};

	tc_buffer_add_char(text, '(');
	if (!tc_buffer_failed(text) && !write_items(&writing, list, NULL))
		text->failed = true;
	tc_buffer_add_char(text, ')');
	tc_map_done(&writing.seen);
}

/* --- the tree --- */

static bool has_value(const struct tc_why *why, const char *name)
{
	for (size_t i = 0; i < why->n_values; i++)
		if (strcmp(why->values[i].name, name) == 0)
			return true;
	return false;
}

static void write_field(const struct tc_field *field, int index, struct tc_buffer *text)
{
	tc_buffer_add_string(text, field->name);
	tc_bracket_print(text, index);
}

static void write_expression(const struct tc_expression *expression, struct tc_buffer *text)
{
	if (expression->field) {
		write_field(expression->field, expression->index, text);
		return;
	}
	if (!expression->transformer) {
		tc_text_escape(text, expression->bytes, expression->length);
		return;
	}
	tc_buffer_printf(text, "%s(", expression->transformer->name);
	for (uint32_t i = 0; i < expression->n_arguments; i++) {
		tc_buffer_add_string(text, i ? ", " : "");
		write_expression(&expression->arguments[i], text);
	}
	tc_buffer_add_char(text, ')');
}

static void add_value(struct explaining *explaining, uint32_t number, struct tc_why *why)
{
	const struct tc_input *input = &explaining->set->program.inputs[number];
	struct tc_buffer name = {0}, shown = {0};
	struct tc_why_value *value = &why->values[why->n_values];
	const struct tc_value *found;

	*value = (struct tc_why_value){.field = input->field, .expression = input->expression};
	if (input->field)
		write_field(input->field, input->index, &name);
	else
		write_expression(input->expression, &name);
	value->name = keep(explaining, &name);
	if (has_value(why, value->name))
		return;
	why->n_values++;
	if (!explaining->event)
		return;
	found = tc_program_value(&explaining->set->program, explaining->event, number);
	if (found->type == TC_TYPE_NONE && !(found->flags & TC_VALUE_UNREADABLE))
		return;
	tc_value_print(&shown, found, input->field ? input->field->show : TC_SHOW_text);
	value->shown = keep(explaining, &shown);
}

/* The inputs of all checks below a node: one that was written may have become several. */
static void each_input(struct explaining *explaining, uint32_t number, struct tc_why *why,
		       size_t *count)
{
	const struct tc_program *program = &explaining->set->program;
	const struct tc_node *node = &program->nodes[number];

	if (node->kind == TC_NODE_CHECK) {
		const struct tc_check *check = &program->checks[node->first];
		bool right = check->right != TC_INPUT_NONE;

		*count += right ? 2 : 1;
		if (why)
			add_value(explaining, check->input, why);
		if (why && right)
			add_value(explaining, check->right, why);
		return;
	}
	for (uint32_t i = 0; i < node->n; i++)
		each_input(explaining, program->children[node->first + i], why, count);
}

static void fill_check(struct explaining *explaining, struct tc_why *why)
{
	struct tc_buffer text = {0};
	size_t count = 0;

	write_check(why->ast, &text);
	why->text = keep(explaining, &text);
	each_input(explaining, why->ast->node, NULL, &count);
	why->values = tc_arena_alloc(explaining->arena, (count + 1) * sizeof(*why->values));
	if (why->values)
		each_input(explaining, why->ast->node, why, &count);
	explaining->failed |= !why->values;
}

static struct tc_why *build(struct explaining *explaining, const struct tc_ast *ast);

static void fill_macro(struct explaining *explaining, struct tc_why *why)
{
	const struct tc_library *library = &explaining->written->library;
	uint32_t number;

	why->text = why->ast->name;
	if (explaining->n_parts < PARTS_MAX &&
	    tc_map_get(&library->macro_names, why->text, strlen(why->text), &number) &&
	    explaining->written->macros[number])
		why->child = build(explaining, explaining->written->macros[number]);
}

/* Where it is decided; of an event, in its kind. */
static void split(struct explaining *explaining, struct tc_why *why)
{
	const struct tc_rule *rule = tc_ruleset_at(explaining->set, explaining->rule);
	uint64_t kinds =
		explaining->event ? TC_KIND_BIT(explaining->event->kind->kind) : rule->kinds;

	if (tc_splitter_find(explaining->splitter, why->ast->node, kinds,
			     (enum tc_action)rule->action, &why->split))
		explaining->failed = true;
}

static struct tc_why *build(struct explaining *explaining, const struct tc_ast *ast)
{
	struct tc_why *why = tc_arena_alloc(explaining->arena, sizeof(*why)), **link;
	struct tc_event *event = explaining->event;

	explaining->failed |= !why;
	if (!why)
		return NULL;
	*why = (struct tc_why){.ast = ast};
	explaining->n_parts++;
	split(explaining, why);
	if (event)
		why->holds = tc_program_holds(&explaining->set->program, event,
					      TC_KIND_BIT(event->kind->kind), ast->node);
	if (ast->kind == TC_AST_CHECK)
		fill_check(explaining, why);
	if (ast->kind == TC_AST_MACRO)
		fill_macro(explaining, why);
	link = &why->child;
	for (const struct tc_ast *child = ast->children; child; child = child->next) {
		*link = build(explaining, child);
		if (!*link)
			break;
		link = &(*link)->next;
	}
	return why;
}

/* --- what decides --- */

/* Whether one child alone makes the whole what it is. */
static bool needs_one(const struct tc_why *why)
{
	return (why->ast->kind == TC_AST_AND && !why->holds) ||
	       (why->ast->kind == TC_AST_OR && why->holds);
}

/* Checks that a reason would have to name. */
static size_t weigh(const struct tc_why *why)
{
	size_t weight = 0;

	if (!why->child)
		return 1;
	for (const struct tc_why *child = why->child; child; child = child->next) {
		size_t below;

		if (needs_one(why) && child->holds != why->holds)
			continue;
		below = weigh(child);
		if (!needs_one(why))
			weight += below;
		else if (!weight || below < weight)
			weight = below;
	}
	return weight;
}

static void mark(struct tc_why *why)
{
	struct tc_why *best = NULL;
	size_t least = 0;

	why->decides = true;
	for (struct tc_why *child = why->child; child; child = child->next) {
		size_t weight;

		if (!needs_one(why)) {
			mark(child);
			continue;
		}
		if (child->holds != why->holds)
			continue;
		weight = weigh(child);
		if (!best || weight < least) {
			best = child;
			least = weight;
		}
	}
	if (best)
		mark(best);
}

int tc_explain(struct tc_ruleset *set, const struct tc_written *written, size_t rule,
	       struct tc_event *event, struct tc_arena *arena, struct tc_explanation *ret_why)
{
	struct tc_splitter splitter;
	struct explaining explaining = {.set = set,
					.written = written,
					.event = event,
					.arena = arena,
					.splitter = &splitter,
					.rule = rule};
	struct tc_explanation why = {.rule = tc_ruleset_at(set, rule),
				     .kind = event ? event->kind : NULL};

	if (event)
		tc_program_next(&set->program);
	explaining.failed = tc_splitter_init(&splitter, set) != 0;
	if (!explaining.failed)
		why.root = build(&explaining, written->rules[rule]);
	tc_splitter_done(&splitter);
	if (explaining.failed)
		return -ENOMEM;
	if (event)
		mark(why.root);
	*ret_why = why;
	return 0;
}

/* --- in a sentence --- */

/* What is said of a value for which an operator holds, or does not; behind it the operand. */
static const struct {
	const char *holds, *fails;
} phrases[TC_OPERATOR_MAX] = {
	[TC_OPERATOR_EQ] = {"as the rule asks", "not"},
	[TC_OPERATOR_NE] = {"not", "but must not be"},
	[TC_OPERATOR_CONTAINS] = {"which contains", "which does not contain"},
	[TC_OPERATOR_ICONTAINS] = {"which contains", "which does not contain"},
	[TC_OPERATOR_STARTSWITH] = {"which starts with", "which does not start with"},
	[TC_OPERATOR_ENDSWITH] = {"which ends with", "which does not end with"},
	[TC_OPERATOR_GLOB] = {"which looks like", "which does not look like"},
	[TC_OPERATOR_IGLOB] = {"which looks like", "which does not look like"},
	[TC_OPERATOR_IN] = {"which is in", "which is not in"},
	[TC_OPERATOR_INTERSECTS] = {"of which one is in", "of which none is in"},
	[TC_OPERATOR_PMATCH] = {"which is below one of", "which is not below any of"},
	[TC_OPERATOR_IEQUALS] = {"which is", "which is not"},
	[TC_OPERATOR_ISTARTSWITH] = {"which begins with", "which does not begin with"},
	[TC_OPERATOR_IENDSWITH] = {"which ends with", "which does not end with"},
	[TC_OPERATOR_SEARCH] = {"which matches", "which does not match"},
	[TC_OPERATOR_REGEX] = {"which matches", "which does not match"},
};

struct saying {
	struct tc_buffer *text;
	const struct tc_kind_info *kind;
	size_t said, left_out;
	bool excluded; /* within a part that holds and must not */
	bool begun;    /* what comes next needs nothing before it */
};

static void say_value(struct saying *saying, const struct tc_why *why)
{
	for (size_t i = 0; i < why->n_values; i++) {
		const struct tc_why_value *value = &why->values[i];
		bool cut = value->shown && strlen(value->shown) > SHOWN_MAX;

		tc_buffer_add_string(saying->text, i ? " and " : "");
		tc_buffer_add_string(saying->text, value->name);
		if (value->shown)
			tc_buffer_printf(saying->text, " is `%.*s%s`", SHOWN_MAX, value->shown,
					 cut ? "..." : "");
		else if (value->field && !(value->field->kinds & TC_KIND_BIT(saying->kind->kind)))
			tc_buffer_printf(saying->text, " has no value in events of kind %s",
					 saying->kind->name);
		else
			tc_buffer_add_string(saying->text, " has no value");
	}
}

static bool is_missing(const struct tc_why *why)
{
	for (size_t i = 0; i < why->n_values; i++)
		if (why->values[i].shown)
			return false;
	return true;
}

static void say_operator(struct saying *saying, const struct tc_why *why)
{
	const struct tc_ast *ast = why->ast;
	const char *phrase =
		why->holds ? phrases[ast->op->kind].holds : phrases[ast->op->kind].fails;

	/* The value says it all. */
	if (!ast->operand || (saying->excluded && !ast->modifier &&
			      (ast->op->kind == TC_OPERATOR_EQ || ast->op->kind == TC_OPERATOR_NE)))
		return;
	if (ast->op->kind == TC_OPERATOR_EQ && why->holds && !ast->modifier) {
		tc_buffer_printf(saying->text, ", %s", phrase);
		return;
	}
	if (phrase && !ast->modifier) {
		tc_buffer_printf(saying->text, ", %s ", phrase);
	} else {
		tc_buffer_printf(saying->text, ", which is %s%s%s%s ", why->holds ? "" : "not ",
				 ast->op->word, ast->modifier ? " " : "",
				 ast->modifier ? ast->modifier : "");
	}
	write_term(ast->operand, saying->text);
}

static void say_next(struct saying *saying)
{
	if (!saying->begun)
		tc_buffer_add_string(saying->text, "; ");
	saying->begun = false;
}

/* A check that decides. */
static void say_check(struct saying *saying, const struct tc_why *why)
{
	if (saying->said == NAMED_MAX) {
		saying->left_out++;
		return;
	}
	saying->said++;
	say_next(saying);
	say_value(saying, why);
	if (is_missing(why) && why->ast->operand)
		tc_buffer_add_string(saying->text, ", and a check of a missing value is false");
	else if (!is_missing(why))
		say_operator(saying, why);
}

static void say(struct saying *saying, const struct tc_why *why);

/* A part that holds, behind a `not`: the whole does not hold because of it. */
static void say_excluded(struct saying *saying, const struct tc_why *why)
{
	bool is_check = why->ast->kind == TC_AST_CHECK;

	saying->excluded = !is_check;
	if (!is_check && saying->said < NAMED_MAX) {
		say_next(saying);
		tc_buffer_add_string(saying->text, "the rule excludes ");
		if (why->ast->kind == TC_AST_MACRO)
			tc_buffer_printf(saying->text, "%s, which holds: ", why->text);
		else
			tc_buffer_add_string(saying->text, "that ");
		saying->begun = true;
	}
	say(saying, why);
	if (is_check && !saying->left_out)
		tc_buffer_add_string(saying->text, ", which the rule excludes");
	saying->excluded = false;
}

static void say(struct saying *saying, const struct tc_why *why)
{
	bool excludes = why->ast->kind == TC_AST_NOT && !why->holds && !saying->excluded;

	if (!why->decides)
		return;
	if (why->ast->kind == TC_AST_CHECK)
		say_check(saying, why);
	for (const struct tc_why *child = why->child; child; child = child->next) {
		if (excludes)
			say_excluded(saying, child);
		else
			say(saying, child);
	}
}

void tc_explain_reason(const struct tc_explanation *why, struct tc_buffer *text)
{
	struct saying saying = {.text = text, .kind = why->kind, .begun = true};

	tc_buffer_add_string(text, why->root->holds ? "It matched: " : "It did not match: ");
	say(&saying, why->root);
	if (saying.left_out)
		tc_buffer_printf(text, "; and %zu more", saying.left_out);
	tc_buffer_add_char(text, '.');
}
