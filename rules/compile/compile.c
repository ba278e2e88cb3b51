/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"
#include "rules/compile/estimate.h"
#include "rules/language/parser.h"

enum macro_state { MACRO_NEW, MACRO_BUSY, MACRO_DONE, MACRO_FAILED };

struct tc_compiled_macro {
	enum macro_state state;
	uint32_t node;
	const struct tc_ast *tree; /* NULL: trees do not stay */
};

/* Deepest recursion over trees and macros. */
#define DEPTH_MAX 1500

static int compile(struct tc_compiler *compiler, struct tc_ast *ast, uint32_t *ret_node);

void *tc_compiler_room(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array; /* there is room up to the next power of two */
	return reallocarray(array, count ? count * 2 : 1, size);
}

int tc_compiler_node(struct tc_compiler *compiler, const void *key, size_t length,
		     const struct tc_node *node, uint32_t *ret_node)
{
	struct tc_program *program = compiler->program;
	struct tc_node *nodes;

	if (tc_map_get(&compiler->nodes, key, length, ret_node))
		return 0;
	nodes = tc_compiler_room(program->nodes, program->n_nodes, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	program->nodes = nodes;
	nodes[program->n_nodes] = *node;
	*ret_node = (uint32_t)program->n_nodes++;
	return tc_map_add(&compiler->nodes, key, length, *ret_node);
}

/* Children of a node that is being made. */
struct children {
	uint32_t *items;
	size_t count;
};

static int add_child(struct children *children, uint32_t node)
{
	uint32_t *items = tc_compiler_room(children->items, children->count, sizeof(*items));

	if (!items)
		return -ENOMEM;
	children->items = items;
	items[children->count++] = node;
	return 0;
}

/* What children are put in order for. */
struct order {
	const struct tc_node *nodes;
	enum tc_node_kind kind;
};

static int compare_children(const void *left, const void *right, void *arg)
{
	const struct order *order = arg;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	double rank_a = tc_estimate_rank(&order->nodes[a], order->kind);
	double rank_b = tc_estimate_rank(&order->nodes[b], order->kind);

	if (rank_a < rank_b || rank_a > rank_b)
		return rank_a < rank_b ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Those that pay most first, each once. What cannot change the outcome is left out. */
static void arrange(const struct tc_program *program, enum tc_node_kind kind,
		    struct children *children)
{
	struct order order = {.nodes = program->nodes, .kind = kind};
	size_t n = 0;

	if (children->count)
		qsort_r(children->items, children->count, sizeof(*children->items),
			compare_children, &order);
	for (size_t i = 0; i < children->count; i++) {
		const struct tc_node *child = &program->nodes[children->items[i]];
		bool idle = kind == TC_NODE_AND ? !child->may_fail : !child->may_hold;

		if (idle || (n && children->items[n - 1] == children->items[i]))
			continue;
		children->items[n++] = children->items[i];
	}
	children->count = n;
}

static struct tc_node summarize(const struct tc_program *program, enum tc_node_kind kind,
				const struct children *children)
{
	struct tc_node node = {.kind = (uint8_t)kind, .n = (uint32_t)children->count, .depth = 1};

	node.may_hold = kind == TC_NODE_AND ? tc_kinds_all() : 0;
	node.may_fail = kind == TC_NODE_AND ? 0 : tc_kinds_all();
	for (size_t i = 0; i < children->count; i++) {
		const struct tc_node *child = &program->nodes[children->items[i]];

		if (kind == TC_NODE_AND) {
			node.may_hold &= child->may_hold;
			node.may_fail |= child->may_fail;
		} else {
			node.may_hold |= child->may_hold;
			/* A second one that holds makes "exactly one" fail. */
			node.may_fail &= kind == TC_NODE_OR ? child->may_fail : tc_kinds_all();
		}
		if (child->depth >= node.depth)
			node.depth = child->depth + 1;
	}
	tc_estimate_joined(program, children->items, children->count, &node);
	return node;
}

static int report_depth(struct tc_compiler *compiler, struct tc_where where)
{
	tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_DEPTH, where,
			"nested deeper than %d, macros included", TC_NODE_DEPTH_MAX);
	return -EINVAL;
}

/* The node that joins the children. One without children is a constant: and is true, or is false.
 */
static int make_joined(struct tc_compiler *compiler, struct tc_where where, enum tc_node_kind kind,
		       struct children *children, uint32_t *ret_node)
{
	struct tc_program *program = compiler->program;
	struct tc_node node;
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};

	arrange(program, kind, children);
	if (children->count == 1) {
		*ret_node = children->items[0];
		return 0;
	}
	node = summarize(program, kind, children);
	if (node.depth > TC_NODE_DEPTH_MAX)
		return report_depth(compiler, where);
	/* Certain for all kinds: no need to look at anything. */
	if (!node.may_hold || !node.may_fail) {
		node = (struct tc_node){
			.may_hold = node.may_hold, .may_fail = node.may_fail, .depth = 1};
		node.kind = node.may_hold ? TC_NODE_AND : TC_NODE_OR;
		children->count = 0;
	}
	tc_buffer_add_char(&key, (char)node.kind);
	tc_buffer_add(&key, children->items, children->count * sizeof(*children->items));
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&compiler->nodes, key.bytes, key.length, ret_node))
		return 0;

	node.first = (uint32_t)program->n_children;
	for (size_t i = 0; i < children->count; i++) {
		uint32_t *pool =
			tc_compiler_room(program->children, program->n_children, sizeof(*pool));

		if (!pool)
			return -ENOMEM;
		program->children = pool;
		pool[program->n_children++] = children->items[i];
	}
	return tc_compiler_node(compiler, key.bytes, key.length, &node, ret_node);
}

