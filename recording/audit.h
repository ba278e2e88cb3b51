/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: a recording that goes on from start to start, in a directory of segments, each a
 * recording of its own that names the hash of the one before (docs/recording.md).
 *
 * Its files are written by a thread of its own, for which full blocks wait in memory, at most
 * TC_AUDIT_WAITING_BYTES: whoever gives records never waits. What finds no room, or no disk, is
 * counted and told; then the log begins a new segment, as soon as that can be written. A segment
 * that does not continue the one before (at a start, behind such a gap) begins with all that is
 * known of the host; the others, too, so that the oldest that retention left can be read.
 */
#ifndef TOCSIN_RECORDING_AUDIT_H
#define TOCSIN_RECORDING_AUDIT_H

#include "agent/enrich/world.h"
#include "agent/notice.h"
#include "recording/sink.h"

#define TC_AUDIT_WAITING_BYTES (8U << 20)

struct tc_audit;

struct tc_audit_options {
	const char *directory;	 /* must be there */
	uint64_t segment_bytes;	 /* a segment ends when it is larger, and at least half of it
				    happened behind its beginning, ... */
	uint64_t segment_age_ns; /* ... or older */
	uint64_t max_bytes;	 /* of all segments; 0: no limit */
	uint64_t max_age_ns;	 /* of a segment since it was last written; 0: no limit */
	uint64_t retry_ns;	 /* how long a disk that fails is left alone; 0: ten seconds */
};

/* Options must outlive it. 0; -EBUSY when another agent writes this log; or another negative
 * errno; logged. */
int tc_audit_open(const struct tc_audit_options *options, struct tc_audit **ret_audit);
/* For a tap: the first segment begins with what the host tells. */
struct tc_sink *tc_audit_sink(struct tc_audit *audit);
/* What later segments say of the host, this world says: from now on, and until tc_audit_stop(). */
void tc_audit_set_world(struct tc_audit *audit, const struct tc_world *world);

/*
 * Whether the host was asked since the last record that was taken: the present one must be taken,
 * so that a replay asks, too, and takes the answer.
 */
bool tc_audit_was_told(const struct tc_audit *audit);
/* A record, behind what the host told for it. */
void tc_audit_take(struct tc_audit *audit, const void *bytes, size_t size);
/* Time passed up to now_ns, since boot. */
void tc_audit_pass(struct tc_audit *audit, uint64_t now_ns);
/* Hands on a block that waits for so long, and begins a segment when that is due; to be called
 * ten times a second or so. */
void tc_audit_flush(struct tc_audit *audit, uint64_t age_ns);

/* The next thing to be told: audit_segment (tc_notice_audit()). */
bool tc_audit_take_report(struct tc_audit *audit, struct tc_audit_report *ret_report);
/* Records that were not kept since this was last asked. */
uint64_t tc_audit_take_lost(struct tc_audit *audit);

/* Writes what waits, and ends the segment; reports can be taken still. */
void tc_audit_stop(struct tc_audit *audit);
/* Stops, and frees it. Takes NULL. */
void tc_audit_free(struct tc_audit *audit);

#endif
