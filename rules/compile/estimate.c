/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/estimate.h"

#include <string.h>

/* Nothing is as certain as to make all that follows free, or worthless. */
#define LEAST_LIKELY 1e-6F

/* In units of a comparison of numbers, beside reading the value; and how often it holds. */
static const struct {
	uint8_t cost;
	float likely; /* 0: as most checks of strings, seldom */
} operators[TC_OPERATOR_MAX] = {
	[TC_OPERATOR_EXISTS] = {0, 0.9F},  [TC_OPERATOR_NE] = {0, 0.9F},
	[TC_OPERATOR_LT] = {0, 0.5F},	   [TC_OPERATOR_LE] = {0, 0.5F},
	[TC_OPERATOR_GT] = {0, 0.5F},	   [TC_OPERATOR_GE] = {0, 0.5F},
	[TC_OPERATOR_IN] = {2, 0},	   [TC_OPERATOR_STARTSWITH] = {1, 0},
	[TC_OPERATOR_ENDSWITH] = {1, 0},   [TC_OPERATOR_CONTAINS] = {8, 0},
	[TC_OPERATOR_ICONTAINS] = {16, 0}, [TC_OPERATOR_GLOB] = {16, 0},
	[TC_OPERATOR_IGLOB] = {16, 0},	   [TC_OPERATOR_PMATCH] = {8, 0},
	[TC_OPERATOR_IEQUALS] = {2, 0},	   [TC_OPERATOR_ISTARTSWITH] = {2, 0},
	[TC_OPERATOR_IENDSWITH] = {2, 0},  [TC_OPERATOR_SEARCH] = {96, 0},
	[TC_OPERATOR_REGEX] = {64, 0},
};

static uint32_t cost_of_check(const struct tc_check *check, const struct tc_input *input)
{
	uint32_t cost = 1 + operators[check->op].cost + input->cost;

	if (input->type == TC_TYPE_STRING)
		cost += 1;
	return input->type == TC_TYPE_LIST ? cost * 4 + 8 : cost;
}

bool tc_estimate_says_little(const struct tc_input *input)
{
	const char *name = input->field ? input->field->name : "";

	return !strncmp(name, "evt.", 4) && strncmp(name, "evt.arg.", 8) != 0;
}

static float likely_of_check(const struct tc_check *check, const struct tc_input *input)
{
	if (operators[check->op].likely > 0)
		return operators[check->op].likely;
	if (tc_estimate_says_little(input))
		return 0.9F;
	return input->type == TC_TYPE_BOOL ? 0.5F : 0.05F;
}

void tc_estimate_check(const struct tc_check *check, const struct tc_input *input,
		       struct tc_node *node)
{
	node->cost = cost_of_check(check, input);
	node->likely = likely_of_check(check, input);
}

static float bounded(float likely)
{
	if (likely < LEAST_LIKELY)
		return LEAST_LIKELY;
	return likely > 1 - LEAST_LIKELY ? 1 - LEAST_LIKELY : likely;
}

void tc_estimate_joined(const struct tc_program *program, const uint32_t *children, size_t n,
			struct tc_node *node)
{
	double cost = 1;
	float reached = 1; /* how often the next child is looked at */

	for (size_t i = 0; i < n; i++) {
		const struct tc_node *child = &program->nodes[children[i]];

		cost += (double)reached * child->cost;
		if (node->kind != TC_NODE_ONE)
			reached *= node->kind == TC_NODE_AND ? child->likely : 1 - child->likely;
	}
	node->cost = cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX;
	if (node->kind == TC_NODE_ONE)
		node->likely = 0.5F;
	else
		node->likely = bounded(node->kind == TC_NODE_AND ? reached : 1 - reached);
}

double tc_estimate_rank(const struct tc_node *child, enum tc_node_kind kind)
{
	if (kind == TC_NODE_ONE)
		return child->cost;
	return child->cost / (kind == TC_NODE_AND ? 1.0 - child->likely : (double)child->likely);
}
