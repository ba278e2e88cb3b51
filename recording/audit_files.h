/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an audit log: a directory of segments, NUMBER.rec, numbered from 1. */
#ifndef TOCSIN_RECORDING_AUDIT_FILES_H
#define TOCSIN_RECORDING_AUDIT_FILES_H

#include <limits.h>

#include "agent/hash.h"
#include "recording/recording.h"

#define TC_AUDIT_DEFAULT_DIRECTORY "/var/lib/tocsin/audit"

struct tc_audit_file {
	uint64_t number;
	uint64_t bytes;
	uint64_t changed_ns; /* since the epoch */
};

/* In the order of their numbers. Zero-initialised is empty. */
struct tc_audit_files {
	struct tc_audit_file *items; /* heap memory */
	size_t count, room;
};

/* Other files of the directory are passed over. 0 or a negative errno. */
int tc_audit_files_list(const char *directory, struct tc_audit_files *ret_files);
int tc_audit_files_append(struct tc_audit_files *files, const struct tc_audit_file *file);
/* Forgets the first of them. */
void tc_audit_files_shift(struct tc_audit_files *files);
void tc_audit_files_done(struct tc_audit_files *files);

void tc_audit_path(const char *directory, uint64_t number, char path[PATH_MAX]);
/* The last one that retention had taken, by the last segment whose header can be read; 0: none. */
uint64_t tc_audit_files_taken(const char *directory, const struct tc_audit_files *files);
/* The hash of a file's bytes. 0 or a negative errno. */
int tc_audit_hash_file(const char *path, struct tc_hash *ret_hash);

/* What the header of a segment says of its place. */
struct tc_audit_place {
	uint64_t segment;	/* its number; 0: this is no segment of an audit log */
	uint64_t first_segment; /* of the run of segments that it is part of, one of which
				   continues the other without a gap */
	uint64_t taken_until;	/* the last one that retention had taken when it began */
	bool has_previous;	/* the hash of the file before is known: */
	struct tc_hash previous;
};

void tc_audit_place_put(struct tc_buffer *header, const struct tc_audit_place *place);
void tc_audit_place_get(const struct tc_named_list *header, struct tc_audit_place *ret_place);
/* The place of a file. 0, or as tc_recording_open_file(). */
int tc_audit_place_read(const char *path, struct tc_audit_place *ret_place,
			struct tc_recording_fault *ret_fault);

#endif
