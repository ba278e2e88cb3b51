/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: from bytes of a ring (or a recording) to an event that can be read without further
 * checks. */
#ifndef TOCSIN_AGENT_DECODE_H
#define TOCSIN_AGENT_DECODE_H

#include <stddef.h>

#include "agent/event.h"

/* Why a record was refused, in words for a message. */
struct tc_decode_error {
	char reason[128];
};

/*
 * Checks one record and points the event at it. The bytes must be aligned to 8 and stay in place
 * while the event is used. Refused with -EBADMSG, the reason told and the event untouched: a record
 * that is shorter or longer than it says, of another version, of an unknown kind, with a slot that
 * points outside of it or says more than it holds, or with a list whose last string does not end.
 */
int tc_decode(const void *bytes, size_t size, struct tc_event *event,
	      struct tc_decode_error *ret_error);

#endif
