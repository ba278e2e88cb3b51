/* SPDX-License-Identifier: Apache-2.0 */
/* What checks look at, each once in a program. */
#ifndef TOCSIN_RULES_COMPILE_INPUT_H
#define TOCSIN_RULES_COMPILE_INPUT_H

#include "rules/compile/compile.h"
#include "rules/compile/expression.h"

/* The number of the input with the expression's value; made if there is none. 0 or -ENOMEM. */
int tc_input_find(struct tc_compiler *compiler, const struct tc_expression *expression,
		  uint32_t *ret_input);

#endif
