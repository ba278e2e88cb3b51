/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: what is looked at, an operator, and what it is compared with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/syscalls.h"
#include "rules/compile/compile.h"
#include "rules/compile/estimate.h"
#include "rules/compile/field.h"
#include "rules/compile/gather.h"
#include "rules/compile/input.h"
#include "rules/compile/kinds.h"
#include "rules/compile/operand.h"
#include "rules/compile/regex.h"
#include "rules/compile/test.h"

static unsigned class_of(enum tc_type type)
{
	switch (type) {
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		return TC_OPERATES_NUMBER;
	case TC_TYPE_BOOL:
		return TC_OPERATES_BOOL;
	case TC_TYPE_IP:
		return TC_OPERATES_IP;
	default:
		return TC_OPERATES_STRING;
	}
}

/* What a check looks at. A field that stands for either end of a connection is two. */
struct subject {
	struct tc_expression expression; /* of the first; the other one has the same type */
	uint32_t inputs[2];
	unsigned n;
};

/* Whether the operator fits the type. */
static int check_operator(struct tc_compiler *compiler, const struct tc_ast *ast,
			  const struct tc_expression *subject)
{
	const struct tc_operator *op = ast->op;
	bool whole = subject->type == TC_TYPE_LIST && !subject->gathered &&
		     op->kind != TC_OPERATOR_EXISTS && op->kind != TC_OPERATOR_IN &&
		     op->kind != TC_OPERATOR_INTERSECTS;
	struct tc_diagnostic *found;

	if ((op->types & class_of(subject->type)) && !whole)
		return 0;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_OPERATOR_TYPE,
				ast->operator_where,
				"operator `%s` has no meaning for `%s`, which is a %s", op->word,
				ast->subject->text, tc_type_name(subject->type));
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

/* The language resolves escapes before the expression sees them. */
static void warn_backspace(struct tc_compiler *compiler, const struct tc_words *words)
{
	const struct tc_term *word = words->items[0];

	if (!memchr(word->text, '\b', word->length))
		return;
	tc_diagnostic_hint(tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_REGEX_BACKSPACE,
					   word->where, "`\\b` in quotes is a backspace"),
			   "for the edge of a word write \\\\b, and `search`, which knows it");
}

/* Names of system calls are mistyped, and some of Falco's are no names of calls. */
static void warn_types(struct tc_compiler *compiler, const struct tc_words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct tc_term *word = words->items[i];
		const char *near;

		if (tc_is_event_type(word->text))
			continue;
		near = tc_syscall_nearest(word->text);
		struct tc_diagnostic *found = tc_where_report(
			compiler->diagnostics, TC_DIAGNOSTIC_TYPE_UNKNOWN, word->where,
			"no event has the type `%s`: it is no system call", word->text);
		if (near)
			tc_diagnostic_hint(found, "did you mean `%s`?", near);
	}
}

static bool is_equality(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_EQ || op == TC_OPERATOR_NE || op == TC_OPERATOR_IN;
}

static enum tc_spread spread_of(const struct tc_input *input, enum tc_operator_kind op)
{
	if (input->type != TC_TYPE_LIST || op == TC_OPERATOR_EXISTS)
		return TC_SPREAD_NONE;
	return op == TC_OPERATOR_IN && !input->gathered ? TC_SPREAD_ALL : TC_SPREAD_ANY;
}

/* Of operators that do the same the one that stands for them: checks of one meaning become one. */
static enum tc_operator_kind plain_operator(enum tc_operator_kind op)
{
	switch (op) {
	case TC_OPERATOR_INTERSECTS:
		return TC_OPERATOR_IN; /* how it goes about lists is the check's spread */
	case TC_OPERATOR_BCONTAINS:
		return TC_OPERATOR_CONTAINS;
	case TC_OPERATOR_BSTARTSWITH:
		return TC_OPERATOR_STARTSWITH;
	default:
		return op;
	}
}

static enum tc_type element_type(enum tc_type type)
{
	return type == TC_TYPE_LIST ? TC_TYPE_STRING : type;
}

