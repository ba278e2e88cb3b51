/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/input.h"

#include <errno.h>
#include <string.h>

/* Bytes that two expressions of the same value share. */
static void add_key(struct tc_buffer *key, const struct tc_expression *expression)
{
	if (expression->field) {
		int32_t field[] = {'f', expression->field->id, expression->index};

		tc_buffer_add(key, field, sizeof(field));
		return;
	}
	if (!expression->transformer) {
		uint32_t constant[] = {'c', expression->type, expression->length};

		tc_buffer_add(key, constant, sizeof(constant));
		tc_buffer_add(key, expression->bytes, expression->length);
		return;
	}
	uint32_t call[] = {'t', expression->n_arguments, (unsigned char)expression->option};
	tc_buffer_add(key, call, sizeof(call));
	tc_buffer_add(key, &expression->transformer, sizeof(expression->transformer));
	for (uint32_t i = 0; i < expression->n_arguments; i++)
		add_key(key, &expression->arguments[i]);
}

/* A guess at the work of reading it, in units of a comparison of numbers. */
static uint32_t cost_of(const struct tc_expression *expression)
{
	uint32_t cost = 0;

	if (expression->field && expression->field->get)
		return expression->index < 0 ? 8 : 12;
	for (uint32_t i = 0; i < expression->n_arguments; i++)
		cost += 16 + cost_of(&expression->arguments[i]);
	return cost;
}

static int add_input(struct tc_program *program, const struct tc_expression *expression)
{
	struct tc_input *inputs =
		tc_compiler_room(program->inputs, program->n_inputs, sizeof(*inputs));
	struct tc_input input = {.field = expression->field,
				 .index = expression->index,
				 .type = expression->type,
				 .gathered = expression->gathered,
				 .kinds = expression->kinds,
				 .cost = cost_of(expression)};

	if (!inputs)
		return -ENOMEM;
	program->inputs = inputs;
	if (!expression->field) {
		struct tc_expression *copy = tc_arena_alloc(&program->arena, sizeof(*copy));

		if (!copy)
			return -ENOMEM;
		*copy = *expression;
		input.expression = copy;
	}
	inputs[program->n_inputs++] = input;
	return 0;
}

int tc_input_find(struct tc_compiler *compiler, const struct tc_expression *expression,
		  uint32_t *ret_input)
{
	struct tc_program *program = compiler->program;
	_cleanup_buffer_ struct tc_buffer key = {0};
	int r;

	add_key(&key, expression);
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&compiler->inputs, key.bytes, key.length, ret_input))
		return 0;
	r = add_input(program, expression);
	if (r)
		return r;
	*ret_input = (uint32_t)(program->n_inputs - 1);
	return tc_map_add(&compiler->inputs, key.bytes, key.length, *ret_input);
}
