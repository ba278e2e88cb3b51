/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean ...?": the known name that is nearest to a wrong one. Offer each known name in
 *turn, then look at best:
 *
 *	struct tc_nearest nearest = {.word = word, .length = length};
 *	for (...)
 *		tc_nearest_offer(&nearest, names[i]);
 */
#ifndef TOCSIN_AGENT_NEAREST_H
#define TOCSIN_AGENT_NEAREST_H

#include <stddef.h>

struct tc_nearest {
	const char *word; /* the wrong one, not terminated */
	size_t length;
	const char *best; /* NULL: none is near */
	size_t distance;
};

/*
 * A name is near when at most a third of the word's letters (and at least one) must be put in,
 * taken away, changed or swapped with their neighbour to make one of the other (Damerau,
 * Levenshtein; optimal string alignment). The first of the nearest stays. Words of more than 64
 * bytes are near nothing.
 */
void tc_nearest_offer(struct tc_nearest *nearest, const char *name);

#endif
