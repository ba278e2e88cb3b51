/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

size_t tc_ruleset_judge(struct tc_ruleset *set, struct tc_event *event,
			const struct tc_rule **ret_matches, size_t max)
{
	unsigned kind = event->record->kind;
	const uint64_t *awake;
	size_t n = 0;

	if (kind >= TC_KIND_LIMIT || !set->dispatch.kinds[kind].always)
		return 0;

	tc_program_next(&set->program);
	awake = tc_dispatch_wake(&set->dispatch, &set->program, event, kind);
	for (size_t word = 0; word < set->dispatch.n_words; word++) {
		for (uint64_t rules = awake[word]; rules; rules &= rules - 1) {
			size_t rule = word * 64 + (size_t)__builtin_ctzll(rules);

			if (!tc_program_holds(&set->program, event, TC_KIND_BIT(kind),
					      set->nodes[rule]))
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
