/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/spans.h"

int tc_point_compare(const struct tc_point *a, const struct tc_point *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

bool tc_spans_have(const struct tc_spans *spans, const struct tc_point *key)
{
	uint32_t low = 0, high = spans->n;

	/* The number of changes up to the key. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (tc_point_compare(&spans->at[middle], key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return spans->first != (low & 1);
}

struct tc_spans tc_spans_join(const struct tc_spans *a, const struct tc_spans *b, bool both,
			      struct tc_buffer *room)
{
	uint32_t i = 0, k = 0;
	bool in_a = a->first, in_b = b->first;
	struct tc_spans joined = {.first = both ? in_a && in_b : in_a || in_b};
	bool now = joined.first;

	while (i < a->n || k < b->n) {
		int order = i == a->n ? 1 : k == b->n ? -1 : tc_point_compare(&a->at[i], &b->at[k]);
		const struct tc_point *at = order <= 0 ? &a->at[i] : &b->at[k];
		bool next;

		if (order <= 0) {
			in_a = !in_a;
			i++;
		}
		if (order >= 0) {
			in_b = !in_b;
			k++;
		}
		next = both ? in_a && in_b : in_a || in_b;
		if (next == now)
			continue;
		tc_buffer_add(room, at, sizeof(*at));
		joined.n++;
		now = next;
	}
	joined.at = (const struct tc_point *)(const void *)room->bytes;
	return joined;
}
