/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/expression.h"
#include "rules/compile/matcher.h"
#include "rules/compile/regex.h"
#include "rules/compile/right.h"

#define EPOCH_LAST (UINT32_MAX >> 1)

/* Checks of one input from which on a matcher pays: measured, see tests/bench/README.md. */
#define MATCHER_LEAST 3
/* What checks of one input may cost in an event, in tests of few bytes, before its matcher is run.
 */
#define ASKED_MOST 4

static int make_matcher(struct tc_program *program, uint32_t number)
{
	struct tc_patterns patterns = {0};
	int r = 0;

	for (uint32_t i = 0; i < program->n_checks && !r; i++) {
		struct tc_check *check = &program->checks[i];

		if (check->input != number || !check->odds)
			continue;
		r = tc_patterns_add(&patterns, check, i);
	}
	if (!r)
		r = tc_matcher_new(&patterns, &program->inputs[number].matcher);
	tc_patterns_done(&patterns);
	return r;
}

static int make_matchers(struct tc_program *program)
{
	uint32_t *counts = calloc(program->n_inputs + 1, sizeof(*counts));
	int r = counts ? 0 : -ENOMEM;

	for (size_t i = 0; i < program->n_checks && !r; i++) {
		struct tc_check *check = &program->checks[i];

		if (!tc_patterns_has(check, &program->inputs[check->input]))
			continue;
		check->odds = tc_patterns_odds(check);
		counts[check->input]++;
	}
	for (size_t i = 0; i < program->n_checks && !r; i++) {
		if (counts[program->checks[i].input] < MATCHER_LEAST)
			program->checks[i].odds = 0;
	}
	for (uint32_t i = 0; i < program->n_inputs && !r; i++) {
		if (counts[i] >= MATCHER_LEAST)
			r = make_matcher(program, i);
	}
	free(counts);
	return r;
}

int tc_program_seal(struct tc_program *program)
{
	program->verdicts = calloc(program->n_nodes + 1, sizeof(*program->verdicts));
	program->readings = calloc(program->n_inputs + 1, sizeof(*program->readings));
	program->came_up = calloc(program->n_checks + 1, sizeof(*program->came_up));
	program->came = calloc(program->n_checks + 1, sizeof(*program->came));
	if (!program->verdicts || !program->readings || !program->came_up || !program->came)
		return -ENOMEM;
	return make_matchers(program);
}

void tc_program_done(struct tc_program *program)
{
	for (size_t i = 0; i < program->n_inputs; i++)
		tc_matcher_free(program->inputs[i].matcher);
	for (size_t i = 0; i < program->n_checks; i++) {
		if (tc_operator_is_regex(program->checks[i].op))
			tc_regex_free(program->checks[i].operand.regex);
	}
	free(program->nodes);
	free(program->children);
	free(program->checks);
	free(program->inputs);
	free(program->verdicts);
	free(program->readings);
	free(program->came_up);
	free(program->came);
	tc_arena_done(&program->arena);
	*program = (struct tc_program){0};
}

/* Epochs begin anew. */
static void forget(struct tc_program *program)
{
	memset(program->verdicts, 0, program->n_nodes * sizeof(*program->verdicts));
	memset(program->readings, 0, program->n_inputs * sizeof(*program->readings));
	memset(program->came_up, 0, program->n_checks * sizeof(*program->came_up));
	program->epoch = 0;
}

void tc_program_next(struct tc_program *program)
{
	if (program->epoch == EPOCH_LAST)
		forget(program);
	program->epoch++;
	program->n_came = 0;
}

static struct tc_reading *read_input(struct tc_program *program, struct tc_event *event,
				     uint32_t number)
{
	const struct tc_input *input = &program->inputs[number];
	struct tc_reading *reading = &program->readings[number];

	if (reading->read == program->epoch)
		return reading;
	reading->read = program->epoch;
	reading->asked = 0;
	if (input->expression)
		tc_expression_get(input->expression, event, &reading->value);
	else if (!tc_event_get(event, input->field, input->index, &reading->value) ||
		 reading->value.type != input->type)
		reading->value.type = TC_TYPE_NONE;
	return reading;
}

const struct tc_value *tc_program_value(struct tc_program *program, struct tc_event *event,
					uint32_t input)
{
	return &read_input(program, event, input)->value;
}

/* A tc_found with the program as context. */
static void come_up(void *context, uint32_t check)
{
	struct tc_program *program = context;

	if (program->came_up[check] == program->epoch)
		return;
	program->came_up[check] = program->epoch;
	program->came[program->n_came++] = check;
}

void tc_program_match(struct tc_program *program, struct tc_event *event, uint32_t number)
{
	struct tc_reading *reading = read_input(program, event, number);

	if (reading->matched == program->epoch)
		return;
	reading->matched = program->epoch;
	if (reading->value.type != TC_TYPE_NONE)
		tc_matcher_run(program->inputs[number].matcher, &reading->value, come_up, program);
}

/*
 * What is known of an element of a list. One value that was taken apart (arguments) is cut in its
 * last element. In one that was put together (ancestors) the flags are those of all elements: any
 * of them may be the cut one, and any may be whole.
 */
static uint32_t element_flags(const struct tc_value *list, bool any, bool last)
{
	uint32_t flags = list->flags & (TC_VALUE_CUT | TC_VALUE_TAIL | TC_VALUE_UNREADABLE);

	if (!any)
		return last ? flags & ~TC_VALUE_TAIL : 0;
	return flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE) ? flags | TC_VALUE_UNREADABLE : 0;
}

