/* SPDX-License-Identifier: Apache-2.0 */
/* How a replay tells its alerts, and what it says at its end. */
#ifndef TOCSIN_CMD_REPLAY_PRINT_H
#define TOCSIN_CMD_REPLAY_PRINT_H

#include "agent/cmd/replay_lane.h"
#include "output/format/format.h"

/* Alerts on standard output, as the agent's output `stdout` tells them. */
struct replay_printer {
	tc_format format;
	bool colour;
	uint64_t seq; /* of the last one */
	struct tc_buffer json, output, line;
};

/* A tc_alert_callback with the printer as context. 0 or a negative errno, logged. */
int replay_print_alert(void *printer, const struct tc_alert *alert);
void replay_printer_done(struct replay_printer *printer);

/* Where and when it was recorded: one line. */
void replay_print_origin(const struct tc_named_list *header, FILE *stream);

struct replay_totals {
	struct tc_past_counts past;
	struct tc_pipeline_counts pipeline;
	uint64_t by_kind[TC_KIND_LIMIT];
	uint64_t span_ns;     /* from the first record to the last */
	uint64_t duration_ns; /* of the replay */
};

/* What a past gave, and a pipeline made of it, goes to that of others. */
void replay_totals_add(struct replay_totals *totals, const struct tc_past *past,
		       const struct tc_pipeline *pipeline);
/* One line. */
void replay_print_totals(const struct replay_totals *totals, FILE *stream);
/* Tables of kinds and rules; costs as tc_ruleset_measure() has them. JSON is one object. 0 or
 * -ENOMEM. */
int replay_print_stats(const struct replay_totals *totals, const struct tc_ruleset *rules,
		       const struct tc_rule_cost *costs, bool json, FILE *stream);

#endif
