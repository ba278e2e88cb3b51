/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a recording while it is written: frames are packed and appended, each in one call of
 * write(2), whole or not at all.
 */
#ifndef TOCSIN_RECORDING_SEGMENT_H
#define TOCSIN_RECORDING_SEGMENT_H

#include "recording/block.h"

struct tc_segment;

struct tc_segment_counts {
	uint64_t records;
	uint64_t file_bytes;
};

/* Told of all bytes that were appended. */
typedef void (*tc_segment_callback)(void *context, const void *bytes, size_t size);

/* Makes a file (mode 0600), which must not exist yet. 0 or a negative errno; nothing is logged. */
int tc_segment_create(const char *path, struct tc_segment **ret_segment);
/* From the beginning on. */
void tc_segment_watch(struct tc_segment *segment, tc_segment_callback appended, void *context);
/* All three: 0 or a negative errno; then what was whole before stays. The first frame is the
 * header, the last the index: it is forced to the disk. */
int tc_segment_begin(struct tc_segment *segment, const struct tc_buffer *header);
int tc_segment_append(struct tc_segment *segment, struct tc_block *block);
int tc_segment_finish(struct tc_segment *segment);
/* Forces to the disk what was appended. 0 or a negative errno. */
int tc_segment_sync(struct tc_segment *segment);
void tc_segment_counts(const struct tc_segment *segment, struct tc_segment_counts *ret_counts);
/* Closes the file; removes one that was never begun. Takes NULL. */
void tc_segment_free(struct tc_segment *segment);

#endif
