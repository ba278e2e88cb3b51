/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taker JOURNAL N: takes over what an agent left that had this journal, as the next agent would,
 * but fails behind N records, which are safe. For guests. Prints "took N".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pinned.h"

struct taking {
	unsigned taken, limit;
};

static int take(void *context, const void *bytes, size_t size)
{
	struct taking *taking = context;

	(void)bytes;
	(void)size;
	if (taking->taken == taking->limit)
		return -EIO;
	taking->taken++;
	return 0;
}

int main(int argc, char **argv)
{
	struct taking taking = {0};
	struct tc_pinned_list list;
	int r;

	if (argc != 3)
		return 2;
	taking.limit = (unsigned)atoi(argv[2]);
	r = tc_pinned_find(argv[1], &list);
	if (r < 0 || list.n != 1) {
		fprintf(stderr, "%s: %zu agents' pins: %s\n", argv[1], r < 0 ? 0 : list.n,
			strerror(-r));
		return 1;
	}
	tc_pinned_release(&list);
	r = tc_pinned_drain(list.items[0], take, &taking);
	tc_pinned_settle(&list);
	printf("took %u\n", taking.taken);
	return r != -EIO;
}
