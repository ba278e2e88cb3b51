/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a recording: its header, then entry by entry, forward only, so that it may come through a
 * pipe. Whoever wrote the bytes: memory is bounded by twice TC_FRAME_BYTES_MAX, and everything up
 * to the first damage is read.
 */
#ifndef TOCSIN_RECORDING_RECORDING_H
#define TOCSIN_RECORDING_RECORDING_H

#include <sys/types.h>

#include "recording/frame.h"
#include "recording/layout.h"
#include "recording/named.h"

struct tc_recording;

/* Where bytes come from: as read(2), the end is 0 and stays so; a negative errno for an error. */
struct tc_recording_source {
	ssize_t (*read)(void *context, void *bytes, size_t size);
	void *context;
};

struct tc_recording_fault {
	uint64_t offset; /* of the frame that is damaged, from the beginning of the file */
	uint64_t block;	 /* blocks that were whole before it */
	bool is_cut;	 /* the file ends within that frame */
	char reason[192];
};

enum tc_recording_end {
	TC_RECORDING_GOES_ON,	 /* the end was not reached */
	TC_RECORDING_WHOLE,	 /* it ends with its index */
	TC_RECORDING_UNFINISHED, /* it ends behind a block: still written to, or its agent was
				    killed */
	TC_RECORDING_DAMAGED,
};

struct tc_entry {
	uint16_t type;	   /* enum tc_entry_type, or another */
	const void *bytes; /* aligned to TC_ENTRY_ALIGN; valid until the next entry is taken */
	size_t size;
};

/*
 * Begins to read. 0; -EBADMSG with the reason, when this is no recording or one that this version
 * cannot read; -ENOMEM.
 */
int tc_recording_open(const struct tc_recording_source *source, struct tc_recording **ret_recording,
		      struct tc_recording_fault *ret_fault);
/* The same with a file; "-" is standard input. Other negative errnos are those of open(2). */
int tc_recording_open_file(const char *path, struct tc_recording **ret_recording,
			   struct tc_recording_fault *ret_fault);
/* Takes NULL. */
void tc_recording_close(struct tc_recording *recording);

/* Valid as long as the recording. */
const struct tc_named_list *tc_recording_header(const struct tc_recording *recording);
const struct tc_layout *tc_recording_layout(const struct tc_recording *recording);

/* The next entry. 1; 0 at the end; -EBADMSG when it is damaged, with the reason. */
int tc_recording_next(struct tc_recording *recording, struct tc_entry *ret_entry,
		      struct tc_recording_fault *ret_fault);
enum tc_recording_end tc_recording_end(const struct tc_recording *recording);
/* Bytes read so far. */
uint64_t tc_recording_offset(const struct tc_recording *recording);

#endif
