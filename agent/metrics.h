/* SPDX-License-Identifier: Apache-2.0 */
/* What the running agent counts of itself, for monitoring: in the text format of Prometheus
 * (exposition format 0.0.4), and as one word on whether it does its work. */
#ifndef TOCSIN_AGENT_METRICS_H
#define TOCSIN_AGENT_METRICS_H

#include <stdint.h>

#include "agent/buffer.h"
#include "agent/enrich/world.h"
#include "agent/force.h"
#include "agent/kernel.h"
#include "agent/load.h"
#include "agent/pipeline.h"
#include "agent/read.h"
#include "output/journal.h"

/* Where the numbers are; owned by others. */
struct tc_metrics {
	const struct tc_kernel *kernel;
	const struct tc_probes *probes;
	const struct tc_pipeline *pipeline;
	const struct tc_world *world;
	const struct tc_force *force;
	const struct tc_journal *journal;
	const char *journal_path;
	uint64_t reloads;	 /* that ended, well or not */
	uint64_t uncommitted_ns; /* since boot: since when the journal could not be written; 0: it
				    can */
};

/* The media type of tc_metrics_print(). */
#define TC_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void tc_metrics_print(const struct tc_metrics *metrics, struct tc_buffer *text);

/* The journal may fail for so long, in ns, before the agent is not healthy: alerts wait in memory
 * meanwhile. */
#define TC_METRICS_PATIENCE_NS 10000000000ULL

/* Appends "ok" or what is wrong, and a newline. Outputs that fail are not the agent's illness:
 * starting it anew would not help. */
bool tc_metrics_healthy(const struct tc_metrics *metrics, uint64_t now_ns, struct tc_buffer *text);

#endif
