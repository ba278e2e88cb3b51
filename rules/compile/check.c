/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: a field, an op, constants. */
#include <errno.h>
#include <string.h>

#include "agent/nearest.h"
#include "rules/compile/compile.h"
#include "rules/compile/field.h"
#include "rules/compile/kinds.h"
#include "rules/compile/operand.h"
#include "rules/compile/test.h"

/* Deepest nesting of lists in lists. */
#define LIST_DEPTH_MAX 100

static unsigned class_of(enum tc_type type)
{
	switch (type) {
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		return TC_OPERATES_NUMBER;
	case TC_TYPE_BOOL:
		return TC_OPERATES_BOOL;
	default:
		return TC_OPERATES_STRING;
	}
}

static void report_call(struct tc_compiler *compiler, const struct tc_term *call)
{
	const struct tc_field *field;
	struct tc_diagnostic *found;
	const char *near;
	int index;

	if (tc_transformer_known(call->text, call->length)) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_TRANSFORMER_NOT_YET,
				call->where, "transformer `%s` is not available yet", call->text);
	} else {
		found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_TRANSFORMER_UNKNOWN,
					call->where, "unknown transformer `%s`", call->text);
		near = tc_transformer_nearest(call->text, call->length);
		if (near)
			tc_diagnostic_hint(found, "did you mean `%s`?", near);
	}
	for (const struct tc_term *child = call->children; child; child = child->next) {
		if (child->kind == TC_TERM_CALL)
			report_call(compiler, child);
		else if (child->kind == TC_TERM_FIELD)
			tc_field_resolve(child->text, child->argument, child->where,
					 compiler->diagnostics, &field, &index);
	}
}

/* Whether a word of a list stands for another list that it sees. */
static struct tc_list *list_of(const struct tc_library *library, const struct tc_term *word,
			       uint32_t visibility)
{
	struct tc_list *list;

	if (word->quoted)
		return NULL;
	list = tc_library_list(library, word->text, word->length);
	return list && list->definition.index < visibility ? list : NULL;
}

/* Lists that are being put into one operand: each is put in once, and not into itself. */
struct expansion {
	struct tc_compiler *compiler;
	struct tc_words *words;
	struct tc_map seen;
	const struct tc_list *open[LIST_DEPTH_MAX];
	unsigned depth;
};

static int add_word(struct expansion *expansion, const struct tc_term *word)
{
	struct tc_compiler *compiler = expansion->compiler;

	if (++compiler->n_words > TC_COMPILE_WORDS_MAX) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_VALUES, word->where,
				"the conditions hold more than %d values", TC_COMPILE_WORDS_MAX);
		return -EINVAL;
	}
	return tc_words_add(expansion->words, word);
}

static bool is_open(const struct expansion *expansion, const struct tc_list *list)
{
	for (unsigned i = 0; i < expansion->depth; i++) {
		if (expansion->open[i] == list)
			return true;
	}
	return false;
}

/* Adds the values of a list; word is what names it. */
static int add_list(struct expansion *expansion, struct tc_list *list, const struct tc_term *word)
{
	struct tc_compiler *compiler = expansion->compiler;
	uint32_t ignored;
	int r = 0;

	list->definition.used = true;
	if (tc_map_get(&expansion->seen, &list, sizeof(list), &ignored))
		return 0;
	if (list->definition.faulty)
		return -EINVAL;
	if (expansion->depth == LIST_DEPTH_MAX) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_DEPTH, word->where,
				"lists in lists are nested deeper than %d", LIST_DEPTH_MAX);
		return -EINVAL;
	}
	r = tc_map_add(&expansion->seen, &list, sizeof(list), 0);
	expansion->open[expansion->depth++] = list;
	for (const struct tc_term *item = list->items; item && !r; item = item->next) {
		struct tc_list *inner =
			list_of(compiler->library, item, list->definition.visibility);

		/* A list that names itself means the word. */
		if (inner && !is_open(expansion, inner))
			r = add_list(expansion, inner, item);
		else
			r = add_word(expansion, item);
	}
	expansion->depth--;
	return r;
}

/* All values of a list in parentheses. */
static int add_terms(struct tc_compiler *compiler, const struct tc_term *list,
		     struct tc_words *words)
{
	struct expansion expansion = {.compiler = compiler, .words = words};
	int r = 0;

	for (const struct tc_term *word = list->children; word && !r; word = word->next) {
		struct tc_list *inner = list_of(compiler->library, word, UINT32_MAX);

		r = inner ? add_list(&expansion, inner, word) : add_word(&expansion, word);
	}
	tc_map_done(&expansion.seen);
	return r;
}

