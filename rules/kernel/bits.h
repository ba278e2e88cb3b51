/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clauses to bits. Where there are more clauses than bits, those of rules that alert share: clauses
 * that look at the same things in the same kinds of events share first, since a shared bit stays
 * while any of its clauses may hold. A shared bit has no vetoes. What enforces never shares.
 */
#ifndef TOCSIN_RULES_KERNEL_BITS_H
#define TOCSIN_RULES_KERNEL_BITS_H

#include "rules/kernel/clause.h"

#define TC_BIT_NONE UINT32_MAX

/* How much of the tables clauses of rules that alert may take. */
struct tc_kernel_budget {
	size_t bits;	 /* that they may have */
	uint32_t pieces; /* most pieces of a shape that they look for; 0: all */
	bool flat;	 /* they look for shapes up to a repeat in the middle only */
	bool narrow;	 /* they have vetoes, and look for shapes that must not be there */
};

struct tc_bits {
	uint32_t *bit;	   /* by clause: its bit, or TC_BIT_NONE */
	uint32_t *members; /* clauses in the order of their bits, n_members of them */
	uint32_t *first;   /* by bit: its first member; one more behind the last */
	uint32_t n;	   /* bits */
	uint32_t n_members;
	size_t shared;	/* clauses that share a bit */
	size_t dropped; /* vetoes that have none */
};

/* Gives bits to clauses. Clauses that enforce and are too many become ones that alert. 0 or
 * -ENOMEM.
 */
int tc_bits_make(struct tc_bits *bits, struct tc_clauses *clauses,
		 const struct tc_kernel_budget *budget);
void tc_bits_done(struct tc_bits *bits);

static inline void tc_terms_add(struct tc_terms *terms, uint32_t bit)
{
	terms->words[bit / 64] |= 1ULL << (bit % 64);
}

static inline void tc_terms_remove(struct tc_terms *terms, uint32_t bit)
{
	terms->words[bit / 64] &= ~(1ULL << (bit % 64));
}

static inline bool tc_terms_have(const struct tc_terms *terms, uint32_t bit)
{
	return terms->words[bit / 64] >> (bit % 64) & 1;
}

#endif
