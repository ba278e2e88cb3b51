/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of the audit log that writes its files. */
#ifndef TOCSIN_RECORDING_AUDIT_WRITER_H
#define TOCSIN_RECORDING_AUDIT_WRITER_H

#include "recording/audit.h"
#include "recording/block.h"

struct tc_audit_writer;

/* What waits for the thread; heap memory. */
struct tc_audit_item {
	struct tc_block block;
	struct tc_buffer header; /* not empty: a segment begins with this block */
	bool continues;		 /* the one before, without a gap */
	bool is_known;		 /* what the world knew when the segment began */
	struct tc_audit_item *next;
};

/* Starts the thread. 0 or a negative errno, logged. */
int tc_audit_writer_new(const struct tc_audit_options *options,
			struct tc_audit_writer **ret_writer);
/* Takes an item, whatever waits already: that is bounded by who asks tc_audit_writer_state(). */
void tc_audit_writer_put(struct tc_audit_writer *writer, struct tc_audit_item *item);

struct tc_audit_writer_state {
	uint64_t waiting_bytes;
	uint64_t segment_bytes; /* of the present segment */
	uint64_t known_bytes;	/* of these: what the world knew when it began */
	uint64_t failed_ns;	/* CLOCK_MONOTONIC: when writing failed; 0: it did not */
	bool begins_wait;	/* a segment is to begin */
	bool many_reports;	/* wait to be taken: no segment should begin */
};

void tc_audit_writer_state(struct tc_audit_writer *writer, struct tc_audit_writer_state *ret_state);
bool tc_audit_writer_take_report(struct tc_audit_writer *writer,
				 struct tc_audit_report *ret_report);
/* Records of items that could not be written, since the last call. */
uint64_t tc_audit_writer_take_lost(struct tc_audit_writer *writer);
/* Writes what waits, ends the segment and the thread. */
void tc_audit_writer_stop(struct tc_audit_writer *writer);
/* After that. Takes NULL. */
void tc_audit_writer_free(struct tc_audit_writer *writer);

void tc_audit_item_free(struct tc_audit_item *item);

#endif
