/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

size_t tc_ruleset_judge(struct tc_ruleset *set, struct tc_event *event,
			const struct tc_rule **ret_matches, size_t max)
{
	unsigned kind = event->record->kind;
	size_t n = 0;

	if (kind >= TC_KIND_LIMIT || !set->n_candidates[kind])
		return 0;

	const struct tc_candidate *candidate = set->candidates[kind];
	const struct tc_candidate *end = candidate + set->n_candidates[kind];
	tc_program_next(&set->program);
	for (; candidate < end; candidate++) {
		if (!tc_program_holds(&set->program, event, TC_KIND_BIT(kind), candidate->node))
			continue;
		if (n < max)
			ret_matches[n] = candidate->rule;
		n++;
	}
	return n;
}
