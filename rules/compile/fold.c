/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/fold.h"

#include <errno.h>
#include <stdlib.h>

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* The check behind a node that asks whether one value is equal to a constant; or NULL. */
static const struct tc_check *equality(const struct tc_program *program, uint32_t number)
{
	const struct tc_node *node = &program->nodes[number];
	const struct tc_check *check;

	if (node->kind != TC_NODE_CHECK)
		return NULL;
	check = &program->checks[node->first];
	/* Networks are equal to many addresses. */
	if (check->op != TC_OPERATOR_EQ || check->right != TC_INPUT_NONE ||
	    check->spread != TC_SPREAD_NONE || program->inputs[check->input].type == TC_TYPE_IP)
		return NULL;
	return check;
}

/* Whether one of the nodes is the opposite of another; sorted is n of them. */
static bool has_opposites(const struct tc_program *program, const uint32_t *sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct tc_node *node = &program->nodes[sorted[i]];

		if (node->kind == TC_NODE_NOT && bsearch(&program->children[node->first], sorted, n,
							 sizeof(*sorted), compare_numbers))
			return true;
	}
	return false;
}

/* Whether one input is to be equal to two constants. Equal checks are one node. */
static bool has_two_values(const struct tc_program *program, const uint32_t *children, size_t n,
			   uint32_t *inputs)
{
	size_t n_inputs = 0;

	for (size_t i = 0; i < n; i++) {
		const struct tc_check *check = equality(program, children[i]);

		if (check)
			inputs[n_inputs++] = check->input;
	}
	qsort(inputs, n_inputs, sizeof(*inputs), compare_numbers);
	for (size_t i = 1; i < n_inputs; i++) {
		if (inputs[i] == inputs[i - 1])
			return true;
	}
	return false;
}

int tc_fold_is_certain(const struct tc_program *program, enum tc_node_kind kind,
		       const uint32_t *children, size_t n)
{
	uint32_t *copy = NULL;
	bool certain;

	if (n < 2 || (kind != TC_NODE_AND && kind != TC_NODE_OR))
		return 0;
	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		copy[i] = children[i];
	qsort(copy, n, sizeof(*copy), compare_numbers);
	certain = has_opposites(program, copy, n) ||
		  (kind == TC_NODE_AND && has_two_values(program, children, n, copy));
	free(copy);
	return certain;
}

/* Whether it is so with one of the children of a node (or with all of them) in its place. */
static bool children_imply(const struct tc_program *program, uint32_t b, uint32_t a, bool of_b,
			   bool all, unsigned *budget)
{
	const struct tc_node *node = &program->nodes[of_b ? b : a];
	const uint32_t *child = &program->children[node->first], *end = child + node->n;

	for (; child < end; child++) {
		if (tc_fold_implies(program, of_b ? *child : b, of_b ? a : *child, budget) != all)
			return !all;
	}
	return all;
}

bool tc_fold_implies(const struct tc_program *program, uint32_t b, uint32_t a, unsigned *budget)
{
	enum tc_node_kind kind_a = program->nodes[a].kind, kind_b = program->nodes[b].kind;

	if (!*budget)
		return false;
	(*budget)--;
	if (a == b)
		return true;
	/* What must be so for each part first, then what one part is enough for. */
	if (kind_b == TC_NODE_OR)
		return children_imply(program, b, a, true, true, budget);
	if (kind_a == TC_NODE_AND)
		return children_imply(program, b, a, false, true, budget);
	if (kind_b == TC_NODE_AND && children_imply(program, b, a, true, false, budget))
		return true;
	return kind_a == TC_NODE_OR && children_imply(program, b, a, false, false, budget);
}
