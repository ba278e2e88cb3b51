/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a condition that say the same, or the opposite. */
#ifndef TOCSIN_RULES_COMPILE_FOLD_H
#define TOCSIN_RULES_COMPILE_FOLD_H

#include "rules/compile/program.h"

/*
 * Whether children that are joined by AND exclude each other (a check and its opposite, one value
 * that is equal to two), or joined by OR leave nothing out (a check and its opposite). 1, 0, or
 * -ENOMEM.
 */
int tc_fold_is_certain(const struct tc_program *program, enum tc_node_kind kind,
		       const uint32_t *children, size_t n);

/*
 * Whether a holds wherever b does, as far as their structure tells: b is a, or has all parts that a
 * asks for, or a is one of several of which b is one. budget bounds the work; it is counted down,
 * and at 0 the answer is no.
 */
bool tc_fold_implies(const struct tc_program *program, uint32_t b, uint32_t a, unsigned *budget);

#endif
