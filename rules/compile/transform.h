/* SPDX-License-Identifier: Apache-2.0 */
/* What transformers do. Their names and types are in rules/language/words.def. */
#ifndef TOCSIN_RULES_COMPILE_TRANSFORM_H
#define TOCSIN_RULES_COMPILE_TRANSFORM_H

#include "rules/compile/expression.h"

/* Makes the value of a call from its arguments, of which each has a value. False: there is none. */
typedef bool (*tc_transform)(const struct tc_expression *call, const struct tc_value *given,
			     struct tc_arena *arena, struct tc_value *ret_value);

struct tc_transformer {
	const char *name;
	const char *takes;  /* a letter for each argument, see words.def */
	enum tc_type gives; /* NONE: the type of the first argument */
	tc_transform apply;
};

/* NULL when there is none of that name. */
const struct tc_transformer *tc_transformer_by_name(const char *name, size_t length);

/* Most arguments of one call. */
#define TC_TRANSFORM_ARGUMENTS_MAX 16

/* For getopt(), in getopt.c. */
bool tc_transform_getopt(const struct tc_expression *call, const struct tc_value *given,
			 struct tc_arena *arena, struct tc_value *ret_value);

#endif
