/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/bits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bits that clauses that enforce leave to the others. */
#define ALERTS_LEAST 64

/* A clause that wants a bit. */
struct wanting {
	uint32_t clause;
	uint32_t like; /* clauses that look at the same things have the same number */
};

struct assigning {
	struct tc_clauses *clauses;
	struct tc_bits *bits;
	const struct tc_kernel_budget *budget;
	uint32_t *uses; /* by clause: how many have it as a veto */
	struct wanting *wanting;
	size_t n_wanting, n_like;
	uint32_t next;
};

static bool is_live(const struct tc_clause *clause)
{
	return clause->kinds != 0;
}

static bool enforces(const struct tc_clause *clause)
{
	return clause->action >= TC_ACTION_BLOCK;
}

static void assign(struct assigning *assigning, uint32_t clause)
{
	if (assigning->bits->bit[clause] == TC_BIT_NONE)
		assigning->bits->bit[clause] = assigning->next++;
}

/* --- what enforces, with its vetoes --- */

static uint32_t needed(const struct assigning *assigning, const struct tc_clause *clause)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < clause->n_vetoes; i++)
		n += assigning->bits->bit[clause->vetoes[i]] == TC_BIT_NONE;
	return n;
}

static void assign_enforcing(struct assigning *assigning)
{
	struct tc_clauses *clauses = assigning->clauses;

	for (uint32_t i = 0; i < clauses->n; i++) {
		struct tc_clause *clause = &clauses->items[i];

		if (!is_live(clause) || !enforces(clause))
			continue;
		if (assigning->next + needed(assigning, clause) > TC_TERMS_MAX - ALERTS_LEAST) {
			clause->action = TC_ACTION_ALERT;
			clause->is_crowded = true;
			continue;
		}
		assign(assigning, i);
		for (uint32_t k = 0; k < clause->n_vetoes; k++)
			assign(assigning, clause->vetoes[k]);
	}
}

/* --- what alerts --- */

/* What a clause looks at, and when: clauses of one number share best. */
static int find_like(struct assigning *assigning, struct tc_map *map, uint32_t number,
		     uint32_t *ret_like)
{
	const struct tc_clauses *clauses = assigning->clauses;
	const struct tc_clause *clause = &clauses->items[number];
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};

	tc_buffer_add(&key, &clause->kinds, sizeof(clause->kinds));
	for (uint32_t i = 0; i < clause->n; i++) {
		const struct tc_literal *literal = &clauses->literals.items[clause->literals[i]];
		uint32_t part[] = {literal->how,
				   literal->how == TC_LITERAL_CGROUP ? clause->literals[i]
								     : literal->subject,
				   literal->how == TC_LITERAL_SHAPES && literal->wants};

		tc_buffer_add(&key, part, sizeof(part));
	}
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(map, key.bytes, key.length, ret_like))
		return 0;
	*ret_like = (uint32_t)assigning->n_like++;
	return tc_map_add(map, key.bytes, key.length, *ret_like);
}

static int gather(struct assigning *assigning)
{
	const struct tc_clauses *clauses = assigning->clauses;
	struct tc_map map = {0};
	int r = 0;

	for (uint32_t i = 0; i < clauses->n && !r; i++) {
		const struct tc_clause *clause = &clauses->items[i];
		struct wanting *wanting = &assigning->wanting[assigning->n_wanting];

		if (!is_live(clause) || clause->action != TC_ACTION_ALERT)
			continue;
		wanting->clause = i;
		r = find_like(assigning, &map, i, &wanting->like);
		assigning->n_wanting++;
	}
	tc_map_done(&map);
	return r;
}

static int compare_literals(const struct tc_clause *a, const struct tc_clause *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (a->literals[i] != b->literals[i])
			return a->literals[i] < b->literals[i] ? -1 : 1;
	return a->n < b->n ? -1 : a->n > b->n;
}

static int compare_wanting(const void *left, const void *right, void *arg)
{
	const struct wanting *a = left, *b = right;
	const struct tc_clause *items = arg;
	int order;

	if (a->like != b->like)
		return a->like < b->like ? -1 : 1;
	order = compare_literals(&items[a->clause], &items[b->clause]);
	return order ? order : a->clause < b->clause ? -1 : a->clause > b->clause;
}

/* Clauses that look alike, n of them, share so many bits. */
static void share(struct assigning *assigning, const struct wanting *wanting, size_t n, size_t bits)
{
	for (size_t i = 0; i < n; i++) {
		assigning->bits->bit[wanting[i].clause] =
			assigning->next + (uint32_t)(i * bits / n);
	}
	assigning->next += (uint32_t)bits;
}

