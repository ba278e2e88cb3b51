/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/enrich/containers.h"
#include "rules/kernel/machine.h"
#include "rules/kernel/tables.h"

struct tc_kernel_rules {
	struct tc_clauses clauses;
	struct tc_bits bits;
	struct tc_tables *tables;
	struct tc_kernel_counts counts;
	struct tc_event event; /* to judge cgroups by */
	struct tc_record record;
	uint8_t *verdicts; /* by literal */
};

/* What is tried one after the other until everything fits. */
static const struct tc_kernel_budget budgets[] = {
	{.bits = TC_TERMS_MAX, .pieces = 0, .narrow = true},
	{.bits = TC_TERMS_MAX, .pieces = 0, .flat = true, .narrow = true},
	{.bits = TC_TERMS_MAX, .pieces = 24, .flat = true, .narrow = true},
	{.bits = TC_TERMS_MAX, .pieces = 12, .flat = true, .narrow = true},
	{.bits = TC_TERMS_MAX, .pieces = 8, .flat = true, .narrow = true},
	{.bits = TC_TERMS_MAX / 2, .pieces = 8, .flat = true, .narrow = false},
	{.bits = TC_TERMS_MAX / 4, .pieces = 4, .flat = true, .narrow = false},
	{.bits = TC_TERMS_MAX / 8, .pieces = 2, .flat = true, .narrow = false},
	{.bits = TC_TERMS_MAX / 16, .pieces = 1, .flat = true, .narrow = false},
};

/* New each time: of memory that nobody has written the system gives none. */
static int fill(struct tc_kernel_rules *rules, const struct tc_kernel_options *options,
		const struct tc_kernel_budget *budget)
{
	struct tc_filling filling = {.clauses = &rules->clauses,
				     .bits = &rules->bits,
				     .options = options,
				     .budget = budget,
				     .counts = &rules->counts};
	int r;

	free(rules->tables);
	rules->tables = calloc(1, sizeof(*rules->tables));
	if (!rules->tables)
		return -ENOMEM;
	filling.tables = rules->tables;
	rules->counts = (struct tc_kernel_counts){
		.pattern_max = budget->pieces, .is_flat = budget->flat, .is_wide = !budget->narrow};
	tc_bits_done(&rules->bits);
	r = tc_bits_make(&rules->bits, &rules->clauses, budget);
	if (r)
		return r;
	rules->counts.bits = rules->bits.n;
	rules->counts.shared = rules->bits.shared;
	rules->counts.vetoes_dropped = rules->bits.dropped;
	return tc_filling_run(&filling);
}

static void count_clauses(struct tc_kernel_rules *rules)
{
	for (size_t i = 0; i < rules->clauses.n; i++) {
		const struct tc_clause *clause = &rules->clauses.items[i];

		rules->counts.vetoes += clause->kinds && clause->action == TC_ACTION_NONE;
		rules->counts.terms += clause->kinds && clause->action != TC_ACTION_NONE;
	}
}

/* The rules that alert do not fit at all: everything that they may match is sent. */
static int fill_widest(struct tc_kernel_rules *rules, const struct tc_kernel_options *options)
{
	static const struct tc_kernel_budget nothing = {.bits = 1, .pieces = 1};

	for (size_t i = 0; i < rules->clauses.n; i++) {
		struct tc_clause *clause = &rules->clauses.items[i];

		if (clause->action >= TC_ACTION_BLOCK)
			clause->action = TC_ACTION_ALERT;
		clause->n = clause->n_vetoes = 0;
		clause->exact = 0;
	}
	return fill(rules, options, &nothing);
}

int tc_kernel_rules_make(struct tc_ruleset *set, const struct tc_kernel_options *options,
			 struct tc_kernel_rules **ret_rules)
{
	struct tc_kernel_rules *rules = calloc(1, sizeof(*rules));
	int r = rules ? tc_clauses_make(&rules->clauses, set) : -ENOMEM;

	if (!r) {
		rules->verdicts = calloc(rules->clauses.literals.n + 1, 1);
		r = rules->verdicts ? tc_event_init(&rules->event) : -ENOMEM;
	}
	if (!r) {
		r = options->budget ? fill(rules, options, options->budget) : -E2BIG;
		for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]) && r == -E2BIG; i++)
			r = fill(rules, options, &budgets[i]);
	}
	if (r == -E2BIG)
		r = fill_widest(rules, options);
	if (r) {
		tc_kernel_rules_free(rules);
		return r;
	}
	count_clauses(rules);
	*ret_rules = rules;
	return 0;
}

void tc_kernel_rules_free(struct tc_kernel_rules *rules)
{
	if (!rules)
		return;
	tc_event_done(&rules->event);
	tc_bits_done(&rules->bits);
	tc_clauses_done(&rules->clauses);
	free(rules->tables);
	free(rules->verdicts);
	free(rules);
}

const struct tc_tables *tc_kernel_rules_tables(const struct tc_kernel_rules *rules)
{
	return rules->tables;
}

const struct tc_kernel_counts *tc_kernel_rules_counts(const struct tc_kernel_rules *rules)
{
	return &rules->counts;
}

/* --- rules --- */

/* Whether a clause has a bit of its own, and all its vetoes. */
static bool is_whole(const struct tc_kernel_rules *rules, size_t number)
{
	const struct tc_clause *clause = &rules->clauses.items[number];
	const struct tc_bits *bits = &rules->bits;
	uint32_t bit = bits->bit[number];

	if (bit == TC_BIT_NONE || bits->first[bit + 1] - bits->first[bit] > 1)
		return false;
	for (uint32_t i = 0; i < clause->n_vetoes; i++)
		if (bits->bit[clause->vetoes[i]] == TC_BIT_NONE)
			return false;
	return true;
}

