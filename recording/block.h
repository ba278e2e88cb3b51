/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that gather until they are a frame. */
#ifndef TOCSIN_RECORDING_BLOCK_H
#define TOCSIN_RECORDING_BLOCK_H

#include "agent/buffer.h"
#include "recording/frame.h"

/* A block is full when it holds so much. */
#define TC_BLOCK_BYTES (256U << 10)

/* Zero-initialised is empty. */
struct tc_block {
	struct tc_buffer entries;
	struct tc_frame frame; /* records, first_ns, last_ns */
	uint64_t since_ns;     /* CLOCK_MONOTONIC: of its first entry */
};

/* Whether an entry of so many bytes finds room; in an empty block all do that may be one. */
bool tc_block_has_room(const struct tc_block *block, size_t size);
/* Appends an entry of at most TC_ENTRY_BYTES_MAX. */
void tc_block_add(struct tc_block *block, enum tc_entry_type type, const void *bytes, size_t size);
/* The same with a record: bytes of any kind, at most TC_RECORD_MAX. */
void tc_block_add_record(struct tc_block *block, const void *bytes, size_t size);
/* Empties it, keeps the memory. */
void tc_block_reset(struct tc_block *block);
void tc_block_done(struct tc_block *block);

#endif
