/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given out in pieces and taken back all at once. */
#ifndef TOCSIN_AGENT_ARENA_H
#define TOCSIN_AGENT_ARENA_H

#include <stddef.h>

struct tc_arena_chunk;

/* Zero-initialised is empty. */
struct tc_arena {
	struct tc_arena_chunk *chunk;
};

/* size bytes aligned to 16, not cleared; NULL when memory is out. Valid until reset or done. */
void *tc_arena_alloc(struct tc_arena *arena, size_t size);
/* A copy of length bytes with a NUL behind it; NULL when memory is out. */
char *tc_arena_copy(struct tc_arena *arena, const void *bytes, size_t length);
/* Takes everything back; keeps the largest chunk for the next round. */
void tc_arena_reset(struct tc_arena *arena);
/* Frees everything. */
void tc_arena_done(struct tc_arena *arena);

#endif
