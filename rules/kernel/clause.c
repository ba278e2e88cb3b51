/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/clause.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/part.h"
#include "rules/kernel/refuse.h"

/* Clauses of one rule that are compared with each other. */
#define FOLD_MAX 256

void tc_clauses_done(struct tc_clauses *clauses)
{
	tc_literals_done(&clauses->literals);
	tc_map_done(&clauses->map);
	tc_arena_done(&clauses->arena);
	free(clauses->items);
	*clauses = (struct tc_clauses){0};
}

static int add(struct tc_clauses *clauses, const struct tc_clause *clause)
{
	struct tc_clause *items = clauses->items, copy = *clause;
	const char *literals = tc_arena_copy(&clauses->arena, clause->literals ?: (void *)"",
					     clause->n * sizeof(*clause->literals));
	const char *vetoes = tc_arena_copy(&clauses->arena, clause->vetoes ?: (void *)"",
					   clause->n_vetoes * sizeof(*clause->vetoes));

	if (!(clauses->n & (clauses->n - 1)))
		items = reallocarray(items, clauses->n ? clauses->n * 2 : 1, sizeof(*items));
	clauses->items = items ? items : clauses->items;
	if (!items || !literals || !vetoes)
		return -ENOMEM;
	copy.literals = (const void *)literals;
	copy.vetoes = (const void *)vetoes;
	items[clauses->n++] = copy;
	return 0;
}

int tc_clause_intern(struct tc_clauses *clauses, const struct tc_clause *clause,
		     uint32_t *ret_number)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};
	uint32_t head[] = {clause->rule, clause->action, clause->n, clause->n_vetoes};
	int r = 0;

	tc_buffer_add(&key, head, sizeof(head));
	if (clause->n)
		tc_buffer_add(&key, clause->literals, clause->n * sizeof(*clause->literals));
	if (clause->n_vetoes)
		tc_buffer_add(&key, clause->vetoes, clause->n_vetoes * sizeof(*clause->vetoes));
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (!tc_map_get(&clauses->map, key.bytes, key.length, ret_number)) {
		*ret_number = (uint32_t)clauses->n;
		r = add(clauses, clause);
		return r ? r : tc_map_add(&clauses->map, key.bytes, key.length, *ret_number);
	}
	clauses->items[*ret_number].kinds |= clause->kinds;
	clauses->items[*ret_number].exact |= clause->exact;
	return 0;
}

/* --- from rules --- */

static enum tc_action action_of(const struct tc_rule *rule)
{
	return (enum tc_action)rule->action;
}

/* What is left of a rule's action for a part of its condition. */
static enum tc_action part_action(enum tc_action action, unsigned kind, const struct tc_part *part)
{
	return part->exact && tc_refuse_can(kind, action) ? action : TC_ACTION_ALERT;
}

static int add_rule(struct tc_parting *parting, uint32_t rule)
{
	struct tc_clauses *clauses = parting->clauses;
	enum tc_action action = action_of(&clauses->set->rules[rule]);
	const struct tc_parts *parts;
	int r = tc_parts_of(parting, clauses->set->nodes[rule], action, &parts);

	for (size_t i = 0; i < parts->n && !r; i++) {
		const struct tc_part *part = &parts->items[i];
		uint64_t bit = TC_KIND_BIT(parting->kind);
		struct tc_clause clause = {.rule = rule,
					   .action = part_action(action, parting->kind, part),
					   .kinds = bit,
					   .exact = part->exact ? bit : 0,
					   .literals = part->literals,
					   .n = part->n,
					   .vetoes = part->vetoes,
					   .n_vetoes = part->n_vetoes};
		uint32_t number;

		r = tc_clause_intern(clauses, &clause, &number);
	}
	return r;
}

static bool is_told_by_probes(unsigned kind)
{
	const struct tc_kind_info *info = tc_kind_info(kind);

	return info && !(info->traits & TC_TRAIT_AGENT);
}

