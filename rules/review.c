/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/review.h"

#include <string.h>

#include "rules/compile/fold.h"

/* Steps that are spent on comparing two rules, and all of them. */
#define BUDGET_PAIR 2000U
#define BUDGET_ALL 20000000UL

void tc_review_done(struct tc_review *review)
{
	tc_map_done(&review->nodes);
}

static void warn_never(const struct tc_rule_source *from, struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found =
		tc_where_report(diagnostics, TC_DIAGNOSTIC_NEVER, from->definition.where,
				"rule `%s` can never match", from->definition.name);

	tc_diagnostic_hint(found, "parts of it exclude each other, or no kind of event has values "
				  "for all that it asks");
}

/* Kinds that say what somebody did: those of the agent itself are few and cost nothing. */
static uint64_t kinds_of_deeds(void)
{
	uint64_t kinds = 0;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info && !(info->traits & TC_TRAIT_AGENT))
			kinds |= TC_KIND_BIT(kind);
	}
	return kinds;
}

static void warn_many_kinds(const struct tc_rule_source *from, uint64_t kinds,
			    struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found;

	if (!from->warn_kinds || kinds_of_deeds() & ~kinds)
		return;
	found = tc_where_report(diagnostics, TC_DIAGNOSTIC_NO_KIND, from->definition.where,
				"rule `%s` may match events of every kind", from->definition.name);
	tc_diagnostic_hint(found, "ask for evt.type or evt.kind, which also spares the kernel the "
				  "others; or say `warn_evttypes: false`");
}

static void warn_duplicate(const struct tc_ruleset *set, const struct tc_rule_source *from,
			   uint32_t earlier, struct tc_diagnostics *diagnostics)
{
	const struct tc_rule *rule = &set->rules[earlier];

	tc_diagnostic_hint(tc_where_report(diagnostics, TC_DIAGNOSTIC_SAME, from->definition.where,
					   "rule `%s` has the same condition as `%s`",
					   from->definition.name, rule->name),
			   "`%s` is in %s:%u", rule->name, rule->file, rule->line);
}

int tc_review_rule(struct tc_review *review, const struct tc_ruleset *set,
		   const struct tc_rule_source *from, size_t number,
		   struct tc_diagnostics *diagnostics)
{
	const struct tc_node *node = &set->program.nodes[set->nodes[number]];
	uint32_t earlier;

	if (!node->may_hold) {
		warn_never(from, diagnostics);
		return 0;
	}
	if (!node->may_fail)
		tc_where_report(diagnostics, TC_DIAGNOSTIC_ALWAYS, from->definition.where,
				"rule `%s` matches every event", from->definition.name);
	else
		warn_many_kinds(from, node->may_hold, diagnostics);
	if (tc_map_get(&review->nodes, &set->nodes[number], sizeof(set->nodes[number]), &earlier)) {
		warn_duplicate(set, from, earlier, diagnostics);
		return 0;
	}
	return tc_map_add(&review->nodes, &set->nodes[number], sizeof(set->nodes[number]),
			  (uint32_t)number);
}

static void warn_shadow(const struct tc_rule *rule, const struct tc_rule *by,
			struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found = tc_diagnostics_add(
		diagnostics, TC_DIAGNOSTIC_SHADOWED, rule->file,
		"rule `%s` never speaks: `%s` comes before it and matches wherever it does",
		rule->name, by->name);

	if (!found)
		return;
	found->line = rule->line;
	found->column = rule->column;
	tc_diagnostic_hint(found, "move it before %s:%u, or let all rules speak", by->file,
			   by->line);
}

void tc_review_shadows(const struct tc_ruleset *set, struct tc_diagnostics *diagnostics)
{
	unsigned long left = BUDGET_ALL;

	for (size_t rule = 1; rule < set->n_rules; rule++) {
		for (size_t by = 0; by < rule && left; by++) {
			unsigned budget = left < BUDGET_PAIR ? (unsigned)left : BUDGET_PAIR;
			unsigned given = budget;
			bool shadowed = tc_fold_implies(&set->program, set->nodes[rule],
							set->nodes[by], &budget);

			left -= given - budget;
			if (!shadowed)
				continue;
			warn_shadow(&set->rules[rule], &set->rules[by], diagnostics);
			break;
		}
	}
}
