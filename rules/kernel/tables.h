/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of include/decide.h while they are being filled. */
#ifndef TOCSIN_RULES_KERNEL_TABLES_H
#define TOCSIN_RULES_KERNEL_TABLES_H

#include "rules/kernel/bits.h"
#include "rules/kernel/kernel.h"

struct tc_filling {
	struct tc_clauses *clauses;
	const struct tc_bits *bits;
	const struct tc_kernel_options *options;
	const struct tc_kernel_budget *budget;
	struct tc_kernel_counts *counts; /* of what is there so far */
	struct tc_tables *tables;
	struct tc_map rows;	/* by content */
	struct tc_map looks;	/* what a look is made of -> one that is there */
	struct tc_map findings; /* by content */
	struct tc_terms vetoes;
	bool *looked; /* by literal: judged in the kind that is being filled */
};

/* A clause, or a veto, with something to ask of what is looked at. */
struct tc_asking {
	uint32_t clause, literal;
};

/* All that is asked of what a look sees: subjects of the same value, and the asking, n of them. */
struct tc_look_plan {
	struct tc_subject subject; /* one of them */
	struct tc_place place;
	uint32_t *subjects;
	size_t n_subjects;
	struct tc_asking *asking; /* ascending by clause */
	size_t n_asking;
};

/* The number of a set of terms. 0, -E2BIG when there are too many, or -ENOMEM. */
int tc_filling_row(struct tc_filling *filling, const struct tc_terms *terms, uint16_t *ret_row);

/* Terms of clauses that do not ask, or of which as many things hold as they ask: each clause's
 * count of what does not hold is missing[]. */
struct tc_terms tc_filling_left(const struct tc_filling *filling, const uint32_t *missing);

/* Fills a look at a number or an address, or at a string. 0, -E2BIG or -ENOMEM. */
int tc_filling_spans(struct tc_filling *filling, const struct tc_look_plan *plan,
		     struct tc_look *look);
int tc_filling_string(struct tc_filling *filling, const struct tc_look_plan *plan,
		      struct tc_look *look);

/* Fills everything. 0, -E2BIG when it does not fit, or -ENOMEM. */
int tc_filling_run(struct tc_filling *filling);

#endif
