/* SPDX-License-Identifier: Apache-2.0 */
/* A past that is judged by a set of rules: what `tocsin run` does with records, without a host, a
 * journal or outputs. */
#ifndef TOCSIN_CMD_REPLAY_LANE_H
#define TOCSIN_CMD_REPLAY_LANE_H

#include "agent/options.h"
#include "agent/pipeline.h"
#include "recording/past.h"

struct replay_lane {
	struct tc_ruleset *rules;
	struct tc_world world;
	struct tc_pipeline *pipeline;
	uint32_t generation; /* of the last record that had one */
};

/* Zero-initialised before. Loads rules and prints what is wrong with them. -1 to go on, or an exit
 * code. */
int replay_lane_load(struct replay_lane *lane, const struct tc_strings *paths,
		     enum tc_rule_matching matching);
/* Makes a world of the past and judges what is fed from now on. 0 or a negative errno, logged. */
int replay_lane_open(struct replay_lane *lane, struct tc_past *past, tc_alert_callback tell,
		     void *context);
/* A step of the past. What a rule decided in the kernel it tells, when these are the rules that
 * were in force then. As tc_pipeline_feed(). */
int replay_lane_take(struct replay_lane *lane, const struct tc_past *past,
		     const struct tc_past_step *step);
/* Ends that world, before its past ends; another may be opened. */
void replay_lane_shut(struct replay_lane *lane);
void replay_lane_close(struct replay_lane *lane);

/* Appends the names of up to max rules that look at none of these kinds; returns how many there
 * are in all. */
size_t replay_lane_blind(const struct replay_lane *lane, uint64_t kinds, size_t max,
			 struct tc_buffer *text);

#endif
