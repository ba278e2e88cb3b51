/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at strings: an automaton, and what each shape that it finds does to the terms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/machine.h"
#include "rules/kernel/tables.h"

/* What a shape does when it is found. */
struct effect {
	struct tc_terms hits[TC_LANES], kills;
};

struct string_look {
	struct tc_filling *filling;
	const struct tc_look_plan *plan;
	struct tc_wanted *wanted; /* shapes, ascending */
	struct effect *effects;
	bool *needed; /* shapes that must be found whole: what enforces or excludes asks for them */
	size_t n_wanted;
	uint8_t *lanes; /* by asking: its lane; TC_LANES: it excludes, or there is none left */
	uint8_t *used;	/* by clause: lanes that it asks something of */
};

static const struct tc_literal *literal_of(const struct string_look *look, size_t asking)
{
	return &look->filling->clauses->literals.items[look->plan->asking[asking].literal];
}

static const struct tc_clause *clause_of(const struct string_look *look, size_t asking)
{
	return &look->filling->clauses->items[look->plan->asking[asking].clause];
}

static uint32_t bit_of(const struct string_look *look, size_t asking)
{
	return look->filling->bits->bit[look->plan->asking[asking].clause];
}

/* Whether what excludes is looked for: for rules that alert only if there is room. */
static bool is_excluding(const struct string_look *look, size_t asking)
{
	const struct tc_bits *bits = look->filling->bits;
	uint32_t bit = bit_of(look, asking);

	if (literal_of(look, asking)->wants)
		return false;
	/* Of several clauses that share a bit one may still hold. */
	if (bits->first[bit + 1] - bits->first[bit] > 1)
		return false;
	return look->filling->budget->narrow || clause_of(look, asking)->action != TC_ACTION_ALERT;
}

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static size_t place_of(const struct string_look *look, uint32_t shape)
{
	size_t low = 0, high = look->n_wanted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (look->wanted[middle].shape < shape)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The lane of each that asks for shapes; a clause may ask for several groups of them. */
static void assign_lanes(struct string_look *look)
{
	for (size_t i = 0; i < look->plan->n_asking; i++) {
		uint8_t *used = &look->used[look->plan->asking[i].clause];

		look->lanes[i] = TC_LANES;
		if (literal_of(look, i)->wants && *used < TC_LANES)
			look->lanes[i] = (*used)++;
	}
}

static bool is_asked(const struct string_look *look, size_t asking)
{
	return look->lanes[asking] < TC_LANES || is_excluding(look, asking);
}

static int list_shapes(struct string_look *look)
{
	uint32_t *shapes;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < look->plan->n_asking; i++)
		n += is_asked(look, i) ? literal_of(look, i)->n_shapes : 0;
	shapes = calloc(n + 1, sizeof(*shapes));
	look->wanted = calloc(n + 1, sizeof(*look->wanted));
	look->effects = calloc(n + 1, sizeof(*look->effects));
	look->needed = calloc(n + 1, sizeof(*look->needed));
	if (!shapes || !look->wanted || !look->effects || !look->needed) {
		free(shapes);
		return -ENOMEM;
	}
	n = 0;
	for (size_t i = 0; i < look->plan->n_asking; i++) {
		const struct tc_literal *literal = literal_of(look, i);

		for (uint32_t k = 0; is_asked(look, i) && k < literal->n_shapes; k++)
			shapes[n++] = literal->shapes[k];
	}
	qsort(shapes, n, sizeof(*shapes), compare_numbers);
	for (size_t i = 0; i < n; i++)
		if (!kept || look->wanted[kept - 1].shape != shapes[i])
			look->wanted[kept++].shape = shapes[i];
	look->n_wanted = kept;
	free(shapes);
	return 0;
}

/* What each shape does. Those that only alerting rules hope for may be shortened. */
static void list_effects(struct string_look *look)
{
	const struct tc_kernel_budget *budget = look->filling->budget;

	for (size_t i = 0; i < look->plan->n_asking; i++) {
		const struct tc_literal *literal = literal_of(look, i);
		uint32_t bit = bit_of(look, i);

		for (uint32_t k = 0; is_asked(look, i) && k < literal->n_shapes; k++) {
			size_t at = place_of(look, literal->shapes[k]);
			struct effect *effect = &look->effects[at];

			tc_terms_add(literal->wants ? &effect->hits[look->lanes[i]]
						    : &effect->kills,
				     bit);
			look->needed[at] |=
				!literal->wants || clause_of(look, i)->action != TC_ACTION_ALERT;
		}
	}
	for (size_t i = 0; i < look->n_wanted; i++)
		if (!look->needed[i])
			look->wanted[i] = (struct tc_wanted){look->wanted[i].shape, budget->pieces,
							     budget->flat};
}

/* Terms that ask nothing of a lane: one of their clauses does not. */
static int fill_base(struct string_look *look, struct tc_look *table)
{
	const struct tc_bits *bits = look->filling->bits;
	int r = 0;

	for (unsigned lane = 0; lane < TC_LANES && !r; lane++) {
		struct tc_terms base;

		memset(&base, 0xff, sizeof(base));
		for (uint32_t bit = 0; bit < bits->n; bit++) {
			bool all = true;

			for (uint32_t i = bits->first[bit]; i < bits->first[bit + 1]; i++)
				all &= look->used[bits->members[i]] > lane;
			if (!all)
				continue;
			tc_terms_remove(&base, bit);
			table->lanes = (__u8)(lane + 1);
		}
		r = tc_filling_row(look->filling, &base, &table->base[lane]);
	}
	return r;
}

