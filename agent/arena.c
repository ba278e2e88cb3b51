/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/arena.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384

struct tc_arena_chunk {
	struct tc_arena_chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

static size_t round_up(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

void *tc_arena_alloc(struct tc_arena *arena, size_t size)
{
	struct tc_arena_chunk *chunk = arena->chunk;

	size = round_up(size);
	if (!chunk || chunk->size - chunk->used < size) {
		size_t chunk_size = size > CHUNK_BYTES ? size : CHUNK_BYTES;

		chunk = malloc(sizeof(*chunk) + chunk_size);
		if (!chunk)
			return NULL;
		*chunk = (struct tc_arena_chunk){.next = arena->chunk, .size = chunk_size};
		arena->chunk = chunk;
	}
	void *piece = chunk->bytes + chunk->used;
	chunk->used += size;
	return piece;
}

char *tc_arena_copy(struct tc_arena *arena, const void *bytes, size_t length)
{
	char *copy = tc_arena_alloc(arena, length + 1);

	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

void tc_arena_reset(struct tc_arena *arena)
{
	struct tc_arena_chunk *largest = arena->chunk;

	if (!largest)
		return;
	for (struct tc_arena_chunk *chunk = largest->next, *next; chunk; chunk = next) {
		next = chunk->next;
		if (chunk->size > largest->size) {
			free(largest);
			largest = chunk;
		} else {
			free(chunk);
		}
	}
	largest->next = NULL;
	largest->used = 0;
	arena->chunk = largest;
}

void tc_arena_done(struct tc_arena *arena)
{
	for (struct tc_arena_chunk *chunk = arena->chunk, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	arena->chunk = NULL;
}
