/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/estimate.h"
#include "rules/compile/fold.h"
#include "rules/compile/macro.h"
#include "rules/language/parser.h"

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
	int certain;
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};

	arrange(program, kind, children);
	if (children->count == 1) {
		*ret_node = children->items[0];
		return 0;
	}
	node = summarize(program, kind, children);
	certain = tc_fold_is_certain(program, kind, children->items, children->count);
	if (certain < 0)
		return certain;
	if (certain) {
		node.may_hold = kind == TC_NODE_AND ? 0 : tc_kinds_all();
		node.may_fail = kind == TC_NODE_AND ? tc_kinds_all() : 0;
	}
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

int tc_compile_text(struct tc_compiler *compiler, const struct tc_text *text, uint32_t *ret_node,
		    const struct tc_ast **ret_tree)
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
		r = tc_compile_name(compiler, ast, ret_node);
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
	return tc_macros_init(compiler);
}

void tc_compiler_done(struct tc_compiler *compiler)
{
	tc_macros_done(compiler);
	tc_map_done(&compiler->nodes);
	tc_map_done(&compiler->inputs);
}

void tc_faults_count(struct tc_faults *faults, const struct tc_diagnostics *diagnostics,
		     size_t first, size_t last)
{
	for (size_t i = first; i < last; i++) {
		const struct tc_diagnostic *found = &diagnostics->items[i];
		bool unknown = found->kind == TC_DIAGNOSTIC_FIELD_UNKNOWN;

		faults->errors += found->severity == TC_SEVERITY_ERROR;
		faults->unknown += unknown;
		if (unknown && !faults->first)
			faults->first = found;
	}
}

/* Compiles a rule into a list of findings of its own: when all of them are fields that are not
 * known, it is left out, as it says it may be. */
static int compile_optional(struct tc_compiler *compiler, const struct tc_rule_source *rule,
			    const struct tc_text *text, uint32_t *ret_node,
			    const struct tc_ast **ret_tree)
{
	struct tc_diagnostics *told = compiler->diagnostics, own = {0};
	struct tc_faults faults = {0};
	int r;

	compiler->diagnostics = &own;
	r = tc_compile_text(compiler, text, ret_node, ret_tree);
	compiler->diagnostics = told;
	if (r == -EINVAL) {
		tc_faults_count(&faults, &own, 0, own.count);
		tc_macros_count_faults(compiler, &faults);
	}
	if (faults.unknown && faults.unknown == faults.errors) {
		tc_where_report(told, TC_DIAGNOSTIC_SKIPPED, rule->definition.where,
				"rule `%s` is skipped: %s (line %u)", rule->definition.name,
				faults.first->message ? faults.first->message : "unknown field",
				faults.first->line);
		r = -ENOENT;
	}
	for (size_t i = 0; r != -ENOENT && i < own.count; i++)
		tc_diagnostics_take(told, &own.items[i]);
	if (r != -ENOENT)
		tc_macros_tell(compiler);
	tc_diagnostics_done(&own);
	return r;
}

int tc_compile_rule(struct tc_compiler *compiler, const struct tc_rule_source *rule,
		    uint32_t *ret_node, const struct tc_ast **ret_tree)
{
	__attribute__((cleanup(tc_text_done))) struct tc_text text = {0};
	int r = tc_rule_condition(rule, compiler->diagnostics, &text);

	if (r)
		return r;
	compiler->visibility = UINT32_MAX;
	tc_macros_begin(compiler);
	if (rule->skip_unknown)
		return compile_optional(compiler, rule, &text, ret_node, ret_tree);
	r = tc_compile_text(compiler, &text, ret_node, ret_tree);
	tc_macros_tell(compiler);
	return r;
}
