/* SPDX-License-Identifier: Apache-2.0 */
/* Right sides of checks: the words that they stand for. */
#ifndef TOCSIN_RULES_COMPILE_GATHER_H
#define TOCSIN_RULES_COMPILE_GATHER_H

#include "rules/compile/compile.h"
#include "rules/compile/operand.h"

/*
 * Adds the words of a right side. Of a set (a list in parentheses, or a list's name) all, with the
 * lists that it names put in; else the one value, for which a list of one may stand. 0; -EINVAL,
 * which was told; -ENOMEM.
 */
int tc_gather(struct tc_compiler *compiler, const struct tc_term *operand, bool set,
	      struct tc_words *words);

#endif