/* Each group of alike clauses gets one bit, and of the others as many as it has clauses. */
static void share_alike(struct assigning *assigning, size_t bits)
{
	const struct wanting *wanting = assigning->wanting;
	size_t n = assigning->n_wanting, spare, clauses_left;

	if (assigning->n_like > bits) {
		share(assigning, wanting, n, bits);
		return;
	}
	spare = bits - assigning->n_like;
	clauses_left = n - assigning->n_like;
	for (size_t i = 0, end; i < n; i = end) {
		size_t given;

		for (end = i + 1; end < n && wanting[end].like == wanting[i].like;)
			end++;
		given = clauses_left ? spare * (end - i - 1) / clauses_left : 0;
		share(assigning, wanting + i, end - i, 1 + given);
	}
}

static void assign_alerting(struct assigning *assigning)
{
	size_t left = TC_TERMS_MAX - assigning->next;
	size_t bits = assigning->budget->bits < left ? assigning->budget->bits : left;

	if (assigning->n_wanting <= bits) {
		for (size_t i = 0; i < assigning->n_wanting; i++)
			assign(assigning, assigning->wanting[i].clause);
		return;
	}
	qsort_r(assigning->wanting, assigning->n_wanting, sizeof(*assigning->wanting),
		compare_wanting, assigning->clauses->items);
	share_alike(assigning, bits);
}

/* Vetoes of clauses that have a bit of their own, those with most uses first, while there is room.
 */
static void assign_vetoes(struct assigning *assigning)
{
	const struct tc_clauses *clauses = assigning->clauses;
	uint32_t most = 0;

	for (uint32_t i = 0; i < clauses->n; i++)
		most = assigning->uses[i] > most ? assigning->uses[i] : most;
	for (uint32_t uses = most; uses && assigning->budget->narrow; uses--) {
		for (uint32_t i = 0; i < clauses->n && assigning->next < TC_TERMS_MAX; i++)
			if (assigning->uses[i] == uses)
				assign(assigning, i);
	}
	for (uint32_t i = 0; i < clauses->n; i++)
		assigning->bits->dropped +=
			assigning->uses[i] && assigning->bits->bit[i] == TC_BIT_NONE;
}

static void count_uses(struct assigning *assigning)
{
	const struct tc_clauses *clauses = assigning->clauses;

	for (size_t i = 0; i < clauses->n; i++) {
		const struct tc_clause *clause = &clauses->items[i];

		for (uint32_t k = 0; is_live(clause) && k < clause->n_vetoes; k++)
			assigning->uses[clause->vetoes[k]]++;
	}
}

/* --- the other way round --- */

static int list_members(struct tc_bits *bits, const struct tc_clauses *clauses)
{
	uint32_t *at;

	bits->members = calloc(clauses->n + 1, sizeof(*bits->members));
	bits->first = calloc(bits->n + 2UL, sizeof(*bits->first));
	at = bits->first;
	if (!bits->members || !at)
		return -ENOMEM;
	for (size_t i = 0; i < clauses->n; i++)
		if (bits->bit[i] != TC_BIT_NONE)
			at[bits->bit[i] + 1]++;
	for (uint32_t i = 0; i < bits->n; i++) {
		bits->shared += at[i + 1] > 1 ? at[i + 1] : 0;
		at[i + 1] += at[i];
	}
	/* Each bit's place moves on while it is filled, and back behind it. */
	for (size_t i = 0; i < clauses->n; i++)
		if (bits->bit[i] != TC_BIT_NONE)
			bits->members[at[bits->bit[i]]++] = (uint32_t)i;
	for (uint32_t i = bits->n; i; i--)
		at[i] = at[i - 1];
	at[0] = 0;
	bits->n_members = at[bits->n];
	return 0;
}

int tc_bits_make(struct tc_bits *bits, struct tc_clauses *clauses,
		 const struct tc_kernel_budget *budget)
{
	struct assigning assigning = {.clauses = clauses, .bits = bits, .budget = budget};
	int r = -ENOMEM;

	*bits = (struct tc_bits){0};
	bits->bit = malloc((clauses->n + 1) * sizeof(*bits->bit));
	assigning.uses = calloc(clauses->n + 1, sizeof(*assigning.uses));
	assigning.wanting = calloc(clauses->n + 1, sizeof(*assigning.wanting));
	if (bits->bit && assigning.uses && assigning.wanting) {
		memset(bits->bit, 0xff, (clauses->n + 1) * sizeof(*bits->bit));
		count_uses(&assigning);
		assign_enforcing(&assigning);
		r = gather(&assigning);
	}
	if (!r) {
		assign_alerting(&assigning);
		assign_vetoes(&assigning);
		bits->n = assigning.next;
		r = list_members(bits, clauses);
	}
	free(assigning.uses);
	free(assigning.wanting);
	return r;
}

void tc_bits_done(struct tc_bits *bits)
{
	free(bits->bit);
	free(bits->members);
	free(bits->first);
	*bits = (struct tc_bits){0};
}
