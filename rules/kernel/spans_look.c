/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at numbers and addresses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/tables.h"

/* A place at which what one asks begins or ceases to hold. */
struct change {
	struct tc_point at;
	uint32_t asking;
};

static int compare_changes(const void *left, const void *right)
{
	const struct change *a = left, *b = right;

	return tc_point_compare(&a->at, &b->at);
}

static const struct tc_literal *literal_of(const struct tc_filling *filling,
					   const struct tc_asking *asking)
{
	return &filling->clauses->literals.items[asking->literal];
}

/* All changes in order. */
static struct change *list_changes(const struct tc_filling *filling,
				   const struct tc_look_plan *plan, size_t *ret_n)
{
	struct change *changes;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_asking; i++)
		n += literal_of(filling, &plan->asking[i])->spans.n;
	changes = calloc(n + 1, sizeof(*changes));
	n = 0;
	for (size_t i = 0; changes && i < plan->n_asking; i++) {
		const struct tc_spans *spans = &literal_of(filling, &plan->asking[i])->spans;

		for (uint32_t k = 0; k < spans->n; k++)
			changes[n++] = (struct change){spans->at[k], (uint32_t)i};
	}
	if (changes)
		qsort(changes, n, sizeof(*changes), compare_changes);
	*ret_n = n;
	return changes;
}

/* Adds a span unless the one before leaves the same. */
static int add_span(struct tc_filling *filling, struct tc_look *look, const struct tc_point *at,
		    const uint32_t *missing)
{
	struct tc_terms left = tc_filling_left(filling, missing);
	struct tc_span *spans = filling->tables->spans;
	uint16_t row;
	int r = tc_filling_row(filling, &left, &row);

	if (r || (look->n && spans[look->first + look->n - 1].row == row))
		return r;
	if (filling->counts->spans == TC_SPANS_MAX)
		return -E2BIG;
	spans[filling->counts->spans++] =
		(struct tc_span){.high = at->high, .low = at->low, .row = row};
	look->n++;
	return 0;
}

static int add_spans(struct tc_filling *filling, const struct tc_look_plan *plan,
		     struct tc_look *look, const struct change *changes, size_t n,
		     uint32_t *missing, bool *holds)
{
	static const struct tc_point zero;
	int r;

	for (size_t i = 0; i < plan->n_asking; i++) {
		holds[i] = literal_of(filling, &plan->asking[i])->spans.first;
		missing[plan->asking[i].clause] += !holds[i];
	}
	r = add_span(filling, look, &zero, missing);
	for (size_t i = 0; i < n && !r; i++) {
		const struct change *change = &changes[i];
		uint32_t *count = &missing[plan->asking[change->asking].clause];
		bool *now = &holds[change->asking];

		*now = !*now;
		*count = *now ? *count - 1 : *count + 1;
		if (i + 1 == n || tc_point_compare(&changes[i + 1].at, &change->at))
			r = add_span(filling, look, &change->at, missing);
	}
	return r;
}

int tc_filling_spans(struct tc_filling *filling, const struct tc_look_plan *plan,
		     struct tc_look *look)
{
	uint32_t *missing = calloc(filling->clauses->n + 1, sizeof(*missing));
	bool *holds = calloc(plan->n_asking + 1, sizeof(*holds));
	size_t n;
	struct change *changes = list_changes(filling, plan, &n);
	int r = -ENOMEM;

	look->first = (uint16_t)filling->counts->spans;
	look->n = 0;
	if (missing && holds && changes)
		r = add_spans(filling, plan, look, changes, n, missing, holds);
	free(missing);
	free(holds);
	free(changes);
	return r;
}
