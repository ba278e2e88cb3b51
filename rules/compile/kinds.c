/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/kinds.h"

#include <string.h>

#include "agent/syscalls.h"

/* The value that a field has in every event of a kind. False when it is not that certain. */
static bool certain_value(const struct tc_field *field, unsigned kind, struct tc_value *ret_value)
{
	const struct tc_kind_info *info = tc_kind_info(kind);

	if (info && field->show == TC_SHOW_kind) {
		uint32_t length = (uint32_t)strlen(info->name);

		*ret_value = (struct tc_value){.type = TC_TYPE_STRING,
					       .bytes = info->name,
					       .length = length,
					       .size = length};
		return true;
	}
	if (!(field->const_kinds >> kind & 1) || field->member[kind])
		return false;
	*ret_value =
		(struct tc_value){.type = TC_TYPE_BOOL, .yes = field->const_values >> kind & 1};
	return true;
}

/* Kinds for which evt.type may be one of the words. */
static uint64_t kinds_of_types(const struct tc_words *words)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < words->count; i++)
		if (tc_is_event_type(words->items[i]->text))
			kinds |= tc_kinds_of_syscall(words->items[i]->text);
	return kinds;
}

bool tc_is_event_type(const char *word)
{
	return tc_kind_by_name(word) || tc_syscall_is_name(word);
}

static bool is_membership(enum tc_operator_kind op)
{
	return op == TC_OPERATOR_EQ || op == TC_OPERATOR_IN;
}

/* Kinds for which a check of a field with constants may hold, and may fail. */
static void narrow(const struct tc_check *check, const struct tc_field *field,
		   const struct tc_words *words, uint64_t *hold, uint64_t *fail)
{
	if (is_membership(check->op) && !strcmp(field->name, "evt.type"))
		*hold &= kinds_of_types(words);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		struct tc_value value;

		if (!(tc_kinds_all() >> kind & 1) || !certain_value(field, kind, &value))
			continue;
		if (!check->test || check->test(&check->operand, &value))
			*fail &= ~TC_KIND_BIT(kind);
		else
			*hold &= ~TC_KIND_BIT(kind);
	}
}

void tc_check_kinds(const struct tc_program *program, const struct tc_check *check,
		    const struct tc_words *words, uint64_t *ret_may_hold, uint64_t *ret_may_fail)
{
	const struct tc_input *input = &program->inputs[check->input];
	bool set = check->op == TC_OPERATOR_IN || check->op == TC_OPERATOR_PMATCH;
	uint64_t hold = input->kinds & tc_kinds_all(), fail = tc_kinds_all();

	if (check->right != TC_INPUT_NONE)
		hold &= program->inputs[check->right].kinds;
	else if (set && !words->count)
		hold = 0;
	else if (input->field)
		narrow(check, input->field, words, &hold, &fail);
	*ret_may_hold = hold;
	*ret_may_fail = fail;
}
