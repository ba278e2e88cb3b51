/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MULTIPLIER 0x9fb21c651e98df25ULL

uint64_t tc_hash(const void *bytes, size_t length)
{
	const char *at = bytes;
	uint64_t hash = length * MULTIPLIER, word;

	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * MULTIPLIER;
		hash ^= hash >> 32;
	}
	if (length) {
		word = 0;
		memcpy(&word, at, length);
		hash = (hash ^ word) * MULTIPLIER;
		hash ^= hash >> 32;
	}
	return hash ^ hash >> 29;
}

/* The entry with that key, or the free one where it would go. */
static struct tc_map_entry *find(const struct tc_map *map, const void *key, size_t length,
				 uint64_t hash)
{
	size_t mask = map->n_entries - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct tc_map_entry *entry = &map->entries[i];

		if (!entry->key)
			return entry;
		if (entry->hash == hash && entry->length == length &&
		    !memcmp(entry->key, key, length))
			return entry;
	}
}

bool tc_map_get(const struct tc_map *map, const void *key, size_t length, uint32_t *ret_value)
{
	const struct tc_map_entry *entry;

	if (!map->n_entries)
		return false;
	entry = find(map, key, length, tc_hash(key, length));
	if (!entry->key)
		return false;
	*ret_value = entry->value;
	return true;
}

static int grow(struct tc_map *map)
{
	struct tc_map larger = {.n_entries = map->n_entries ? map->n_entries * 2 : 64};

	larger.entries = calloc(larger.n_entries, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_entries; i++) {
		const struct tc_map_entry *entry = &map->entries[i];

		if (entry->key)
			*find(&larger, entry->key, entry->length, entry->hash) = *entry;
	}
	free(map->entries);
	map->entries = larger.entries;
	map->n_entries = larger.n_entries;
	return 0;
}

int tc_map_add(struct tc_map *map, const void *key, size_t length, uint32_t value)
{
	uint64_t hash = tc_hash(key, length);
	char *copy;

	if ((map->count + 1) * 4 > map->n_entries * 3 && grow(map))
		return -ENOMEM;
	copy = tc_arena_copy(&map->arena, key, length);
	if (!copy)
		return -ENOMEM;
	*find(map, key, length, hash) =
		(struct tc_map_entry){.key = copy, .length = length, .hash = hash, .value = value};
	map->count++;
	return 0;
}

void tc_map_done(struct tc_map *map)
{
	free(map->entries);
	tc_arena_done(&map->arena);
	*map = (struct tc_map){0};
}
