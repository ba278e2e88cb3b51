/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules keep back by themselves (rate_limit): alerts of one rule, and of one value of each
 * field that it names, beyond so many in a span. They are counted; the count is told when the span
 * ends.
 */
#ifndef TOCSIN_AGENT_RULE_LIMITS_H
#define TOCSIN_AGENT_RULE_LIMITS_H

#include "output/limit.h"
#include "rules/rules.h"

struct tc_rule_limits;

/* For the rules of a set, which must outlive them. 0, with NULL when no rule has a limit; -ENOMEM.
 */
int tc_rule_limits_new(const struct tc_ruleset *rules, struct tc_rule_limits **ret_limits);
/* Takes NULL. What is counted and not told is forgotten. */
void tc_rule_limits_free(struct tc_rule_limits *limits);

/* Whether a rule of the set speaks of an event that it matches; when not, that is counted. Takes
 * NULL: all speak. time_ns is since the epoch. */
bool tc_rule_limits_take(struct tc_rule_limits *limits, const struct tc_rule *rule,
			 struct tc_event *event, uint64_t time_ns);

/* Whether there is something to end before an event of a time; a clock that was set back is not
 * looked for. Takes NULL. */
bool tc_rule_limits_are_due(const struct tc_rule_limits *limits, uint64_t time_ns);

/*
 * Ends the spans that are over at a time since the epoch (UINT64_MAX: all), and calls back for each
 * in which alerts were kept back. All end where there are TC_LIMIT_KEYS_MAX of them: to be called
 * between two events. Takes NULL. Returns what a callback did that was not 0.
 */
int tc_rule_limits_end(struct tc_rule_limits *limits, uint64_t time_ns, tc_limit_callback callback,
		       void *context);

#endif
