/* SPDX-License-Identifier: Apache-2.0 */
/* What rules that block or kill cannot do, with its place in the file. */
#ifndef TOCSIN_RULES_KERNEL_REVIEW_H
#define TOCSIN_RULES_KERNEL_REVIEW_H

#include "rules/compile/compile.h"
#include "rules/ruleset.h"

/* A rule in force that is to enforce something, as it was written. */
struct tc_enforcing {
	size_t rule; /* its place in the set */
	const struct tc_rule_source *source;
	const struct tc_ast *tree;
};

/*
 * Tells, for each of the rules, which of its parts the kernel cannot decide alone, and which kinds
 * of events it cannot refuse: as errors, or as warnings for a rule that has enforcement:
 * best_effort. 0 or -ENOMEM.
 */
int tc_kernel_review(struct tc_ruleset *set, const struct tc_compiler *compiler,
		     const struct tc_enforcing *rules, size_t n,
		     struct tc_diagnostics *diagnostics);

#endif
