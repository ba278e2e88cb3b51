/* SPDX-License-Identifier: Apache-2.0 */
/* Operands that are made of a value, for checks that compare one field with another. */
#ifndef TOCSIN_RULES_COMPILE_RIGHT_H
#define TOCSIN_RULES_COMPILE_RIGHT_H

#include "rules/compile/program.h"

/*
 * Makes the operand of an operator of a value; lies in the arena. False when there is none: the
 * value is missing, or not known to its last byte, so that nothing can be said of what is compared
 * with it.
 */
bool tc_right_operand(enum tc_operator_kind op, const struct tc_value *value,
		      struct tc_arena *arena, struct tc_operand *ret_operand);

#endif
