/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording, or a directory of them that is an audit log: one recording after the other, in the
 * order of their numbers.
 */
#ifndef TOCSIN_RECORDING_SERIES_H
#define TOCSIN_RECORDING_SERIES_H

#include "recording/audit_files.h"

struct tc_series;

/* A file, "-" for standard input, or a directory. 0; -ENODATA for a directory without segments; or
 * another negative errno. */
int tc_series_open(const char *path, struct tc_series **ret_series);
/* With the recording that it gave last. Takes NULL. */
void tc_series_close(struct tc_series *series);

/*
 * Of a directory: begins with the last segment that was begun before a time (since the epoch).
 * Segments begin with what is known of the host, so that nothing but ended processes is missed by
 * that. To be called before the first tc_series_next().
 */
int tc_series_skip(struct tc_series *series, uint64_t until_ns);

/*
 * The next recording, valid until the next call. continues: it goes on where the one before ended,
 * which was read to its end (tc_past_continue()); else a world begins anew with it. 1; 0 at the
 * end; -EBADMSG when it cannot be read, with the reason, or another negative errno: the call after
 * that gives the one behind it.
 */
int tc_series_next(struct tc_series *series, struct tc_recording **ret_recording,
		   bool *ret_continues, struct tc_recording_fault *ret_fault);

/* The file of the last one; for messages. */
const char *tc_series_path(const struct tc_series *series);
/* Of all files: bytes, 0 when not known, and how many were read so far. */
uint64_t tc_series_bytes(const struct tc_series *series);
uint64_t tc_series_offset(const struct tc_series *series);

#endif
