/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host as it was: records one after the other, and a host that answers from the recording what
 * the one that was recorded answered before each of them.
 *
 * A question that was not asked then has no answer now; nothing is taken from the host that the
 * replay runs on.
 */
#ifndef TOCSIN_RECORDING_PAST_H
#define TOCSIN_RECORDING_PAST_H

#include "agent/enrich/host.h"
#include "recording/recording.h"

struct tc_past;

struct tc_past_counts {
	uint64_t records;
	uint64_t bytes;	       /* of these records */
	uint64_t unknown;      /* records of kinds that this version does not know, passed over */
	char unknown_kind[64]; /* the last one of these kinds */
};

/* Reads up to the first step; the recording must outlive the past. 0, or as tc_past_next(). */
int tc_past_new(struct tc_recording *recording, struct tc_past **ret_past,
		struct tc_recording_fault *ret_fault);
/*
 * Goes on with the segment that continues the one before, whose end tc_past_next() told; what it
 * says of the host at its beginning is passed over. The one before may be closed.
 */
void tc_past_continue(struct tc_past *past, struct tc_recording *recording);
/* After its hosts. Takes NULL. */
void tc_past_free(struct tc_past *past);

/* A host for a world, which asks it while it takes the present record; several give the same
 * answers. NULL when memory is out. */
struct tc_host *tc_past_host(struct tc_past *past);

/* What happens next. */
struct tc_past_step {
	const void *bytes; /* a record, for tc_pipeline_feed(); NULL: none up to now_ns, for
			      tc_pipeline_pass() */
	size_t size;
	uint64_t now_ns; /* since boot */
};

/*
 * The next step; valid until the next call. 1; 0 at the end; -EBADMSG when the recording is damaged
 * from here on, with the reason; -ENOMEM.
 */
int tc_past_next(struct tc_past *past, struct tc_past_step *ret_step,
		 struct tc_recording_fault *ret_fault);
/* A generation of rules of the agent that recorded. */
struct tc_past_generation {
	uint32_t number;
	char rules[65]; /* tc_ruleset_hash() */
};

/* The last ones are remembered. */
#define TC_PAST_GENERATIONS 64

/* How many there were up to the present step. */
uint64_t tc_past_generations(const struct tc_past *past);
/* The n-th of them, from 0; NULL: it is forgotten, or did not come yet. */
const struct tc_past_generation *tc_past_generation(const struct tc_past *past, uint64_t n);
/* Whether these rules were the generation of that number. */
bool tc_past_had_rules(const struct tc_past *past, uint32_t number, const char *hash);

/*
 * What the host had told before the present step: at is 0 for the first, and then behind it. False
 * when there is no further.
 */
bool tc_past_answer(const struct tc_past *past, size_t *at, struct tc_entry *ret_answer);
void tc_past_counts(const struct tc_past *past, struct tc_past_counts *ret_counts);

#endif
