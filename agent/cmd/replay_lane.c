/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/replay_lane.h"

#include <errno.h>
#include <unistd.h>

#include "agent/enrich/host.h"
#include "agent/log.h"

int replay_lane_load(struct replay_lane *lane, const struct tc_strings *paths,
		     enum tc_rule_matching matching)
{
	struct tc_diagnostics diagnostics = {0};
	int error = tc_ruleset_load(paths->items, paths->count, &diagnostics, &lane->rules);

	tc_diagnostics_print(&diagnostics, stderr, isatty(STDERR_FILENO));
	tc_diagnostics_done(&diagnostics);
	if (error < 0)
		return error == -ENOMEM ? TC_EXIT_ENVIRONMENT : TC_EXIT_NO;
	tc_ruleset_set_matching(lane->rules, matching);
	return -1;
}

static int open_world(struct replay_lane *lane, struct tc_past *past)
{
	int error = tc_world_init(&lane->world);
	struct tc_host *host = error < 0 ? NULL : tc_past_host(past);

	if (error < 0)
		return error;
	return host ? tc_world_open(&lane->world, host) : -ENOMEM;
}

int replay_lane_open(struct replay_lane *lane, struct tc_past *past, tc_alert_callback tell,
		     void *context)
{
	const struct tc_pipeline_parts parts = {
		.world = &lane->world, .rules = lane->rules, .tell = tell, .tell_context = context};
	int error = open_world(lane, past);

	if (error == 0)
		error = tc_pipeline_new(&parts, &lane->pipeline);
	return error < 0 ? tc_error_return(error, "cannot replay") : 0;
}

static void find_generation(struct replay_lane *lane, const struct tc_past *past,
			    uint32_t generation)
{
	bool is_own = tc_past_had_rules(past, generation, tc_ruleset_hash(lane->rules));

	lane->generation = generation;
	tc_pipeline_set_generation(lane->pipeline, is_own ? generation : 0);
}

int replay_lane_take(struct replay_lane *lane, const struct tc_past *past,
		     const struct tc_past_step *step)
{
	const struct tc_record *record = step->bytes;

	if (!record)
		return tc_pipeline_pass(lane->pipeline, step->now_ns);
	if (step->size >= sizeof(*record) && record->generation &&
	    record->generation != lane->generation)
		find_generation(lane, past, record->generation);
	return tc_pipeline_feed(lane->pipeline, record, step->size);
}

void replay_lane_shut(struct replay_lane *lane)
{
	tc_pipeline_free(lane->pipeline);
	if (lane->world.processes)
		tc_world_done(&lane->world);
	lane->pipeline = NULL;
	lane->generation = 0;
	lane->world = (struct tc_world){0};
}

void replay_lane_close(struct replay_lane *lane)
{
	replay_lane_shut(lane);
	tc_ruleset_free(lane->rules);
	*lane = (struct replay_lane){0};
}

size_t replay_lane_blind(const struct replay_lane *lane, uint64_t kinds, size_t max,
			 struct tc_buffer *text)
{
	size_t n_rules = tc_ruleset_count(lane->rules), blind = 0;

	for (size_t i = 0; i < n_rules; i++) {
		const struct tc_rule *rule = tc_ruleset_at(lane->rules, i);

		if (rule->kinds & kinds)
			continue;
		if (blind++ < max)
			tc_buffer_printf(text, "%s%s", blind > 1 ? ", " : "", rule->name);
	}
	return blind;
}
