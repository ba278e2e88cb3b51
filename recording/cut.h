/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a recording as a recording: the events of a time, of a cgroup, of a process and those
 * that it made.
 *
 * What is cut begins with what was known of the host at that time, as a segment of an audit log
 * does. Kept beside the events asked for is what the fields of these need: fork, exec and exit of
 * their processes, of these' ancestors and targets, what became of cgroups, what the host was asked
 * about such processes, and what the agent told of itself. Numbers of events (evt.num) are others
 * in the cut.
 */
#ifndef TOCSIN_RECORDING_CUT_H
#define TOCSIN_RECORDING_CUT_H

#include "recording/series.h"
#include "recording/sink.h"

struct tc_cut {
	uint64_t since_ns, until_ns; /* since the epoch, both included */
	const char *cgroup;	     /* the path of one, with those below it; NULL: all */
	uint32_t tgid;		     /* a process, with those that it made; 0: all */
};

/* Whoever gets it: first the header, as named values; then entries, records among them. 0 to go
 * on. */
struct tc_cut_target {
	int (*begin)(void *context, const struct tc_buffer *header);
	int (*add)(void *context, uint16_t type, const void *bytes, size_t size);
	void *context;
};

/*
 * Reads a recording or an audit log: of a log with gaps what lies before the first that is met
 * (*ret_gap: the file behind it, "" when there was none). 0, also when the recording is damaged
 * (*ret_fault has a reason then, or "") behind what was cut; what the target returned; -ENODATA
 * when there was no event in the cut; or as tc_series_open(), and -EBADMSG with the reason.
 */
int tc_cut(const char *path, const struct tc_cut *cut, const struct tc_cut_target *target,
	   char ret_gap[PATH_MAX], struct tc_recording_fault *ret_fault);

#endif