/* Adds a check that is not there yet, whose operand is made, and its node. Takes the operand. */
static int add_check(struct tc_compiler *compiler, const struct tc_check *check,
		     const struct tc_words *words, const struct tc_buffer *key, uint32_t *ret_node)
{
	struct tc_program *program = compiler->program;
	const struct tc_input *input = &program->inputs[check->input];
	struct tc_node node = {.kind = TC_NODE_CHECK, .depth = 1};
	struct tc_check *checks =
		tc_compiler_room(program->checks, program->n_checks, sizeof(*checks));

	if (!checks) {
		if (tc_operator_is_regex(check->op))
			tc_regex_free(check->operand.regex);
		return -ENOMEM;
	}
	program->checks = checks;
	node.first = (uint32_t)program->n_checks;
	checks[program->n_checks++] = *check;
	tc_estimate_check(check, input, &node);
	tc_check_kinds(program, check, words, &node.may_hold, &node.may_fail);
	return tc_compiler_node(compiler, key->bytes, key->length, &node, ret_node);
}

/* The node of a check of an input with constants, which fit each other as far as that was looked
 * at. */
static int find_check(struct tc_compiler *compiler, enum tc_operator_kind op, uint32_t number,
		      struct tc_words *words, uint32_t *ret_node)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	const struct tc_input *input = &compiler->program->inputs[number];
	enum tc_type element = element_type(input->type);
	struct tc_check check = {.op = plain_operator(op),
				 .spread = spread_of(input, op),
				 .input = number,
				 .right = TC_INPUT_NONE,
				 .test = tc_test_for(plain_operator(op), element)};
	uint32_t head[] = {TC_NODE_CHECK, check.op, check.spread, check.input, check.right};
	int r;

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
	if (tc_operator_is_regex(op))
		warn_backspace(compiler, words);
	if (is_equality(check.op) && input->field && !strcmp(input->field->name, "evt.type"))
		warn_types(compiler, words);
	r = tc_operand_make(op, element, words, key.bytes + sizeof(head), key.length - sizeof(head),
			    compiler->diagnostics, &compiler->program->arena, &check.operand);
	return r ? r : add_check(compiler, &check, words, &key, ret_node);
}

/* The node of a check of a subject. Of two ends one must do what is asked, but both must differ. */
static int find_checks(struct tc_compiler *compiler, const struct tc_ast *ast,
		       enum tc_operator_kind op, const struct subject *subject,
		       struct tc_words *words, uint32_t *ret_node)
{
	enum tc_node_kind kind = op == TC_OPERATOR_NE ? TC_NODE_AND : TC_NODE_OR;
	uint32_t nodes[2];

	for (unsigned i = 0; i < subject->n; i++) {
		int r = find_check(compiler, op, subject->inputs[i], words, &nodes[i]);

		if (r)
			return r;
	}
	return tc_compiler_join(compiler, ast->where, kind, nodes, subject->n, ret_node);
}

/* --- another field on the right side --- */

static int refuse_right(struct tc_compiler *compiler, struct tc_where where, const char *name,
			const char *problem)
{
	tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_RIGHT, where, "`%s` %s", name,
			problem);
	return -EINVAL;
}

static bool has_right(const struct tc_expression *expression)
{
	return !expression->field || tc_field_has_right(expression->field->name);
}

static int check_right(struct tc_compiler *compiler, const struct tc_ast *ast,
		       const struct subject *subject, const struct tc_expression *right)
{
	const struct tc_expression *left = &subject->expression;
	bool set = ast->op->takes == TC_TAKES_SET;

	if (!ast->op->right)
		return refuse_right(compiler, ast->operator_where, ast->op->word,
				    "takes constants only, no other field");
	if (subject->n > 1 || !has_right(left))
		return refuse_right(compiler, ast->subject->where, ast->subject->text,
				    "cannot be compared with another field");
	if (!has_right(right))
		return refuse_right(compiler, ast->operand->where, right->field->name,
				    "cannot stand on the right side");
	if (left->type == TC_TYPE_LIST && !set)
		return refuse_right(compiler, ast->operator_where, ast->op->word,
				    "does not compare lists: use in or intersects");
	if (left->type == right->type)
		return 0;
	tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_RIGHT, ast->operand->where,
			"`%s` is a %s, and what is on the right side is a %s", ast->subject->text,
			tc_type_name(left->type), tc_type_name(right->type));
	return -EINVAL;
}