static int add_kind(struct tc_clauses *clauses, struct tc_parting *parting, unsigned kind)
{
	int r = 0;

	tc_parting_begin(parting, kind);
	for (uint32_t rule = 0; rule < clauses->set->n_rules && !r; rule++) {
		if (clauses->set->rules[rule].kinds & TC_KIND_BIT(kind))
			r = add_rule(parting, rule);
	}
	return r;
}

/* --- clauses of a rule that differ only where nobody looks --- */

/* Whether a literal is looked at in a kind. */
static bool is_judged(const struct tc_clauses *clauses, uint32_t number, unsigned kind)
{
	const struct tc_literal *literal = &clauses->literals.items[number];
	const struct tc_subject *subject = &clauses->literals.subjects[literal->subject];
	struct tc_subject found;
	struct tc_place place;

	if (literal->how == TC_LITERAL_CGROUP || subject->is_task)
		return true;
	return tc_literal_place(&clauses->literals, number, kind, &found, &place);
}

static bool is_judged_in_any(const struct tc_clauses *clauses, uint32_t number, uint64_t kinds)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds >> kind & 1 && is_judged(clauses, number, kind))
			return true;
	return false;
}

static bool has(const uint32_t *items, uint32_t n, uint32_t item)
{
	for (uint32_t i = 0; i < n; i++)
		if (items[i] == item)
			return true;
	return false;
}

/* Whether all that a asks is asked by b, and what b asks beyond is not looked at where a holds. */
static bool is_covered(const struct tc_clauses *clauses, const struct tc_clause *a,
		       const struct tc_clause *b)
{
	if (a->action != b->action || a->n_vetoes != b->n_vetoes || a->n > b->n)
		return false;
	for (uint32_t i = 0; i < a->n_vetoes; i++)
		if (a->vetoes[i] != b->vetoes[i])
			return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!has(b->literals, b->n, a->literals[i]))
			return false;
	for (uint32_t i = 0; i < b->n; i++)
		if (!has(a->literals, a->n, b->literals[i]) &&
		    is_judged_in_any(clauses, b->literals[i], a->kinds))
			return false;
	return true;
}

static void fold_rule(struct tc_clauses *clauses, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n && n <= FOLD_MAX; i++) {
		struct tc_clause *a = &clauses->items[numbers[i]];

		for (size_t k = 0; k < n && a->kinds; k++) {
			struct tc_clause *b = &clauses->items[numbers[k]];

			if (a == b || !b->kinds || !is_covered(clauses, a, b))
				continue;
			b->kinds |= a->kinds;
			b->exact |= a->exact;
			a->kinds = 0;
		}
	}
}

/* Orders numbers of clauses by their rules; the order of a rule's own stays. */
static int compare_rules(const void *left, const void *right, void *arg)
{
	const struct tc_clause *items = arg;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (items[a].rule != items[b].rule)
		return items[a].rule < items[b].rule ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int fold(struct tc_clauses *clauses)
{
	uint32_t *numbers = calloc(clauses->n + 1, sizeof(*numbers));
	size_t n = 0;

	if (!numbers)
		return -ENOMEM;
	for (size_t i = 0; i < clauses->n; i++)
		if (clauses->items[i].action != TC_ACTION_NONE)
			numbers[n++] = (uint32_t)i;
	qsort_r(numbers, n, sizeof(*numbers), compare_rules, clauses->items);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && clauses->items[numbers[end]].rule ==
						     clauses->items[numbers[i]].rule;)
			end++;
		if (end > i + 1)
			fold_rule(clauses, numbers + i, end - i);
	}
	free(numbers);
	return 0;
}

int tc_clauses_make(struct tc_clauses *clauses, struct tc_ruleset *set)
{
	struct tc_parting parting;
	int r;

	*clauses = (struct tc_clauses){.set = set};
	r = tc_literals_init(&clauses->literals, &set->program);
	if (r)
		return r;
	r = tc_parting_init(&parting, clauses);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT && !r; kind++) {
		if (is_told_by_probes(kind) && set->kinds & TC_KIND_BIT(kind))
			r = add_kind(clauses, &parting, kind);
	}
	tc_parting_done(&parting);
	return r ? r : fold(clauses);
}
