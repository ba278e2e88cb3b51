/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/test.h"

#include <stdlib.h>
#include <string.h>

#include "agent/value.h"
#include "rules/compile/expression.h"
#include "rules/compile/net.h"
#include "rules/compile/regex.h"

/* Whether bytes may be missing before those that are known. */
static bool is_front_open(const struct tc_value *value)
{
	return (value->flags & TC_VALUE_CUT) && (value->flags & TC_VALUE_TAIL);
}

/* Whether bytes may be missing behind those that are known. */
static bool is_end_open(const struct tc_value *value)
{
	return value->flags & TC_VALUE_UNREADABLE ||
	       (value->flags & TC_VALUE_CUT && !(value->flags & TC_VALUE_TAIL));
}

/*
 * The fewest bytes that the value has. Of a cut one at least one is missing; of an unreadable one
 * it may be nothing but the NUL.
 */
static uint64_t least_length(const struct tc_value *value)
{
	bool more = value->flags & TC_VALUE_CUT && !(value->flags & TC_VALUE_UNREADABLE);

	return (uint64_t)value->length + more;
}

/* Numbers */

#define NUMBER_TESTS(type, member, set)                                                            \
	static bool type##_eq(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member == operand->member;                                           \
	}                                                                                          \
	static bool type##_ne(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member != operand->member;                                           \
	}                                                                                          \
	static bool type##_lt(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member < operand->member;                                            \
	}                                                                                          \
	static bool type##_le(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member <= operand->member;                                           \
	}                                                                                          \
	static bool type##_gt(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member > operand->member;                                            \
	}                                                                                          \
	static bool type##_ge(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		return value->member >= operand->member;                                           \
	}                                                                                          \
	static bool type##_in(const struct tc_operand *operand, const struct tc_value *value)      \
	{                                                                                          \
		uint32_t low = 0, high = operand->n;                                               \
                                                                                                   \
		while (low < high) {                                                               \
			uint32_t middle = low + (high - low) / 2;                                  \
                                                                                                   \
			if (operand->set[middle] == value->member)                                 \
				return true;                                                       \
			if (operand->set[middle] < value->member)                                  \
				low = middle + 1;                                                  \
			else                                                                       \
				high = middle;                                                     \
		}                                                                                  \
		return false;                                                                      \
	}

NUMBER_TESTS(uint, uint, uints)
NUMBER_TESTS(sint, sint, sints)

/* Booleans */

static bool bool_eq(const struct tc_operand *operand, const struct tc_value *value)
{
	return value->yes == operand->yes;
}

static bool bool_ne(const struct tc_operand *operand, const struct tc_value *value)
{
	return value->yes != operand->yes;
}

static bool bool_in(const struct tc_operand *operand, const struct tc_value *value)
{
	return operand->yeses >> value->yes & 1;
}

/* Strings */

static bool string_eq(const struct tc_operand *operand, const struct tc_value *value)
{
	return tc_value_is_whole(value) && value->length == operand->length &&
	       !memcmp(value->bytes, operand->bytes, operand->length);
}

/* Whether the value differs from the operand whatever the bytes are that are not known. */
static bool string_ne(const struct tc_operand *operand, const struct tc_value *value)
{
	if (tc_value_is_whole(value))
		return !string_eq(operand, value);
	if (least_length(value) > operand->length)
		return true;
	if (!is_front_open(value))
		return memcmp(operand->bytes, value->bytes, value->length) != 0;
	if (!is_end_open(value))
		return memcmp(operand->bytes + operand->length - value->length, value->bytes,
			      value->length) != 0;
	return !memmem(operand->bytes, operand->length, value->bytes, value->length);
}

/*
 * How a value stands to the operand in the order of their bytes: *ret_order is below, at or above
 * 0. False when it is not known, because the first bytes are missing or those at which they differ.
 */
static bool order(const struct tc_operand *operand, const struct tc_value *value, int *ret_order)
{
	uint32_t known = value->length < operand->length ? value->length : operand->length;
	int difference;

	if (is_front_open(value))
		return false;
	difference = memcmp(value->bytes, operand->bytes, known);
	if (difference) {
		*ret_order = difference;
		return true;
	}
	if (is_end_open(value)) {
		*ret_order = 1;
		return least_length(value) > operand->length;
	}
	*ret_order = value->length < operand->length ? -1 : value->length > operand->length;
	return true;
}

static bool string_lt(const struct tc_operand *operand, const struct tc_value *value)
{
	int difference;

	return order(operand, value, &difference) && difference < 0;
}

static bool string_le(const struct tc_operand *operand, const struct tc_value *value)
{
	int difference;

	return order(operand, value, &difference) && difference <= 0;
}

