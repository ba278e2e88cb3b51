/* SPDX-License-Identifier: Apache-2.0 */
/* From strings of bytes to numbers. */
#ifndef TOCSIN_RULES_MAP_H
#define TOCSIN_RULES_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/arena.h"

struct tc_map_entry {
	const char *key; /* NULL: free */
	size_t length;
	uint64_t hash;
	uint32_t value;
};

/* Zero-initialised is empty. Keys are copied into the map's arena. */
struct tc_map {
	struct tc_map_entry *entries;
	size_t n_entries; /* a power of two, or 0 */
	size_t count;
	struct tc_arena arena;
};

bool tc_map_get(const struct tc_map *map, const void *key, size_t length, uint32_t *ret_value);
/* Adds a key that is not in the map yet. 0 or -ENOMEM. */
int tc_map_add(struct tc_map *map, const void *key, size_t length, uint32_t value);
void tc_map_done(struct tc_map *map);

/* The hash of a string of bytes. */
uint64_t tc_hash(const void *bytes, size_t length);

#endif
