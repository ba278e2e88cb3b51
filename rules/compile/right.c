/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/right.h"

#include <string.h>

#include "rules/compile/expression.h"
#include "rules/compile/net.h"
#include "rules/compile/test.h"

static bool string_operand(enum tc_operator_kind op, const struct tc_value *value,
			   struct tc_arena *arena, struct tc_operand *operand)
{
	char *folded;

	operand->bytes = value->bytes;
	operand->length = value->length;
	if (!tc_operator_folds(op))
		return true;
	/* Its test takes an operand in lower case. */
	operand->bytes = folded = tc_arena_copy(arena, value->bytes, value->length);
	for (uint32_t i = 0; folded && i < value->length; i++) {
		if (folded[i] >= 'A' && folded[i] <= 'Z')
			folded[i] += 'a' - 'A';
	}
	return folded != NULL;
}

static bool net_operand(const struct tc_value *value, struct tc_arena *arena,
			struct tc_operand *operand)
{
	struct tc_net *net = tc_arena_alloc(arena, sizeof(*net));

	if (!net)
		return false;
	memcpy(net->first, value->bytes, TC_IP_BYTES);
	memcpy(net->last, value->bytes, TC_IP_BYTES);
	operand->nets = net;
	operand->n = 1;
	return true;
}

/* The elements of a list as a set. */
static bool set_operand(const struct tc_value *value, struct tc_arena *arena,
			struct tc_operand *operand)
{
	const char *at = value->bytes, *end = at + value->length;
	size_t n = 0, room = value->length + 1; /* an element takes a byte at least */
	const char **strings = tc_arena_alloc(arena, room * sizeof(*strings));
	uint32_t *lengths = tc_arena_alloc(arena, room * sizeof(*lengths));

	if (!strings || !lengths)
		return false;
	while (at < end) {
		strings[n] = at;
		lengths[n] = (uint32_t)strnlen(at, (size_t)(end - at));
		at += lengths[n++] + 1;
	}
	operand->strings = tc_string_set_new(arena, strings, lengths, n);
	operand->n = (uint32_t)n;
	return operand->strings != NULL;
}

bool tc_right_operand(enum tc_operator_kind op, const struct tc_value *value,
		      struct tc_arena *arena, struct tc_operand *ret_operand)
{
	struct tc_operand operand = {0};
	bool made = true;

	if (value->type == TC_TYPE_NONE || !tc_value_is_whole(value))
		return false;
	switch (value->type) {
	case TC_TYPE_BOOL:
		operand.yes = value->yes;
		break;
	case TC_TYPE_STRING:
		made = string_operand(op, value, arena, &operand);
		break;
	case TC_TYPE_LIST:
		made = set_operand(value, arena, &operand);
		break;
	case TC_TYPE_IP:
		made = net_operand(value, arena, &operand);
		break;
	default:
		operand.uint = value->uint;
		break;
	}
	if (made)
		*ret_operand = operand;
	return made;
}
