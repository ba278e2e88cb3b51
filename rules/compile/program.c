/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_LAST (UINT32_MAX >> 1)

int tc_program_seal(struct tc_program *program)
{
	program->verdicts = calloc(program->n_nodes + 1, sizeof(*program->verdicts));
	program->reads = calloc(program->n_inputs + 1, sizeof(*program->reads));
	program->values = calloc(program->n_inputs + 1, sizeof(*program->values));
	return program->verdicts && program->reads && program->values ? 0 : -ENOMEM;
}

void tc_program_done(struct tc_program *program)
{
	free(program->nodes);
	free(program->children);
	free(program->checks);
	free(program->inputs);
	free(program->verdicts);
	free(program->reads);
	free(program->values);
	tc_arena_done(&program->arena);
	*program = (struct tc_program){0};
}

void tc_program_next(struct tc_program *program)
{
	if (program->epoch == EPOCH_LAST) {
		memset(program->verdicts, 0, program->n_nodes * sizeof(*program->verdicts));
		memset(program->reads, 0, program->n_inputs * sizeof(*program->reads));
		program->epoch = 0;
	}
	program->epoch++;
}

static const struct tc_value *read_input(struct tc_program *program, struct tc_event *event,
					 uint32_t number)
{
	const struct tc_input *input = &program->inputs[number];
	struct tc_value *value = &program->values[number];

	if (program->reads[number] == program->epoch)
		return value;
	program->reads[number] = program->epoch;
	if (!tc_event_get(event, input->field, input->index, value) || value->type != input->type)
		value->type = TC_TYPE_NONE;
	return value;
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

static bool check_holds(struct tc_program *program, struct tc_event *event,
			const struct tc_check *check)
{
	const struct tc_value *value = read_input(program, event, check->input);

	if (value->type == TC_TYPE_NONE)
		return false;
	if (!check->test)
		return true;
	if (check->spread == TC_SPREAD_NONE)
		return check->test(&check->operand, value);
	return list_holds(check, value, program->inputs[check->input].field->flags & TC_FIELD_ANY);
}

static bool children_hold(struct tc_program *program, struct tc_event *event, uint64_t kind,
			  const struct tc_node *node)
{
	const uint32_t *child = &program->children[node->first], *end = child + node->n;
	bool stop = node->kind == TC_NODE_OR;

	for (; child < end; child++) {
		if (tc_program_holds(program, event, kind, *child) == stop)
			return stop;
	}
	return !stop;
}

bool tc_program_holds(struct tc_program *program, struct tc_event *event, uint64_t kind,
		      uint32_t number)
{
	const struct tc_node *node = &program->nodes[number];
	uint32_t verdict = program->verdicts[number];
	bool holds;

	if (!(node->may_hold & kind))
		return false;
	if (!(node->may_fail & kind))
		return true;
	if (verdict >> 1 == program->epoch)
		return verdict & 1;

	switch (node->kind) {
	case TC_NODE_CHECK:
		holds = check_holds(program, event, &program->checks[node->first]);
		break;
	case TC_NODE_NOT:
		holds = !tc_program_holds(program, event, kind, program->children[node->first]);
		break;
	default:
		holds = children_hold(program, event, kind, node);
		break;
	}
	program->verdicts[number] = program->epoch << 1 | holds;
	return holds;
}
