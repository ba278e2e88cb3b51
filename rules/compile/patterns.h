/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checks of strings look for: bytes that must be there for the check to hold, whatever else it
 * asks. A value that holds none of them fails the check; of one that does, the check's own test
 * decides. So cut and unreadable values (see test.h) need no care here: what a test takes for sure
 * is in the bytes that are known.
 */
#ifndef TOCSIN_RULES_COMPILE_PATTERNS_H
#define TOCSIN_RULES_COMPILE_PATTERNS_H

#include "rules/compile/automaton.h"
#include "rules/compile/program.h"

/* The whole value, besides the places that an automaton knows. */
#define TC_ANCHOR_WHOLE TC_ANCHOR_MAX

struct tc_pattern_list {
	struct tc_pattern *items;
	size_t count;
};

/* Zero-initialised is empty. */
struct tc_patterns {
	struct tc_pattern_list lists[TC_ANCHOR_WHOLE + 1];
	bool fold[TC_ANCHOR_MAX]; /* they may be there in either case */
	struct tc_arena arena;
};

/* Whether a check on an input can only hold when one of some bytes are there. */
bool tc_patterns_has(const struct tc_check *check, const struct tc_input *input);
/* Adds the patterns of a check that has some, owned by number. 0 or -ENOMEM. */
int tc_patterns_add(struct tc_patterns *patterns, const struct tc_check *check, uint32_t number);
void tc_patterns_done(struct tc_patterns *patterns);

/* A guess at how often a check that has patterns finds them, of 2^20. At least 1. */
uint32_t tc_patterns_odds(const struct tc_check *check);

#endif
