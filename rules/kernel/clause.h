/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as clauses: a rule matches when all literals of one of its clauses hold and none of
 * that clause's vetoes does. A veto is a clause, too: "and not (a and b)".
 *
 * A clause may hold too often, where a part of the condition cannot be judged; where it does not it
 * is exact. A veto is always exact: one that is not is left out.
 */
#ifndef TOCSIN_RULES_KERNEL_CLAUSE_H
#define TOCSIN_RULES_KERNEL_CLAUSE_H

#include "rules/kernel/literal.h"
#include "rules/ruleset.h"

struct tc_clause {
	uint32_t rule;		  /* place in the set, from 0; of a veto 0 */
	uint8_t action;		  /* enum tc_action */
	uint64_t kinds;		  /* of events in which it stands for its rule */
	uint64_t exact;		  /* of those, where it holds only if the rule matches */
	const uint32_t *literals; /* n of them, ascending */
	const uint32_t *vetoes;	  /* n_vetoes numbers of clauses, ascending */
	uint32_t n, n_vetoes;
	bool is_crowded; /* it should enforce, and there is no bit for it */
};

struct tc_clauses {
	struct tc_ruleset *set;
	struct tc_literals literals;
	struct tc_arena arena;
	struct tc_map map;
	struct tc_clause *items;
	size_t n;
};

/* Makes the clauses of all rules. 0 or -ENOMEM. */
int tc_clauses_make(struct tc_clauses *clauses, struct tc_ruleset *set);
void tc_clauses_done(struct tc_clauses *clauses);

#endif