static int compile_right(struct tc_compiler *compiler, const struct tc_ast *ast,
			 const struct subject *subject, uint32_t *ret_node)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	struct tc_program *program = compiler->program;
	const struct tc_expression *left = &subject->expression;
	const struct tc_words none = {0};
	uint32_t number = subject->inputs[0];
	enum tc_operator_kind op = plain_operator(ast->op->kind);
	struct tc_expression right;
	int r = tc_expression_make(ast->operand, true, &program->arena, compiler->diagnostics,
				   &right);

	if (!r)
		r = check_right(compiler, ast, subject, &right);
	if (r)
		return r;
	/* To be in a set of one is to be equal. */
	if (op == TC_OPERATOR_IN && left->type != TC_TYPE_LIST)
		op = TC_OPERATOR_EQ;
	struct tc_check check = {.op = op,
				 .spread = spread_of(&program->inputs[number], ast->op->kind),
				 .input = number,
				 .test = tc_test_for(op, element_type(left->type))};
	r = tc_input_find(compiler, &right, &check.right);
	if (r)
		return r;
	uint32_t head[] = {TC_NODE_CHECK, check.op, check.spread, check.input, check.right};
	tc_buffer_add(&key, head, sizeof(head));
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&compiler->nodes, key.bytes, key.length, ret_node))
		return 0;
	return add_check(compiler, &check, &none, &key, ret_node);
}

/* --- anyof, allof, oneof --- */

static enum tc_node_kind modifier_node(const char *modifier)
{
	static const struct {
		const char *name;
		enum tc_node_kind kind;
	} rows[] = {
#define TC_MODIFIER(name, node, doc) {name, TC_NODE_##node},
#include "rules/language/words.def"
	};
	size_t i = 0;

	while (strcmp(rows[i].name, modifier))
		i++;
	return rows[i].kind;
}

/* A check for each of the words, joined as the modifier says. */
static int compile_each(struct tc_compiler *compiler, const struct tc_ast *ast,
			const struct subject *subject, struct tc_words *words, uint32_t *ret_node)
{
	enum tc_node_kind kind = modifier_node(ast->modifier);
	uint32_t *nodes;
	int r = 0;

	if (kind == TC_NODE_OR && ast->op->kind == TC_OPERATOR_EQ)
		return find_checks(compiler, ast, TC_OPERATOR_IN, subject, words, ret_node);
	/* All of nothing: that there is a value is enough. */
	if (kind == TC_NODE_AND && !words->count)
		return find_checks(compiler, ast, TC_OPERATOR_EXISTS, subject, words, ret_node);
	nodes = calloc(words->count + 1, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < words->count && r != -ENOMEM; i++) {
		struct tc_words one = {.items = &words->items[i], .count = 1};

		r = find_checks(compiler, ast, ast->op->kind, subject, &one, &nodes[i]) ?: r;
	}
	if (!r)
		r = tc_compiler_join(compiler, ast->where, kind, nodes, words->count, ret_node);
	free(nodes);
	return r;
}

/* --- the check as a whole --- */

/* The expressions of a subject, and their inputs. */
static int make_subject(struct tc_compiler *compiler, const struct tc_ast *ast,
			struct subject *ret_subject)
{
	const struct tc_term *term = ast->subject;
	const struct tc_either *either = term->kind == TC_TERM_FIELD && !term->argument
						 ? tc_either_by_name(term->text)
						 : NULL;
	const char *names[] = {either ? either->one : term->text, either ? either->other : NULL};
	struct subject subject = {.n = either ? 2 : 1};
	int r;

	/* The first comes last: it is the one that is kept. */
	for (unsigned i = subject.n; i--;) {
		struct tc_term one = *term;

		one.text = names[i];
		one.length = strlen(names[i]);
		r = tc_expression_make(&one, false, &compiler->program->arena,
				       compiler->diagnostics, &subject.expression);
		if (!r)
			r = check_operator(compiler, ast, &subject.expression);
		if (!r)
			r = tc_input_find(compiler, &subject.expression, &subject.inputs[i]);
		if (r)
			return r;
	}
	*ret_subject = subject;
	return 0;
}

int tc_compile_check(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node)
{
	__attribute__((cleanup(tc_words_done))) struct tc_words words = {0};
	bool right = ast->operand && ast->operand->kind == TC_TERM_CALL;
	bool set = ast->op->takes == TC_TAKES_SET || ast->modifier;
	struct subject subject;
	int r = make_subject(compiler, ast, &subject), failed = 0;

	/* What is on the right side may hold another mistake. */
	if (ast->operand && !right)
		failed = tc_gather(compiler, ast->operand, set, &words);
	if (r || failed)
		return failed == -ENOMEM ? failed : r == -ENOMEM ? r : -EINVAL;
	if (right)
		return compile_right(compiler, ast, &subject, ret_node);
	if (ast->modifier)
		return compile_each(compiler, ast, &subject, &words, ret_node);
	return find_checks(compiler, ast, ast->op->kind, &subject, &words, ret_node);
}
