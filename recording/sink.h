/* SPDX-License-Identifier: Apache-2.0 */
/* What takes entries in the order in which the agent met them: a recorder, the audit log. */
#ifndef TOCSIN_RECORDING_SINK_H
#define TOCSIN_RECORDING_SINK_H

#include "agent/buffer.h"
#include "agent/enrich/host.h"
#include "recording/frame.h"

/* What a header tells beside what the host does. */
struct tc_recorder_about {
	uint64_t kinds;	    /* of events that are recorded, as TC_KIND_BIT */
	const char *scope;  /* NULL: the whole host */
	const char *source; /* where events come from: "lsm", "fallback" */
};

struct tc_sink;

struct tc_sink_ops {
	/* Before the first entry. about must outlive the sink. */
	void (*begin)(struct tc_sink *sink, const struct tc_recorder_about *about,
		      const struct tc_host_about *host);
	/* An entry that is no record. */
	void (*add)(struct tc_sink *sink, enum tc_entry_type type, const void *bytes, size_t size);
};

/* The first member of each kind of sink. */
struct tc_sink {
	const struct tc_sink_ops *ops;
};

/* Adds the named values of a body, and empties it. What memory ran out for is left out, with a
 * warning. */
void tc_sink_add_body(struct tc_sink *sink, enum tc_entry_type type, struct tc_buffer *body);

/* From the next record on rules of that hash (tc_ruleset_hash()) judge, as a generation. */
void tc_sink_add_generation(struct tc_sink *sink, uint32_t number, const char *rules);

#endif