static bool string_gt(const struct tc_operand *operand, const struct tc_value *value)
{
	int difference;

	return order(operand, value, &difference) && difference > 0;
}

static bool string_ge(const struct tc_operand *operand, const struct tc_value *value)
{
	int difference;

	return order(operand, value, &difference) && difference >= 0;
}

static bool string_contains(const struct tc_operand *operand, const struct tc_value *value)
{
	return memmem(value->bytes, value->length, operand->bytes, operand->length) != NULL;
}

static unsigned char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

/* The operand is in lower case. */
static bool string_icontains(const struct tc_operand *operand, const struct tc_value *value)
{
	for (uint32_t at = 0; at + operand->length <= value->length; at++) {
		uint32_t i = 0;

		while (i < operand->length &&
		       lower(value->bytes[at + i]) == (unsigned char)operand->bytes[i])
			i++;
		if (i == operand->length)
			return true;
	}
	return false;
}

/* Whether bytes are the operand, which is in lower case, in either case. */
static bool is_folded(const struct tc_operand *operand, const char *bytes)
{
	for (uint32_t i = 0; i < operand->length; i++) {
		if (lower(bytes[i]) != (unsigned char)operand->bytes[i])
			return false;
	}
	return true;
}

static bool string_iequals(const struct tc_operand *operand, const struct tc_value *value)
{
	return tc_value_is_whole(value) && value->length == operand->length &&
	       is_folded(operand, value->bytes);
}

static bool string_istartswith(const struct tc_operand *operand, const struct tc_value *value)
{
	if (is_front_open(value))
		return !operand->length;
	return value->length >= operand->length && is_folded(operand, value->bytes);
}

static bool string_iendswith(const struct tc_operand *operand, const struct tc_value *value)
{
	if (is_end_open(value))
		return !operand->length;
	return value->length >= operand->length &&
	       is_folded(operand, value->bytes + value->length - operand->length);
}

static bool string_startswith(const struct tc_operand *operand, const struct tc_value *value)
{
	if (is_front_open(value))
		return !operand->length;
	return value->length >= operand->length &&
	       !memcmp(value->bytes, operand->bytes, operand->length);
}

static bool string_endswith(const struct tc_operand *operand, const struct tc_value *value)
{
	if (is_end_open(value))
		return !operand->length;
	return value->length >= operand->length &&
	       !memcmp(value->bytes + value->length - operand->length, operand->bytes,
		       operand->length);
}

/* A pattern that begins with a star takes whatever goes before what it matches. */
static bool begins_open(const struct tc_operand *operand)
{
	return operand->length && operand->bytes[0] == '*';
}