/* Whether a string that a clause looks for was cut short, or one that must not be there left out.
 */
static bool is_cut(const struct tc_kernel_rules *rules, const struct tc_clause *clause)
{
	const struct tc_literals *literals = &rules->clauses.literals;
	const struct tc_wanted wanted = {.pieces = (uint32_t)rules->counts.pattern_max,
					 .flat = rules->counts.is_flat};

	for (uint32_t i = 0; i < clause->n; i++) {
		const struct tc_literal *literal = &literals->items[clause->literals[i]];

		if (literal->how != TC_LITERAL_SHAPES)
			continue;
		if (!literal->wants && literal->n_shapes && rules->counts.is_wide)
			return true;
		for (uint32_t k = 0; literal->wants && k < literal->n_shapes; k++) {
			const struct tc_shape *shape = &literals->shapes.items[literal->shapes[k]];

			if (tc_machine_pieces(shape, &wanted) < shape->n)
				return true;
		}
	}
	return false;
}

static void add_clause(const struct tc_kernel_rules *rules, size_t number,
		       struct tc_kernel_rule *rule)
{
	const struct tc_clause *clause = &rules->clauses.items[number];
	bool enforces = clause->action >= TC_ACTION_BLOCK;
	bool is_exact = enforces || (is_whole(rules, number) && !is_cut(rules, clause));

	rule->exact &= ~(clause->kinds & ~(is_exact ? clause->exact : 0));
	if (enforces)
		rule->partly |= clause->kinds;
	else
		rule->enforced &= ~clause->kinds;
	if (clause->is_crowded)
		rule->crowded |= clause->kinds;
}

struct tc_kernel_rule tc_kernel_rules_at(const struct tc_kernel_rules *rules, size_t number)
{
	const struct tc_rule *source = &rules->clauses.set->rules[number];
	struct tc_kernel_rule rule = {0};

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info && !(info->traits & TC_TRAIT_AGENT))
			rule.kinds |= source->kinds & TC_KIND_BIT(kind);
	}
	rule.exact = rule.enforced = rule.kinds;
	for (size_t i = 0; i < rules->clauses.n; i++) {
		const struct tc_clause *clause = &rules->clauses.items[i];

		if (clause->rule == number && clause->action != TC_ACTION_NONE)
			add_clause(rules, i, &rule);
	}
	if (source->action == TC_ACTION_ALERT)
		rule.enforced = 0;
	rule.partly &= ~rule.enforced;
	return rule;
}

/* --- cgroups --- */

enum cgroup_verdict { FAILS, HOLDS, UNKNOWN };

bool tc_kernel_rules_ask_cgroup(const struct tc_kernel_rules *rules)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (rules->tables->kinds[kind].asks_cgroup)
			return true;
	return false;
}

/* Judges what is asked of the cgroup. */
static void judge_literals(struct tc_kernel_rules *rules, const struct tc_cgroup *cgroup)
{
	const struct tc_literals *literals = &rules->clauses.literals;
	struct tc_program *program = &rules->clauses.set->program;
	bool has_facts = !cgroup->container.length || tc_container_facts(cgroup->entry);

	tc_program_next(program);
	for (size_t i = 0; i < literals->n; i++) {
		const struct tc_literal *literal = &literals->items[i];
		bool holds;

		if (literal->how != TC_LITERAL_CGROUP)
			continue;
		holds = tc_program_holds(program, &rules->event, TC_KIND_BIT(TC_KIND_exec),
					 literal->subject);
		rules->verdicts[i] = holds == literal->wants ? HOLDS : FAILS;
		if (literal->is_doubtful && !has_facts)
			rules->verdicts[i] = UNKNOWN;
	}
}

/* Whether a clause may hold in the cgroup. A veto must for sure. */
static bool is_left(const struct tc_kernel_rules *rules, const struct tc_clause *clause)
{
	for (uint32_t i = 0; i < clause->n; i++) {
		uint32_t number = clause->literals[i];

		if (rules->clauses.literals.items[number].how != TC_LITERAL_CGROUP)
			continue;
		if (rules->verdicts[number] == FAILS ||
		    (rules->verdicts[number] == UNKNOWN && clause->action == TC_ACTION_NONE))
			return false;
	}
	return true;
}

void tc_kernel_rules_judge_cgroup(struct tc_kernel_rules *rules, const struct tc_world *world,
				  struct tc_cgroup *cgroup, struct tc_terms *ret_terms)
{
	const struct tc_bits *bits = &rules->bits;
	struct tc_terms terms;

	rules->record = (struct tc_record){.kind = TC_KIND_exec,
					   .version = TC_RECORD_VERSION,
					   .size = sizeof(rules->record),
					   .cgroup_id = cgroup->id,
					   .syscall = -1};
	tc_event_reset(&rules->event, &rules->record, tc_kind_info(TC_KIND_exec));
	rules->event.world = world;
	rules->event.cgroup = cgroup;
	judge_literals(rules, cgroup);
	memset(&terms, 0xff, sizeof(terms));
	for (uint32_t bit = 0; bit < bits->n; bit++) {
		bool any = false;

		for (uint32_t i = bits->first[bit]; i < bits->first[bit + 1]; i++)
			any |= is_left(rules, &rules->clauses.items[bits->members[i]]);
		if (!any)
			tc_terms_remove(&terms, bit);
	}
	*ret_terms = terms;
}
