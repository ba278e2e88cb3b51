/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nearest.h"

#include <string.h>

#define WORD_MAX 64

static size_t least(size_t left, size_t right)
{
	return left < right ? left : right;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours cost 1 each. */
static size_t distance(const char *left, size_t n, const char *right, size_t m)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = left[i - 1] != right[j - 1];

			row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] &&
			    left[i - 2] == right[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

void tc_nearest_offer(struct tc_nearest *nearest, const char *name)
{
	size_t length = strlen(name), limit = nearest->length / 3 ? nearest->length / 3 : 1;
	size_t found;

	if (!nearest->length || nearest->length > WORD_MAX || length > WORD_MAX)
		return;
	if (length > nearest->length + limit || nearest->length > length + limit)
		return;
	found = distance(nearest->word, nearest->length, name, length);
	if (found > limit || (nearest->best && found >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = found;
}
