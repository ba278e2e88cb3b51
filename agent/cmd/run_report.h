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
#include "recording/recorder.h"

struct tc_run_report {
	const struct tc_kernel *kernel;
	const struct tc_probes *probes;
	const struct tc_generation *generation;
	enum tc_enforce_state state;
	const char *journal_path; /* NULL: there is none */
	const char *recording;	  /* NULL: there is none */
	const char *scope;	  /* NULL: the whole host */
	const char *pins;	  /* their directory; NULL: there are none */
};

/* Kernel, where each family of events comes from, what cannot be seen, rules, journal; the last
 * word is "watching". */
void tc_run_report_start(const struct tc_run_report *report, FILE *stream);
/* Totals of a run that lasted duration_ns. journal_path may be NULL. */
void tc_run_report_end(const struct tc_pipeline_counts *counts, uint64_t duration_ns,
		       const char *journal_path, FILE *stream);
/* What was recorded, and how small it is. */
void tc_run_report_recording(const struct tc_recorder_counts *counts, const char *path,
			     FILE *stream);

#endif
