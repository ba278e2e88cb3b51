/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules an event is judged by.
 *
 * Most conditions need something that few events have: a name, a path, a word. For each kind of
 * event, and each rule that may match it, the checks are found of which one must hold for the rule
 * to match, and among several such sets the one that is thought to hold least often. The matchers
 * of their inputs are run first (see compile/program.h), and a rule is looked at only when one of
 * its checks came up. Rules that need no such thing are looked at always.
 */
#ifndef TOCSIN_RULES_DISPATCH_H
#define TOCSIN_RULES_DISPATCH_H

#include "rules/compile/program.h"

/* A rule to be looked at when a check came up. */
struct tc_wake {
	uint64_t kinds; /* of events */
	uint32_t rule;	/* place in the set */
};

/* The rules of one kind of event. */
struct tc_kind_rules {
	uint64_t *always; /* bits by rule */
	uint32_t *inputs; /* n_inputs, whose matchers are run */
	size_t n_inputs;
};

/* Zero-initialised is empty. */
struct tc_dispatch {
	struct tc_kind_rules kinds[TC_KIND_LIMIT];
	struct tc_wake *wakes; /* in the order of checks */
	uint32_t *first;       /* by check: place in wakes; one more at the end */
	uint64_t *awake;       /* bits by rule, for the event that is being judged */
	size_t n_words;	       /* of such bits */
};

/*
 * Makes the tables for rules whose conditions are these nodes of a sealed program. 0 or -ENOMEM.
 */
int tc_dispatch_init(struct tc_dispatch *dispatch, const struct tc_program *program,
		     const uint32_t *nodes, size_t n_rules);
void tc_dispatch_done(struct tc_dispatch *dispatch);

/* The rules to look at, as bits, for an event of a kind that the program has begun with. */
const uint64_t *tc_dispatch_wake(struct tc_dispatch *dispatch, struct tc_program *program,
				 struct tc_event *event, unsigned kind);

#endif
