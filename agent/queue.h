/* SPDX-License-Identifier: Apache-2.0 */
/* Records of one CPU that wait for their turn, in the order of time. */
#ifndef TOCSIN_AGENT_QUEUE_H
#define TOCSIN_AGENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. Plain data; the members are the queue's own. */
struct tc_queue {
	char *bytes;			/* records one behind the other, each aligned to 8 */
	size_t used, waiting, capacity; /* waiting: without those that were popped */
	struct tc_queue_entry {
		uint64_t time_ns;
		size_t offset;
		uint32_t size;
	} * entries; /* sorted by time */
	size_t first, count, entries_capacity;
};

/*
 * Copies a record into the queue. Records come nearly in order; one that is older than its
 * predecessors (its program was preempted before it could send) goes before them. 0 or -ENOMEM.
 */
int tc_queue_push(struct tc_queue *queue, uint64_t time_ns, const void *record, uint32_t size);
/* The oldest record and its size and time; NULL when the queue is empty. Valid until the next push.
 */
const void *tc_queue_head(const struct tc_queue *queue, uint32_t *ret_size, uint64_t *ret_time_ns);
/* The time of the youngest record; 0 when the queue is empty. */
uint64_t tc_queue_last_time(const struct tc_queue *queue);
/* Drops the oldest record. The queue must not be empty. */
void tc_queue_pop(struct tc_queue *queue);
/* Bytes of the records that wait. */
size_t tc_queue_bytes(const struct tc_queue *queue);
void tc_queue_done(struct tc_queue *queue);

#endif
