/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rules/compile/test.h"
#include "rules/map.h"

struct tc_set_entry {
	const char *bytes; /* NULL: free */
	uint32_t length;
	uint32_t hash; /* high half */
};

static uint64_t length_bit(size_t length)
{
	return 1ULL << (length < 63 ? length : 63);
}

static struct tc_set_entry *find(const struct tc_string_set *set, const char *bytes, size_t length)
{
	uint64_t hash = tc_hash(bytes, length);

	for (size_t i = hash & set->mask;; i = (i + 1) & set->mask) {
		struct tc_set_entry *entry = &set->entries[i];

		if (!entry->bytes)
			return entry;
		if (entry->hash == (uint32_t)(hash >> 32) && entry->length == length &&
		    !memcmp(entry->bytes, bytes, length))
			return entry;
	}
}

const struct tc_string_set *tc_string_set_new(struct tc_arena *arena, const char *const *strings,
					      const uint32_t *lengths, size_t n)
{
	struct tc_string_set *set = tc_arena_alloc(arena, sizeof(*set));
	size_t size = 4;

	while (size < n * 2)
		size *= 2;
	if (!set)
		return NULL;
	*set = (struct tc_string_set){.mask = size - 1};
	set->entries = tc_arena_alloc(arena, size * sizeof(*set->entries));
	if (!set->entries)
		return NULL;
	memset(set->entries, 0, size * sizeof(*set->entries));
	for (size_t i = 0; i < n; i++) {
		struct tc_set_entry *entry = find(set, strings[i], lengths[i]);

		if (entry->bytes)
			continue;
		entry->bytes = tc_arena_copy(arena, strings[i], lengths[i]);
		if (!entry->bytes)
			return NULL;
		entry->length = lengths[i];
		entry->hash = (uint32_t)(tc_hash(strings[i], lengths[i]) >> 32);
		set->lengths |= length_bit(lengths[i]);
	}
	return set;
}

bool tc_string_set_has(const struct tc_string_set *set, const char *bytes, size_t length)
{
	return set->lengths & length_bit(length) && find(set, bytes, length)->bytes;
}

bool tc_string_set_next(const struct tc_string_set *set, size_t *at, const char **ret_bytes,
			uint32_t *ret_length)
{
	for (; *at <= set->mask; (*at)++) {
		const struct tc_set_entry *entry = &set->entries[*at];

		if (!entry->bytes)
			continue;
		*ret_bytes = entry->bytes;
		*ret_length = entry->length;
		(*at)++;
		return true;
	}
	return false;
}