/* A pattern that ends with a star takes whatever follows what it matches. */
static bool ends_open(const struct tc_operand *operand)
{
	uint32_t slashes = 0;

	if (!operand->length || operand->bytes[operand->length - 1] != '*')
		return false;
	while (slashes + 1 < operand->length &&
	       operand->bytes[operand->length - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

static bool glob(const struct tc_operand *operand, const struct tc_value *value, bool fold)
{
	if ((is_front_open(value) && !begins_open(operand)) ||
	    (is_end_open(value) && !ends_open(operand)))
		return false;
	return tc_glob(operand->bytes, operand->length, value->bytes, value->length, fold);
}

static bool string_glob(const struct tc_operand *operand, const struct tc_value *value)
{
	return glob(operand, value, false);
}

static bool string_iglob(const struct tc_operand *operand, const struct tc_value *value)
{
	return glob(operand, value, true);
}

static bool string_in(const struct tc_operand *operand, const struct tc_value *value)
{
	return tc_value_is_whole(value) &&
	       tc_string_set_has(operand->strings, value->bytes, value->length);
}

/* A byte that is no UTF-8 stands for one character, which only . and the like match. */
static bool string_regex(const struct tc_operand *operand, const struct tc_value *value)
{
	static const char stand_in = '\x1a';
	size_t length = value->length, at = tc_utf8_valid(value->bytes, length);
	char *text;

	if (!tc_value_is_whole(value))
		return false;
	if (at == length)
		return tc_regex_matches(operand->regex, value->bytes, length);
	text = malloc(length);
	if (!text)
		return false;
	memcpy(text, value->bytes, length);
	for (; at < length; at += 1 + tc_utf8_valid(text + at + 1, length - at - 1))
		text[at] = stand_in;
	bool holds = tc_regex_matches(operand->regex, text, length);
	free(text);
	return holds;
}

/* Internet addresses */

static bool ip_in(const struct tc_operand *operand, const struct tc_value *value)
{
	return tc_nets_have(operand->nets, operand->n, value->bytes);
}

static bool ip_ne(const struct tc_operand *operand, const struct tc_value *value)
{
	return !ip_in(operand, value);
}

/* Paths */

struct component {
	const char *bytes;
	size_t length;
};

/* Takes the next component off a path, however many slashes there are. False at its end. */
static bool next_component(const char **at, const char *end, struct component *ret_component)
{
	while (*at < end && **at == '/')
		(*at)++;
	if (*at == end)
		return false;
	const char *slash = memchr(*at, '/', (size_t)(end - *at));
	const char *stop = slash ? slash : end;
	*ret_component = (struct component){*at, (size_t)(stop - *at)};
	*at = stop;
	return true;
}

static bool leads_to(const struct tc_prefix *prefix, const struct tc_value *value)
{
	const char *at = prefix->bytes, *end = at + prefix->length;
	const char *path = value->bytes, *path_end = path + value->length;
	struct component wanted, found;

	while (next_component(&at, end, &wanted)) {
		if (is_front_open(value) || !next_component(&path, path_end, &found))
			return false;
		/* The last component that is known may go on. */
		if (path == path_end && is_end_open(value))
			return false;
		if (prefix->pattern ? !tc_glob(wanted.bytes, wanted.length, found.bytes,
					       found.length, false)
				    : wanted.length != found.length ||
					      memcmp(wanted.bytes, found.bytes, found.length))
			return false;
	}
	return true;
}

static bool string_pmatch(const struct tc_operand *operand, const struct tc_value *value)
{
	for (uint32_t i = 0; i < operand->n; i++) {
		if (leads_to(&operand->prefixes[i], value))
			return true;
	}
	return false;
}

static const tc_test tests[TC_OPERATOR_MAX][TC_TYPE_MAX] = {
	[TC_OPERATOR_EQ] = {[TC_TYPE_UINT] = uint_eq,
			    [TC_TYPE_INT] = sint_eq,
			    [TC_TYPE_BOOL] = bool_eq,
			    [TC_TYPE_IP] = ip_in,
			    [TC_TYPE_STRING] = string_eq},
	[TC_OPERATOR_NE] = {[TC_TYPE_UINT] = uint_ne,
			    [TC_TYPE_INT] = sint_ne,
			    [TC_TYPE_BOOL] = bool_ne,
			    [TC_TYPE_IP] = ip_ne,
			    [TC_TYPE_STRING] = string_ne},
	[TC_OPERATOR_LT] =
		{[TC_TYPE_UINT] = uint_lt, [TC_TYPE_INT] = sint_lt, [TC_TYPE_STRING] = string_lt},
	[TC_OPERATOR_LE] =
		{[TC_TYPE_UINT] = uint_le, [TC_TYPE_INT] = sint_le, [TC_TYPE_STRING] = string_le},
	[TC_OPERATOR_GT] =
		{[TC_TYPE_UINT] = uint_gt, [TC_TYPE_INT] = sint_gt, [TC_TYPE_STRING] = string_gt},
	[TC_OPERATOR_GE] =
		{[TC_TYPE_UINT] = uint_ge, [TC_TYPE_INT] = sint_ge, [TC_TYPE_STRING] = string_ge},
	[TC_OPERATOR_CONTAINS] = {[TC_TYPE_STRING] = string_contains},
	[TC_OPERATOR_ICONTAINS] = {[TC_TYPE_STRING] = string_icontains},
	[TC_OPERATOR_STARTSWITH] = {[TC_TYPE_STRING] = string_startswith},
	[TC_OPERATOR_ENDSWITH] = {[TC_TYPE_STRING] = string_endswith},
	[TC_OPERATOR_GLOB] = {[TC_TYPE_STRING] = string_glob},
	[TC_OPERATOR_IGLOB] = {[TC_TYPE_STRING] = string_iglob},
	[TC_OPERATOR_IN] = {[TC_TYPE_UINT] = uint_in,
			    [TC_TYPE_INT] = sint_in,
			    [TC_TYPE_BOOL] = bool_in,
			    [TC_TYPE_IP] = ip_in,
			    [TC_TYPE_STRING] = string_in},
	[TC_OPERATOR_IEQUALS] = {[TC_TYPE_STRING] = string_iequals},
	[TC_OPERATOR_ISTARTSWITH] = {[TC_TYPE_STRING] = string_istartswith},
	[TC_OPERATOR_IENDSWITH] = {[TC_TYPE_STRING] = string_iendswith},
	[TC_OPERATOR_SEARCH] = {[TC_TYPE_STRING] = string_regex},
	[TC_OPERATOR_REGEX] = {[TC_TYPE_STRING] = string_regex},
	[TC_OPERATOR_PMATCH] = {[TC_TYPE_STRING] = string_pmatch},
};

tc_test tc_test_for(enum tc_operator_kind op, enum tc_type type)
{
	return tests[op][type];
}
