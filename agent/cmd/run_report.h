/* SPDX-License-Identifier: Apache-2.0 */
/* What `tocsin run` tells the operator at its start and at its end. */
#ifndef TOCSIN_AGENT_CMD_RUN_REPORT_H
#define TOCSIN_AGENT_CMD_RUN_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "agent/enforce.h"
#include "agent/generation.h"
#include "agent/kernel.h"
#include "agent/load.h"
#include "agent/pipeline.h"

struct tc_run_report {
	const struct tc_kernel *kernel;
	const struct tc_probes *probes;
	const struct tc_generation *generation;
	enum tc_enforce_state state;
	const char *journal_path;
	const char *scope; /* NULL: the whole host */
};

/* Kernel, where each family of events comes from, what cannot be seen, rules, journal; the last
 * word is "watching". */
void tc_run_report_start(const struct tc_run_report *report, FILE *stream);
/* Totals of a run that lasted duration_ns. */
void tc_run_report_end(const struct tc_pipeline_counts *counts, uint64_t duration_ns,
		       const char *journal_path, FILE *stream);

#endif