int tc_compiler_join(struct tc_compiler *compiler, struct tc_where where, enum tc_node_kind kind,
		     const uint32_t *nodes, size_t n, uint32_t *ret_node)
{
	struct children children = {0};
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = add_child(&children, nodes[i]);
	if (!r)
		r = make_joined(compiler, where, kind, &children, ret_node);
	free(children.items);
	return r;
}

static int compile_joined(struct tc_compiler *compiler, const struct tc_ast *ast,
			  uint32_t *ret_node)
{
	enum tc_node_kind kind = ast->kind == TC_AST_AND ? TC_NODE_AND : TC_NODE_OR;
	struct children children = {0};
	int r = 0;

	/* A mistake in one part does not keep the others from being looked at. */
	for (struct tc_ast *child = ast->children; child && r != -ENOMEM; child = child->next) {
		uint32_t node;
		int failed = compile(compiler, child, &node);

		if (!failed)
			failed = add_child(&children, node);
		r = failed ? failed : r;
	}
	if (!r)
		r = make_joined(compiler, ast->where, kind, &children, ret_node);
	free(children.items);
	return r;
}

static int compile_not(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node)
{
	struct tc_program *program = compiler->program;
	struct children children = {0};
	char key[1 + sizeof(uint32_t)] = {TC_NODE_NOT};
	uint32_t inner;
	int r = compile(compiler, ast->children, &inner);

	if (r)
		return r;
	const struct tc_node *below = &program->nodes[inner];
	if (below->kind == TC_NODE_NOT) {
		*ret_node = program->children[below->first];
		return 0;
	}
	if (!below->may_hold || !below->may_fail)
		return make_joined(compiler, ast->where, below->may_hold ? TC_NODE_OR : TC_NODE_AND,
				   &children, ret_node);
	if (below->depth >= TC_NODE_DEPTH_MAX)
		return report_depth(compiler, ast->where);

	memcpy(key + 1, &inner, sizeof(inner));
	if (tc_map_get(&compiler->nodes, key, sizeof(key), ret_node))
		return 0;
	struct tc_node node = {.kind = TC_NODE_NOT,
			       .may_hold = below->may_fail,
			       .may_fail = below->may_hold,
			       .depth = (uint16_t)(below->depth + 1),
			       .cost = below->cost,
			       .likely = 1 - below->likely,
			       .first = (uint32_t)program->n_children,
			       .n = 1};
	uint32_t *pool = tc_compiler_room(program->children, program->n_children, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	program->children = pool;
	pool[program->n_children++] = inner;
	return tc_compiler_node(compiler, key, sizeof(key), &node, ret_node);
}

static int compile_text(struct tc_compiler *compiler, const struct tc_text *text,
			uint32_t *ret_node, const struct tc_ast **ret_tree)
{
	struct tc_arena own = {0}, *arena = compiler->trees ? compiler->trees : &own;
	struct tc_ast *ast;
	int r = tc_condition_parse(text, arena, compiler->diagnostics, &ast);

	if (!r)
		r = compile(compiler, ast, ret_node);
	*ret_tree = !r && compiler->trees ? ast : NULL;
	tc_arena_done(&own);
	return r;
}

static int compile_macro(struct tc_compiler *compiler, size_t number)
{
	const struct tc_macro *macro = compiler->library->macros[number];
	struct tc_compiled_macro *compiled = &compiler->macros[number];
	uint32_t visibility = compiler->visibility;
	int r;

	if (compiled->state != MACRO_NEW)
		return 0;
	if (macro->definition.faulty || !macro->condition.n_pieces) {
		compiled->state = MACRO_FAILED;
		return 0;
	}
	compiled->state = MACRO_BUSY;
	compiler->visibility = macro->definition.visibility;
	r = compile_text(compiler, &macro->condition, &compiled->node, &compiled->tree);
	compiler->visibility = visibility;
	compiled->state = r ? MACRO_FAILED : MACRO_DONE;
	return r == -ENOMEM ? r : 0;
}

static int report_unknown_macro(struct tc_compiler *compiler, const struct tc_ast *ast)
{
	const struct tc_library *library = compiler->library;
	struct tc_nearest nearest = {.word = ast->name, .length = strlen(ast->name)};
	struct tc_diagnostic *found;

	/* It may be in the part of a file that could not be read. */
	if (library->partial)
		return -EINVAL;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_UNKNOWN, ast->where,
				"unknown macro `%s`", ast->name);
	for (size_t i = 0; found && i < library->n_macros; i++)
		tc_nearest_offer(&nearest, library->macros[i]->definition.name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else if (tc_library_list(library, ast->name, nearest.length))
		tc_diagnostic_hint(found, "`%s` is a list: write `field in (%s)`", ast->name,
				   ast->name);
	return -EINVAL;
}

static int report_cycle(struct tc_compiler *compiler, const struct tc_ast *ast)
{
	tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_CYCLE, ast->where,
			"macro `%s` contains itself", ast->name);
	return -EINVAL;
}

