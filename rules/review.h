/* SPDX-License-Identifier: Apache-2.0 */
/* What is odd about rules as a whole, though each of their parts is valid: warnings. */
#ifndef TOCSIN_RULES_REVIEW_H
#define TOCSIN_RULES_REVIEW_H

#include "rules/language/library.h"
#include "rules/ruleset.h"

/* The rules in force by their conditions. Zero-initialised is empty. */
struct tc_review {
	struct tc_map nodes; /* node -> number of the rule in the set */
};

void tc_review_done(struct tc_review *review);

/*
 * Looks at a rule; number is its place in the set, which holds it already. Tells that it can never
 * match, always matches, matches most kinds of events, or has the condition of an earlier one. 0 or
 * -ENOMEM.
 */
int tc_review_rule(struct tc_review *review, const struct tc_ruleset *set,
		   const struct tc_rule_source *from, size_t number,
		   struct tc_diagnostics *diagnostics);

/*
 * Tells which rules never get to speak when only the first that matches an event does, because an
 * earlier one matches wherever they do.
 */
void tc_review_shadows(const struct tc_ruleset *set, struct tc_diagnostics *diagnostics);

#endif
