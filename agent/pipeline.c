/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/decode.h"
#include "agent/log.h"
#include "output/uuid.h"

/* A fault that repeats is not logged for ever. */
#define REFUSED_LOGGED 10

struct tc_pipeline {
	struct tc_pipeline_parts parts;
	struct tc_event event;
	struct tc_pipeline_counts counts;
	const struct tc_rule **matches; /* room for all rules */
	size_t n_rules;
};

int tc_pipeline_new(const struct tc_pipeline_parts *parts, struct tc_pipeline **ret_pipeline)
{
	struct tc_pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return -ENOMEM;
	pipeline->parts = *parts;
	pipeline->n_rules = tc_ruleset_count(parts->rules);
	pipeline->matches = calloc(pipeline->n_rules + 1, sizeof(struct tc_rule *));
	if (!pipeline->matches || tc_event_init(&pipeline->event) < 0) {
		tc_pipeline_free(pipeline);
		return -ENOMEM;
	}
	*ret_pipeline = pipeline;
	return 0;
}

void tc_pipeline_free(struct tc_pipeline *pipeline)
{
	if (!pipeline)
		return;
	tc_event_done(&pipeline->event);
	free(pipeline->matches);
	free(pipeline);
}

/* Hands an alert, or a notice when rule is NULL, to the journal and, behind it, to the outputs. */
static int emit(struct tc_pipeline *pipeline, const struct tc_rule *rule)
{
	const struct tc_world *world = pipeline->parts.world;
	struct tc_alert alert = {
		.time_ns = pipeline->event.record->time_ns + (uint64_t)world->clock.real_minus_boot_ns,
		.hostname = world->hostname,
		.rule = rule,
		.event = &pipeline->event,
	};
	int r = tc_uuid_make(alert.time_ns, alert.uuid);

	if (r >= 0 && pipeline->parts.journal)
		r = tc_journal_add(pipeline->parts.journal, &alert);
	if (r == -ENOBUFS) {
		pipeline->counts.dropped++;
		return 0;
	}
	for (size_t i = 0; r >= 0 && i < pipeline->parts.n_outputs; i++)
		r = tc_output_write(pipeline->parts.outputs[i], &alert);
	if (r < 0)
		return r;
	pipeline->counts.alerts += rule != NULL;
	if (rule)
		pipeline->counts.by_priority[rule->priority]++;
	return 0;
}

/* What the agent says of itself goes out without a rule. */
static int emit_notice(struct tc_pipeline *pipeline)
{
	const struct tc_event *event = &pipeline->event;

	if (event->kind->kind == TC_KIND_loss)
		pipeline->counts.lost += ((const struct tc_loss *)event->record)->count;
	return emit(pipeline, NULL);
}

static int judge(struct tc_pipeline *pipeline)
{
	size_t n_matches = tc_ruleset_judge(pipeline->parts.rules, &pipeline->event,
					    pipeline->matches, pipeline->n_rules);

	for (size_t i = 0; i < n_matches; i++) {
		int r = emit(pipeline, pipeline->matches[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int tc_pipeline_feed(void *context, const void *bytes, size_t size)
{
	struct tc_pipeline *pipeline = context;
	struct tc_event *event = &pipeline->event;
	struct tc_decode_error error;
	int r;

	if (tc_decode(bytes, size, event, &error) < 0) {
		if (pipeline->counts.refused++ < REFUSED_LOGGED)
			tc_error("a record was refused: %s", error.reason);
		return 0;
	}
	pipeline->counts.events++;
	r = tc_world_enrich(pipeline->parts.world, event);
	if (r >= 0)
		r = judge(pipeline);
	if (r >= 0 && event->kind->traits & TC_TRAIT_AGENT)
		r = emit_notice(pipeline);
	tc_world_settle(pipeline->parts.world, event);
	return r;
}

int tc_pipeline_commit(struct tc_pipeline *pipeline)
{
	int r = pipeline->parts.journal ? tc_journal_flush(pipeline->parts.journal) : 0;

	for (size_t i = 0; r >= 0 && i < pipeline->parts.n_outputs; i++)
		r = tc_output_flush(pipeline->parts.outputs[i]);
	return r;
}

void tc_pipeline_counts(const struct tc_pipeline *pipeline, struct tc_pipeline_counts *ret_counts)
{
	*ret_counts = pipeline->counts;
}