static int report_later(struct tc_compiler *compiler, const struct tc_ast *ast,
			const struct tc_definition *definition)
{
	unsigned line, column;
	struct tc_diagnostic *found =
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_UNKNOWN, ast->where,
				"macro `%s` is defined only later", ast->name);

	tc_source_position(definition->source, definition->where.node->start, &line, &column);
	tc_diagnostic_hint(found, "a macro sees those before it; move it up from %s:%u",
			   definition->source->path, line);
	return -EINVAL;
}

static int compile_name(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node)
{
	struct tc_library *library = compiler->library;
	uint32_t number;
	int r;

	if (!tc_map_get(&library->macro_names, ast->name, strlen(ast->name), &number))
		return report_unknown_macro(compiler, ast);

	struct tc_definition *definition = &library->macros[number]->definition;
	struct tc_compiled_macro *compiled = &compiler->macros[number];
	definition->used = true;
	if (compiled->state == MACRO_BUSY)
		return report_cycle(compiler, ast);
	if (definition->index >= compiler->visibility)
		return report_later(compiler, ast, definition);
	r = compile_macro(compiler, number);
	if (r)
		return r;
	if (compiled->state != MACRO_DONE)
		return -EINVAL; /* told where the macro is */
	*ret_node = compiled->node;
	return 0;
}

static int compile(struct tc_compiler *compiler, struct tc_ast *ast, uint32_t *ret_node)
{
	int r;

	if (compiler->depth >= DEPTH_MAX)
		return report_depth(compiler, ast->where);
	compiler->depth++;
	switch (ast->kind) {
	case TC_AST_OR:
	case TC_AST_AND:
		r = compile_joined(compiler, ast, ret_node);
		break;
	case TC_AST_NOT:
		r = compile_not(compiler, ast, ret_node);
		break;
	case TC_AST_MACRO:
		r = compile_name(compiler, ast, ret_node);
		break;
	case TC_AST_CHECK:
	default:
		r = tc_compile_check(compiler, ast, ret_node);
		break;
	}
	compiler->depth--;
	if (!r)
		ast->node = *ret_node;
	return r;
}

int tc_compiler_init(struct tc_compiler *compiler, struct tc_library *library,
		     struct tc_program *program)
{
	*compiler = (struct tc_compiler){
		.library = library, .diagnostics = library->diagnostics, .program = program};
	compiler->macros = calloc(library->n_macros + 1, sizeof(*compiler->macros));
	return compiler->macros ? 0 : -ENOMEM;
}

void tc_compiler_done(struct tc_compiler *compiler)
{
	free(compiler->macros);
	tc_map_done(&compiler->nodes);
	tc_map_done(&compiler->inputs);
}

int tc_compile_macros(struct tc_compiler *compiler)
{
	int r = 0;

	for (size_t i = 0; i < compiler->library->n_macros && !r; i++)
		r = compile_macro(compiler, i);
	return r;
}

const struct tc_ast *tc_compiler_macro(const struct tc_compiler *compiler, size_t number)
{
	return compiler->macros[number].tree;
}

int tc_compile_rule(struct tc_compiler *compiler, const struct tc_rule_source *rule,
		    uint32_t *ret_node, const struct tc_ast **ret_tree)
{
	__attribute__((cleanup(tc_text_done))) struct tc_text text = {0};
	int r = tc_rule_condition(rule, compiler->diagnostics, &text);

	compiler->visibility = UINT32_MAX;
	return r ? r : compile_text(compiler, &text, ret_node, ret_tree);
}