/* Each element of a list ends with a NUL. any: the list was put together. */
static bool list_holds(const struct tc_check *check, const struct tc_value *list, bool any)
{
	const char *at = list->bytes, *end = at + list->length;
	bool open = list->flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE), holds = false;

	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		uint32_t length = (uint32_t)((nul ? nul : end) - at);
		struct tc_value element = {.type = TC_TYPE_STRING,
					   .flags =
						   element_flags(list, any, at + length + 1 >= end),
					   .bytes = at,
					   .length = length,
					   .size = length};

		holds = check->test(&check->operand, &element);
		if (holds != (check->spread == TC_SPREAD_ALL))
			return holds;
		at += length + 1;
	}
	/* Of a cut list not every element is known. */
	return holds && !open;
}

bool tc_check_holds(const struct tc_check *check, const struct tc_input *input,
		    const struct tc_value *value)
{
	if (!check->test)
		return true;
	if (check->spread == TC_SPREAD_NONE)
		return check->test(&check->operand, value);
	return list_holds(check, value, input->gathered);
}

/* Of operators that look at more than a few bytes: see ASKED_MOST. */
static const uint8_t tolls[TC_OPERATOR_MAX] = {
	[TC_OPERATOR_CONTAINS] = 2, [TC_OPERATOR_PMATCH] = 2, [TC_OPERATOR_ICONTAINS] = 5,
	[TC_OPERATOR_GLOB] = 3,	    [TC_OPERATOR_IGLOB] = 3,
};

/* What the matcher knows of a check. The first ones are tested rather than asking it. */
static bool can_hold(struct tc_program *program, struct tc_event *event, uint32_t number)
{
	const struct tc_check *check = &program->checks[number];
	struct tc_reading *reading = &program->readings[check->input];

	if (reading->matched != program->epoch) {
		reading->asked += tolls[check->op] ? tolls[check->op] : 1;
		if (reading->asked <= ASKED_MOST)
			return true;
		tc_program_match(program, event, check->input);
	}
	return program->came_up[number] == program->epoch;
}

/* Whether a check holds whose operand is the value of another input. */
static bool compared_holds(struct tc_program *program, struct tc_event *event,
			   const struct tc_check *check, const struct tc_value *value)
{
	struct tc_check compared = *check;

	return tc_right_operand(check->op, &read_input(program, event, check->right)->value,
				&event->arena, &compared.operand) &&
	       tc_check_holds(&compared, &program->inputs[check->input], value);
}

static bool check_holds(struct tc_program *program, struct tc_event *event, uint32_t number)
{
	const struct tc_check *check = &program->checks[number];
	const struct tc_value *value = &read_input(program, event, check->input)->value;

	if (value->type == TC_TYPE_NONE)
		return false;
	if (check->odds && !can_hold(program, event, number))
		return false;
	if (check->right != TC_INPUT_NONE)
		return compared_holds(program, event, check, value);
	return tc_check_holds(check, &program->inputs[check->input], value);
}

/* Whether exactly one child holds. */
static bool one_holds(struct tc_program *program, struct tc_event *event, uint64_t kind,
		      const struct tc_node *node)
{
	const uint32_t *child = &program->children[node->first], *end = child + node->n;
	unsigned holding = 0;

	for (; child < end && holding < 2; child++)
		holding += tc_program_holds(program, event, kind, *child);
	return holding == 1;
}

static bool find_out(struct tc_program *program, struct tc_event *event, uint64_t kind,
		     uint32_t number);

/* The verdict on a node, if it is known without looking at the event. */
static inline bool is_known(const struct tc_program *program, uint64_t kind, uint32_t number,
			    bool *ret_holds)
{
	const struct tc_node *node = &program->nodes[number];
	uint32_t verdict = program->verdicts[number];

	if (!(node->may_hold & kind)) {
		*ret_holds = false;
		return true;
	}
	if (!(node->may_fail & kind)) {
		*ret_holds = true;
		return true;
	}
	*ret_holds = verdict & 1;
	return verdict >> 1 == program->epoch;
}

static bool children_hold(struct tc_program *program, struct tc_event *event, uint64_t kind,
			  const struct tc_node *node)
{
	const uint32_t *child = &program->children[node->first], *end = child + node->n;
	bool stop = node->kind == TC_NODE_OR;

	for (; child < end; child++) {
		bool holds;

		if (!is_known(program, kind, *child, &holds))
			holds = find_out(program, event, kind, *child);
		if (holds == stop)
			return stop;
	}
	return !stop;
}

static bool find_out(struct tc_program *program, struct tc_event *event, uint64_t kind,
		     uint32_t number)
{
	const struct tc_node *node = &program->nodes[number];
	bool holds;

	switch (node->kind) {
	case TC_NODE_CHECK:
		holds = check_holds(program, event, node->first);
		break;
	case TC_NODE_NOT:
		holds = !tc_program_holds(program, event, kind, program->children[node->first]);
		break;
	case TC_NODE_ONE:
		holds = one_holds(program, event, kind, node);
		break;
	default:
		holds = children_hold(program, event, kind, node);
		break;
	}
	program->verdicts[number] = program->epoch << 1 | holds;
	return holds;
}

bool tc_program_holds(struct tc_program *program, struct tc_event *event, uint64_t kind,
		      uint32_t number)
{
	bool holds;

	return is_known(program, kind, number, &holds) ? holds
						       : find_out(program, event, kind, number);
}
