/* SPDX-License-Identifier: Apache-2.0 */
/* A file gets another name, and the oldest of those that were renamed before go. */
#ifndef TOCSIN_OUTPUT_ROTATE_H
#define TOCSIN_OUTPUT_ROTATE_H

#include <stdbool.h>
#include <stdint.h>

#define TC_ROTATE_KEEP_MAX 10000

struct tc_rotation {
	bool timed; /* PATH-20260131T120000Z, in UTC; otherwise PATH.1, PATH.2 ..., 1 the newest */
	uint64_t keep; /* files with such names, 1 to TC_ROTATE_KEEP_MAX */
};

/* Renames the file. 0 or a negative errno: it has its name still. What cannot be removed of the
 * others stays. */
int tc_rotate(const struct tc_rotation *rotation, const char *path);

#endif