static int report_unknown_list(struct tc_compiler *compiler, const struct tc_term *word)
{
	const struct tc_library *library = compiler->library;
	struct tc_nearest nearest = {.word = word->text, .length = word->length};
	struct tc_diagnostic *found;

	if (library->partial)
		return -EINVAL;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_LIST_UNKNOWN, word->where,
				"unknown list `%s`", word->text);
	for (size_t i = 0; found && i < library->n_lists; i++)
		tc_nearest_offer(&nearest, library->lists[i]->definition.name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found, "for one value write `(%s)`", word->text);
	return -EINVAL;
}

/* The set behind in, intersects, pmatch: a list in parentheses, or a list's name. */
static int gather_set(struct tc_compiler *compiler, const struct tc_term *operand,
		      struct tc_words *words)
{
	struct expansion expansion = {.compiler = compiler, .words = words};
	struct tc_list *list;
	int r;

	if (operand->kind == TC_TERM_LIST)
		return add_terms(compiler, operand, words);
	list = list_of(compiler->library, operand, UINT32_MAX);
	if (!list)
		return report_unknown_list(compiler, operand);
	r = add_list(&expansion, list, operand);
	tc_map_done(&expansion.seen);
	return r;
}

/* The one value behind other operators. The name of a list with one item stands for it. */
static int gather_one(struct tc_compiler *compiler, const struct tc_term *operand,
		      struct tc_words *words)
{
	struct tc_list *list = list_of(compiler->library, operand, UINT32_MAX);
	struct expansion expansion = {.compiler = compiler, .words = words};
	struct tc_diagnostic *found;
	int r;

	if (!list)
		return tc_words_add(words, operand);
	r = add_list(&expansion, list, operand);
	tc_map_done(&expansion.seen);
	if (r || words->count == 1)
		return r;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_LIST_MISUSED, operand->where,
				"`%s` is a list of %zu values", operand->text, words->count);
	tc_diagnostic_hint(found, "use `in (%s)`, or put quotes around the word", operand->text);
	return -EINVAL;
}

static int gather(struct tc_compiler *compiler, const struct tc_ast *ast, struct tc_words *words)
{
	if (!ast->operand)
		return 0;
	if (ast->operand->kind == TC_TERM_CALL) {
		report_call(compiler, ast->operand);
		return -EINVAL;
	}
	return ast->op->takes == TC_TAKES_SET ? gather_set(compiler, ast->operand, words)
					      : gather_one(compiler, ast->operand, words);
}

/* Whether the operator is there at all, and fits the type. */
static int check_operator(struct tc_compiler *compiler, const struct tc_ast *ast,
			  const struct tc_field *field, int index)
{
	const struct tc_operator *op = ast->op;
	enum tc_type type = tc_field_type(field, index);
	bool whole = type == TC_TYPE_LIST && !(field->flags & TC_FIELD_ANY) &&
		     op->kind != TC_OPERATOR_EXISTS && op->kind != TC_OPERATOR_IN &&
		     op->kind != TC_OPERATOR_INTERSECTS;

	if (op->later || ast->modifier) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_OPERATOR_NOT_YET,
				op->later ? ast->operator_where : ast->modifier_where,
				"operator `%s` is not available yet",
				op->later ? op->word : ast->modifier);
		return -EINVAL;
	}
	if ((op->types & class_of(type)) && !whole)
		return 0;
	struct tc_diagnostic *found = tc_where_report(
		compiler->diagnostics, TC_DIAGNOSTIC_OPERATOR_TYPE, ast->operator_where,
		"operator `%s` has no meaning for `%s`, which is a %s", op->word, field->name,
		tc_type_name(type));
	if (whole)
		tc_diagnostic_hint(found, "use in, intersects or exists");
	return -EINVAL;
}

/* A value that is missing is not the text that stands for it in outputs. */
static void warn_na(struct tc_compiler *compiler, const struct tc_words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct tc_term *word = words->items[i];

		if (strcmp(word->text, "<NA>"))
			continue;
		tc_diagnostic_hint(tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_COMPARES_NA,
						   word->where, "no value is ever `<NA>`"),
				   "for a value that is missing use `not ... exists`");
	}
}

static int find_input(struct tc_compiler *compiler, const struct tc_field *field, int index,
		      uint32_t *ret_input)
{
	struct tc_program *program = compiler->program;
	int32_t key[2] = {field->id, index};
	struct tc_input *inputs;

	if (tc_map_get(&compiler->inputs, key, sizeof(key), ret_input))
		return 0;
	inputs = tc_compiler_room(program->inputs, program->n_inputs, sizeof(*inputs));
	if (!inputs)
		return -ENOMEM;
	program->inputs = inputs;
	inputs[program->n_inputs] = (struct tc_input){
		.field = field, .index = index, .type = tc_field_type(field, index)};
	*ret_input = (uint32_t)program->n_inputs++;
	return tc_map_add(&compiler->inputs, key, sizeof(key), *ret_input);
}

