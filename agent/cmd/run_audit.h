/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log of `tocsin run`: as the configuration says. */
#ifndef TOCSIN_AGENT_CMD_RUN_AUDIT_H
#define TOCSIN_AGENT_CMD_RUN_AUDIT_H

#include "agent/config/config.h"
#include "agent/pipeline.h"
#include "recording/audit.h"

/* Zero-initialised is no audit log. */
struct tc_run_audit {
	struct tc_audit_options options;
	struct tc_pipeline_audit part; /* for the pipeline */
	struct tc_recorder_about about;
	uint64_t wanted; /* kinds that are sent for its sake, as TC_KIND_BIT */
};

/* What it keeps. 0; -EINVAL, told, when the condition is wrong; -ENOMEM. */
int tc_run_audit_prepare(struct tc_run_audit *audit, const struct tc_config *config);
/* Opens it, if there is to be one. 0 or a negative errno, logged. */
int tc_run_audit_open(struct tc_run_audit *audit, const struct tc_config *config);
/* For its tap: what it keeps of what the agent sees; valid as long as the audit log. */
const struct tc_recorder_about *tc_run_audit_about(struct tc_run_audit *audit,
						   const struct tc_recorder_about *seen);
void tc_run_audit_done(struct tc_run_audit *audit);

#endif
