/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through an audit log and looks whether it is what the agent wrote (docs/recording.md). */
#ifndef TOCSIN_RECORDING_AUDIT_VERIFY_H
#define TOCSIN_RECORDING_AUDIT_VERIFY_H

#include "recording/audit_files.h"

/* What somebody else knows of segments: the journal, which the agent told of each. */
struct tc_audit_claim {
	uint64_t began;	      /* number of a segment that began; 0: none did */
	uint64_t ended;	      /* of one that ended; 0: none did */
	uint64_t taken_until; /* the last one that retention had taken then; 0: none */
	bool has_hash;	      /* of the one that ended is known: */
	struct tc_hash hash;
};

/* In the order in which they were told. Zero-initialised is none. */
struct tc_audit_claims {
	struct tc_audit_claim *items; /* heap memory */
	size_t count, room;
};

/* 0 or -ENOMEM. */
int tc_audit_claims_append(struct tc_audit_claims *claims, const struct tc_audit_claim *claim);
void tc_audit_claims_done(struct tc_audit_claims *claims);

struct tc_audit_verification {
	uint64_t segment;  /* what was found first is about this one; 0: nothing was found */
	char message[320]; /* one sentence for people; "" when the log is whole */
	bool may_pass; /* an agent that writes makes it look so for a moment: when claims are read
			  and the log is looked at anew, what stays is true */

	uint64_t segments, first, last; /* that are there */
	uint64_t records, bytes;
	uint64_t since_ns, until_ns; /* begin of the first, last record; since the epoch */
	uint64_t taken_until;	     /* the last one that retention took, as the header of the last
					segment says and, of claims, one; 0: none */
	uint64_t beginnings; /* times that the log did not go on where it was: starts, gaps */
	uint64_t torn;	     /* segments that end within a frame, as the agent that followed
				found them: its predecessor was killed or lost its power */
	bool is_open;	     /* the last one has no end: nothing proves it yet */
	struct tc_hash head; /* of the last one, as it is */
};

/*
 * Verifies the log as it is at this moment; an agent may write on meanwhile. claims may be NULL.
 * 0, and what was found in *ret_verification; or a negative errno when nothing can be said:
 * -ENODATA when there is no segment, nor a claim of any; or those of opendir(3).
 */
int tc_audit_verify(const char *directory, const struct tc_audit_claims *claims,
		    struct tc_audit_verification *ret_verification);

#endif