/* A guess at the work of a check, in units of a comparison of numbers. */
static uint32_t cost_of(const struct tc_check *check, const struct tc_input *input)
{
	static const uint8_t operators[TC_OPERATOR_MAX] = {
		[TC_OPERATOR_IN] = 2,	      [TC_OPERATOR_INTERSECTS] = 2,
		[TC_OPERATOR_STARTSWITH] = 1, [TC_OPERATOR_ENDSWITH] = 1,
		[TC_OPERATOR_CONTAINS] = 8,   [TC_OPERATOR_ICONTAINS] = 16,
		[TC_OPERATOR_GLOB] = 16,      [TC_OPERATOR_IGLOB] = 16,
		[TC_OPERATOR_PMATCH] = 8,
	};
	uint32_t cost = 1 + operators[check->op];

	if (input->type == TC_TYPE_STRING)
		cost += 1;
	if (input->field->get)
		cost += input->index < 0 ? 8 : 12;
	return input->type == TC_TYPE_LIST ? cost * 4 + 8 : cost;
}

static enum tc_spread spread_of(const struct tc_field *field, enum tc_type type,
				enum tc_operator_kind op)
{
	if (type != TC_TYPE_LIST || op == TC_OPERATOR_EXISTS)
		return TC_SPREAD_NONE;
	return op == TC_OPERATOR_IN && !(field->flags & TC_FIELD_ANY) ? TC_SPREAD_ALL
								      : TC_SPREAD_ANY;
}

/* Makes a check that is not there yet. head: bytes of the key before those of the operand. */
static int add_check(struct tc_compiler *compiler, struct tc_check *check, enum tc_type element,
		     const struct tc_words *words, const struct tc_buffer *key, size_t head,
		     uint32_t *ret_node)
{
	struct tc_program *program = compiler->program;
	const struct tc_input *input = &program->inputs[check->input];
	struct tc_node node = {.kind = TC_NODE_CHECK, .depth = 1, .cost = cost_of(check, input)};
	struct tc_check *checks;
	int r = tc_operand_make(check->op, element, words, key->bytes + head, key->length - head,
				&program->arena, &check->operand);

	if (r)
		return r;
	checks = tc_compiler_room(program->checks, program->n_checks, sizeof(*checks));
	if (!checks)
		return -ENOMEM;
	program->checks = checks;
	node.first = (uint32_t)program->n_checks;
	checks[program->n_checks++] = *check;
	tc_check_kinds(check, input, words, &node.may_hold, &node.may_fail);
	return tc_compiler_node(compiler, key->bytes, key->length, &node, ret_node);
}

/* The node of a check of a field with words, which fit each other as far as that was looked at. */
static int find_check(struct tc_compiler *compiler, enum tc_operator_kind op,
		      const struct tc_field *field, int index, struct tc_words *words,
		      uint32_t *ret_node)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};
	enum tc_type type = tc_field_type(field, index);
	enum tc_type element = type == TC_TYPE_LIST ? TC_TYPE_STRING : type;
	struct tc_check check = {
		.op = op, .spread = spread_of(field, type, op), .test = tc_test_for(op, element)};
	int r = find_input(compiler, field, index, &check.input);

	if (r)
		return r;
	uint32_t head[] = {TC_NODE_CHECK, check.op, check.spread, check.input};
	tc_buffer_add(&key, head, sizeof(head));
	r = tc_operand_key(op, element, words, compiler->diagnostics, &key);
	if (r)
		return r;
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&compiler->nodes, key.bytes, key.length, ret_node))
		return 0;
	if (element == TC_TYPE_STRING)
		warn_na(compiler, words);
	return add_check(compiler, &check, element, words, &key, sizeof(head), ret_node);
}

int tc_compile_check(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node)
{
	__attribute__((cleanup(tc_words_done))) struct tc_words words = {0};
	const struct tc_term *subject = ast->subject;
	const struct tc_field *field = NULL;
	int index = -1, r, failed;

	if (subject->kind == TC_TERM_CALL) {
		report_call(compiler, subject);
		r = -EINVAL;
	} else {
		r = tc_field_resolve(subject->text, subject->argument, subject->where,
				     compiler->diagnostics, &field, &index);
	}
	if (!r)
		r = check_operator(compiler, ast, field, index);
	else if (ast->op->later || ast->modifier)
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_OPERATOR_NOT_YET,
				ast->operator_where, "operator `%s` is not available yet",
				ast->modifier ? ast->modifier : ast->op->word);
	failed = ast->modifier ? 0 : gather(compiler, ast, &words);
	if (r || failed)
		return failed == -ENOMEM ? failed : -EINVAL;
	return find_check(compiler, ast->op->kind, field, index, &words, ret_node);
}