/* --- the automaton --- */

static void add_terms(struct tc_terms *terms, const struct tc_terms *more)
{
	for (unsigned i = 0; i < TC_TERM_WORDS; i++)
		terms->words[i] |= more->words[i];
}

/* What shapes do together. */
static int make_finding(struct string_look *look, const uint32_t *shapes, size_t n,
			struct tc_hit *ret_finding)
{
	struct effect sum = {0};
	int r;

	for (size_t i = 0; i < n; i++) {
		for (unsigned lane = 0; lane < TC_LANES; lane++)
			add_terms(&sum.hits[lane], &look->effects[shapes[i]].hits[lane]);
		add_terms(&sum.kills, &look->effects[shapes[i]].kills);
	}
	r = tc_filling_row(look->filling, &sum.kills, &ret_finding->kills);
	for (unsigned lane = 0; lane < TC_LANES && !r; lane++)
		r = tc_filling_row(look->filling, &sum.hits[lane], &ret_finding->hits[lane]);
	return r;
}

static int add_finding(struct tc_filling *filling, const struct tc_hit *finding,
		       uint32_t *ret_number)
{
	if (filling->counts->findings == TC_FINDINGS_MAX)
		return -E2BIG;
	*ret_number = (uint32_t)filling->counts->findings++;
	filling->tables->findings[*ret_number] = *finding;
	return 0;
}

/* The findings of states in which something is found, one behind the other. */
static int write_found(struct string_look *look, const struct tc_machine *machine,
		       struct tc_automaton_head *head)
{
	int r = 0;

	head->findings = (uint32_t)look->filling->counts->findings;
	for (uint32_t state = machine->first_found; state < machine->n_states && !r; state++) {
		uint32_t first = machine->found.first[state];
		struct tc_hit finding;
		uint32_t number;

		r = make_finding(look, &machine->found.items[first],
				 machine->found.first[state + 1] - first, &finding);
		if (!r)
			r = add_finding(look->filling, &finding, &number);
	}
	return r;
}

/* The finding of what ends in each state; alike ones are there once, nothing is number 0. */
static int write_ends(struct string_look *look, const struct tc_machine *machine,
		      struct tc_automaton_head *head)
{
	struct tc_filling *filling = look->filling;
	int r = 0;

	if (filling->counts->states + machine->n_states > TC_STATES_MAX)
		return -E2BIG;
	head->ends = (uint32_t)filling->counts->states;
	for (uint32_t state = 0; state < machine->n_states && !r; state++) {
		uint32_t first = machine->ending.first[state], number = 0;
		size_t n = machine->ending.first[state + 1] - first;
		struct tc_hit finding;

		if (n)
			r = make_finding(look, &machine->ending.items[first], n, &finding);
		if (n && !r &&
		    !tc_map_get(&filling->findings, &finding, sizeof(finding), &number)) {
			r = add_finding(filling, &finding, &number);
			if (!r)
				r = tc_map_add(&filling->findings, &finding, sizeof(finding),
					       number);
		}
		filling->tables->ends[filling->counts->states + state] = (uint16_t)number;
	}
	filling->counts->states += machine->n_states;
	return r;
}

static int write_machine(struct string_look *look, const struct tc_machine *machine,
			 struct tc_look *table)
{
	struct tc_filling *filling = look->filling;
	struct tc_kernel_counts *counts = filling->counts;
	size_t n_cells = (size_t)machine->n_states * machine->n_classes;
	struct tc_automaton_head head = {.cells = (uint32_t)counts->cells,
					 .n_classes = (uint16_t)machine->n_classes,
					 .start = (uint16_t)machine->start,
					 .first_found = (uint16_t)machine->first_found};
	int r;

	if (counts->automata == TC_AUTOMATA_MAX || counts->cells + n_cells > TC_CELLS_MAX)
		return -E2BIG;
	r = write_found(look, machine, &head);
	if (!r)
		r = write_ends(look, machine, &head);
	if (r)
		return r;
	memcpy(filling->tables->cells + counts->cells, machine->cells,
	       n_cells * sizeof(*machine->cells));
	memcpy(filling->tables->classes[counts->automata], machine->classes,
	       sizeof(machine->classes));
	filling->tables->automata[counts->automata] = head;
	table->automaton = (uint8_t)counts->automata++;
	counts->cells += n_cells;
	return 0;
}

static int fill(struct string_look *look, struct tc_look *table)
{
	struct tc_filling *filling = look->filling;
	struct tc_machine *machine;
	int r;

	assign_lanes(look);
	r = list_shapes(look);
	if (r)
		return r;
	list_effects(look);
	r = fill_base(look, table);
	if (r)
		return r;
	r = tc_machine_make(&filling->clauses->literals.shapes, look->wanted, look->n_wanted,
			    TC_CELLS_MAX - filling->counts->cells, &machine);
	if (r)
		return r;
	r = write_machine(look, machine, table);
	tc_machine_free(machine);
	return r;
}

int tc_filling_string(struct tc_filling *filling, const struct tc_look_plan *plan,
		      struct tc_look *table)
{
	struct string_look look = {.filling = filling, .plan = plan};
	int r = -ENOMEM;

	look.lanes = calloc(plan->n_asking + 1, sizeof(*look.lanes));
	look.used = calloc(filling->clauses->n + 1, sizeof(*look.used));
	if (look.lanes && look.used)
		r = fill(&look, table);
	free(look.wanted);
	free(look.effects);
	free(look.needed);
	free(look.lanes);
	free(look.used);
	return r;
}
