/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a recording: records and what the host told, in the order in which the agent met them.
 *
 * Entries gather in a block, which is packed and appended to the file when it is full or old, in
 * one call of write(2): an agent that is killed leaves whole blocks. The first thing that fails
 * ends the recording, is logged, and told by tc_recorder_error(); what was whole stays.
 */
#ifndef TOCSIN_RECORDING_RECORDER_H
#define TOCSIN_RECORDING_RECORDER_H

#include "recording/sink.h"

struct tc_recorder;

/* Makes a file, which must not exist yet. 0 or a negative errno, logged. */
int tc_recorder_open(const char *path, struct tc_recorder **ret_recorder);
/* The same recorder, for a tap. */
struct tc_sink *tc_recorder_sink(struct tc_recorder *recorder);
/* Before the first entry: begins the file with its header. */
void tc_recorder_begin(struct tc_recorder *recorder, const struct tc_recorder_about *about,
		       const struct tc_host_about *host);
/* The same with a header that is there already. */
void tc_recorder_begin_as(struct tc_recorder *recorder, const struct tc_buffer *header);
/* Appends an entry. */
void tc_recorder_add(struct tc_recorder *recorder, enum tc_entry_type type, const void *bytes,
		     size_t size);
/* Appends a record: a tc_record_callback with the recorder as context. 0. */
int tc_recorder_take(void *recorder, const void *bytes, size_t size);
/* Notes down that time passed up to now_ns, since boot. */
void tc_recorder_pass(struct tc_recorder *recorder, uint64_t now_ns);

/* How old a block may become before it is written, by whoever calls tc_recorder_flush(). */
#define TC_RECORDER_BLOCK_NS 1000000000ULL
/* Writes a block that waits for so long. */
void tc_recorder_flush(struct tc_recorder *recorder, uint64_t age_ns);
/* What went wrong; 0 when nothing did. */
int tc_recorder_error(const struct tc_recorder *recorder);

struct tc_recorder_counts {
	uint64_t records;
	uint64_t record_bytes;
	uint64_t file_bytes;
};

/* Writes what waits and the index, and closes the file. Takes NULL. 0 or the first error.
 * ret_counts: of the whole; may be NULL. */
int tc_recorder_close(struct tc_recorder *recorder, struct tc_recorder_counts *ret_counts);

#endif
