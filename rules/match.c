/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void tc_ruleset_measure(struct tc_ruleset *set, struct tc_rule_cost *costs)
{
	set->costs = costs;
}

static bool holds(struct tc_ruleset *set, struct tc_event *event, unsigned kind, size_t rule)
{
	return tc_program_holds(&set->program, event, TC_KIND_BIT(kind), set->nodes[rule]);
}

static bool measure(struct tc_ruleset *set, struct tc_event *event, unsigned kind, size_t rule)
{
	struct tc_rule_cost *cost = &set->costs[rule];
	uint64_t start_ns = now_ns();
	bool good = holds(set, event, kind, rule);

	cost->ns += now_ns() - start_ns;
	cost->looks++;
	cost->matches += good;
	return good;
}

static const uint64_t *wake(struct tc_ruleset *set, struct tc_event *event, unsigned kind)
{
	struct tc_rule_cost *cost = set->costs ? &set->costs[set->n_rules] : NULL;
	uint64_t start_ns = cost ? now_ns() : 0;
	const uint64_t *awake;

	tc_program_next(&set->program);
	awake = tc_dispatch_wake(&set->dispatch, &set->program, event, kind);
	if (cost) {
		cost->ns += now_ns() - start_ns;
		cost->looks++;
	}
	return awake;
}

size_t tc_ruleset_judge(struct tc_ruleset *set, struct tc_event *event,
			const struct tc_rule **ret_matches, size_t max)
{
	unsigned kind = event->record->kind;
	const uint64_t *awake;
	size_t n = 0;

	if (kind >= TC_KIND_LIMIT || !set->dispatch.kinds[kind].always)
		return 0;

	awake = wake(set, event, kind);
	for (size_t word = 0; word < set->dispatch.n_words; word++) {
		for (uint64_t rules = awake[word]; rules; rules &= rules - 1) {
			size_t rule = word * 64 + (size_t)__builtin_ctzll(rules);

			if (!(set->costs ? measure(set, event, kind, rule)
					 : holds(set, event, kind, rule)))
				continue;
			if (n < max)
				ret_matches[n] = &set->rules[rule];
			n++;
			if (set->first_only)
				return n;
		}
	}
	return n;
}
