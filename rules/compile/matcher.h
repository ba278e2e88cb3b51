/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All checks of one input at once: a hash of whole values, and automata for what is at their
 * start, at their end or anywhere, each run at most once for a value.
 */
#ifndef TOCSIN_RULES_COMPILE_MATCHER_H
#define TOCSIN_RULES_COMPILE_MATCHER_H

#include "rules/compile/patterns.h"

struct tc_matcher;

/* Makes a matcher of patterns, which need not live on. 0 or -ENOMEM. */
int tc_matcher_new(const struct tc_patterns *patterns, struct tc_matcher **ret_matcher);
void tc_matcher_free(struct tc_matcher *matcher);

/*
 * Tells of each check that a STRING, or an element of a LIST, has bytes for. A check may be told
 * more than once.
 */
void tc_matcher_run(struct tc_matcher *matcher, const struct tc_value *value, tc_found found,
		    void *context);

/* Whether every byte of a value is looked at, not only its start and end. */
bool tc_matcher_is_floating(const struct tc_matcher *matcher);
/* Bytes of memory. */
size_t tc_matcher_bytes(const struct tc_matcher *matcher);

#endif
