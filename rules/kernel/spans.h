/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers or addresses, as the places at which belonging to them changes. */
#ifndef TOCSIN_RULES_KERNEL_SPANS_H
#define TOCSIN_RULES_KERNEL_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/buffer.h"

/* A number as a look compares it (decide.h): high is 0, of signed ones the sign bit is flipped; or
 * an address. */
struct tc_point {
	uint64_t high, low;
};

struct tc_spans {
	bool first;		   /* whether 0 belongs to it */
	uint32_t n;		   /* changes */
	const struct tc_point *at; /* ascending, none is 0 */
};

int tc_point_compare(const struct tc_point *a, const struct tc_point *b);
bool tc_spans_have(const struct tc_spans *spans, const struct tc_point *key);

/* What is in both, or in either; the changes are appended to room, which must be empty, and must
 * live as long as the result. */
struct tc_spans tc_spans_join(const struct tc_spans *a, const struct tc_spans *b, bool both,
			      struct tc_buffer *room);

#endif
