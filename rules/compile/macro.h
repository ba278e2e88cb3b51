/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros, each compiled once, before all rules.
 *
 * What is wrong in a macro is kept with it, and told when a rule uses it. Of one that no rule uses
 * only what breaks the language itself is an error, as in Falco; the rest are warnings.
 */
#ifndef TOCSIN_RULES_COMPILE_MACRO_H
#define TOCSIN_RULES_COMPILE_MACRO_H

#include "rules/compile/compile.h"

/* 0 or -ENOMEM. */
int tc_macros_init(struct tc_compiler *compiler);
void tc_macros_done(struct tc_compiler *compiler);

/* The node of a macro that is named in a condition. 0; -EINVAL, which was or will be told; -ENOMEM.
 */
int tc_compile_name(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node);

/* What is wrong, and how much of it is that fields are unknown. */
struct tc_faults {
	size_t errors, unknown;
	const struct tc_diagnostic *first; /* unknown field */
};

/* Adds the findings first to last - 1 of a list. */
void tc_faults_count(struct tc_faults *faults, const struct tc_diagnostics *diagnostics,
		     size_t first, size_t last);

/* Begins a rule: it names no macro yet. */
void tc_macros_begin(struct tc_compiler *compiler);
/* Adds what is wrong in the macros that the rule uses. */
void tc_macros_count_faults(struct tc_compiler *compiler, struct tc_faults *faults);
/* Tells what was found in the macros that the rule uses, unless it was told. */
void tc_macros_tell(struct tc_compiler *compiler);

#endif
