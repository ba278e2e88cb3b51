/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of conditions, taken apart for one kind of event after the other: which conjunctions of
 * literals a node of the program holds for, or fails for.
 */
#ifndef TOCSIN_RULES_KERNEL_PART_H
#define TOCSIN_RULES_KERNEL_PART_H

#include "rules/kernel/clause.h"

/* A conjunction of literals and vetoes. */
struct tc_part {
	const uint32_t *literals, *vetoes; /* ascending; vetoes are numbers of clauses */
	uint32_t n, n_vetoes;
	bool exact; /* else it holds too often */
};

/* Of which one must hold. None: never. */
struct tc_parts {
	const struct tc_part *items;
	size_t n;
};

struct tc_parting {
	struct tc_clauses *clauses;
	unsigned kind;
	enum tc_action action;	       /* of the rules that it is done for */
	bool plain;		       /* without vetoes */
	bool failed;		       /* memory is out */
	uint8_t *shares;	       /* by node: enum tc_cgroup_share */
	const struct tc_parts **known; /* by node, action, plain, and whether it must hold */
	struct tc_arena arena;	       /* emptied with each kind */
};

int tc_parting_init(struct tc_parting *parting, struct tc_clauses *clauses);
void tc_parting_done(struct tc_parting *parting);
/* The next kind: parts of the one before are gone. */
void tc_parting_begin(struct tc_parting *parting, unsigned kind);
/* The parts for which a node holds. *ret_parts is always something. 0 or -ENOMEM. */
int tc_parts_of(struct tc_parting *parting, uint32_t node, enum tc_action action,
		const struct tc_parts **ret_parts);

/* Why a check is not judged, or TC_JUDGED; the literal of it, or of its opposite. */
enum tc_unjudged tc_parting_check(struct tc_parting *parting, uint32_t check, bool wants,
				  uint32_t *ret_literal);

/*
 * Whether a check asks for evt.type and names every system call that leads to this kind: it holds,
 * but for what no system call did. So it is for sure when it must hold, and not when it must not.
 */
bool tc_parting_is_any_type(const struct tc_parting *parting, uint32_t check);

/* For part.c: the number of a clause; one of the same content gets the kinds. 0 or -ENOMEM. */
int tc_clause_intern(struct tc_clauses *clauses, const struct tc_clause *clause,
		     uint32_t *ret_number);

#endif
