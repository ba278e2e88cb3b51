/* SPDX-License-Identifier: Apache-2.0 */
/* Which alerts of a replay are told; all events are judged, so that the others are what they were.
 */
#ifndef TOCSIN_CMD_REPLAY_FILTER_H
#define TOCSIN_CMD_REPLAY_FILTER_H

#include "agent/condition.h"
#include "agent/pipeline.h"

struct replay_filter {
	uint64_t since_ns, until_ns;	/* of the event, since the epoch, both included */
	struct tc_condition *condition; /* NULL: all events */
	tc_alert_callback tell;
	void *context;
};

/* A tc_alert_callback with the filter as context. */
int replay_filter_take(void *filter, const struct tc_alert *alert);

#endif
