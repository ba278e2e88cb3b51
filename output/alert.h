/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert: a rule that matched an event, at the moment it is told to the world. A notice is an
 * alert without a rule: an event of the agent itself (loss, agent_start, agent_stop) that the
 * journal and every output must tell.
 */
#ifndef TOCSIN_OUTPUT_ALERT_H
#define TOCSIN_OUTPUT_ALERT_H

#include <stdint.h>

#include "agent/buffer.h"
#include "agent/event.h"
#include "rules/rules.h"

#define TC_UUID_LENGTH 36

/* Points into rule and event; valid while both are. */
struct tc_alert {
	char uuid[TC_UUID_LENGTH + 1]; /* RFC 9562 version 7 */
	uint64_t time_ns;	       /* of the event, since the epoch (CLOCK_REALTIME) */
	uint64_t seq;		       /* number in the journal; 0 before it was written */
	const char *hostname;
	const struct tc_rule *rule; /* NULL: a notice */
	struct tc_event *event;
	/*
	 * The alert as tc_format_json() writes it, not terminated; set by tc_journal_add(), so that
	 * outputs tell the bytes that the journal stored. Valid until the journal is used again;
	 * NULL: not made yet.
	 */
	const char *json;
	size_t json_length;
};

/* The rule's priority; of a notice Warning when something was lost or kept back, else
 * Informational.
 */
enum tc_priority tc_alert_priority(const struct tc_alert *alert);

/*
 * Appends the line that people read: the rule's output text with its fields filled in, or a
 * notice's kind and fields. No control characters, valid UTF-8.
 */
void tc_alert_text(const struct tc_alert *alert, struct tc_buffer *text);

/*
 * The part of that text behind the rule's name: output texts often begin with it, and where the
 * name stands beside it once is enough. The whole text where it does not begin so, or rule is NULL.
 */
const char *tc_alert_details(const char *text, const char *rule);

/* Appends the alert as one JSON object without a newline: Falco's keys and Tocsin's own. */
void tc_format_json(const struct tc_alert *alert, struct tc_buffer *json);

#endif
