/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t room_of(uint32_t size)
{
	return ((size_t)size + 7) & ~(size_t)7;
}

/* A queue that was larger than this gives its memory back when it runs empty. */
#define KEEP_BYTES (256 * 1024)
/* Popped records are cleared away when they are more than what waits, and more than this. */
#define COMPACT_BYTES (64 * 1024)

static int reserve(void **array, size_t *capacity, size_t needed, size_t item_bytes)
{
	size_t grown = *capacity ? *capacity : 64;

	if (needed <= *capacity)
		return 0;
	while (grown < needed)
		grown *= 2;
	void *moved = realloc(*array, grown * item_bytes);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*capacity = grown;
	return 0;
}

int tc_queue_push(struct tc_queue *queue, uint64_t time_ns, const void *record, uint32_t size)
{
	size_t room = room_of(size);
	size_t end = queue->first + queue->count;

	if (reserve((void **)&queue->bytes, &queue->capacity, queue->used + room, 1) < 0 ||
	    reserve((void **)&queue->entries, &queue->entries_capacity, end + 1,
		    sizeof(*queue->entries)) < 0)
		return -ENOMEM;
	memcpy(queue->bytes + queue->used, record, size);
	while (end > queue->first && queue->entries[end - 1].time_ns > time_ns) {
		queue->entries[end] = queue->entries[end - 1];
		end--;
	}
	queue->entries[end] =
		(struct tc_queue_entry){.time_ns = time_ns, .offset = queue->used, .size = size};
	queue->count++;
	queue->used += room;
	queue->waiting += room;
	return 0;
}

const void *tc_queue_head(const struct tc_queue *queue, uint32_t *ret_size, uint64_t *ret_time_ns)
{
	const struct tc_queue_entry *entry;

	if (queue->count == 0)
		return NULL;
	entry = &queue->entries[queue->first];
	*ret_size = entry->size;
	*ret_time_ns = entry->time_ns;
	return queue->bytes + entry->offset;
}

uint64_t tc_queue_last_time(const struct tc_queue *queue)
{
	return queue->count ? queue->entries[queue->first + queue->count - 1].time_ns : 0;
}

/* What waits moves to the front, so that the memory does not grow with every round. */
static void compact(struct tc_queue *queue)
{
	size_t start = queue->used;

	for (size_t i = 0; i < queue->count; i++)
		if (queue->entries[queue->first + i].offset < start)
			start = queue->entries[queue->first + i].offset;
	memmove(queue->bytes, queue->bytes + start, queue->used - start);
	memmove(queue->entries, queue->entries + queue->first,
		queue->count * sizeof(*queue->entries));
	queue->used -= start;
	queue->first = 0;
	for (size_t i = 0; i < queue->count; i++)
		queue->entries[i].offset -= start;
}

void tc_queue_pop(struct tc_queue *queue)
{
	queue->waiting -= room_of(queue->entries[queue->first].size);
	queue->first++;
	queue->count--;
	if (queue->count == 0) {
		queue->first = 0;
		queue->used = 0;
		if (queue->capacity > KEEP_BYTES)
			tc_queue_done(queue);
	} else if (queue->used > COMPACT_BYTES && queue->used > 2 * queue->waiting) {
		compact(queue);
	}
}

size_t tc_queue_bytes(const struct tc_queue *queue)
{
	return queue->waiting;
}

void tc_queue_done(struct tc_queue *queue)
{
	free(queue->bytes);
	free(queue->entries);
	*queue = (struct tc_queue){0};
}
