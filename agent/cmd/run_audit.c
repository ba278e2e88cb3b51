/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/run_audit.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/kinds.h"
#include "agent/condition.h"
#include "agent/log.h"
#include "agent/schema.h"
#include "output/safe_file.h"

int tc_run_audit_prepare(struct tc_run_audit *audit, const struct tc_config *config)
{
	bool as_rules = strcmp(config->audit_kinds, "rules") == 0;
	char unused[64];
	int r = 0;

	if (!config->audit)
		return 0;
	if (config->audit_max_bytes && config->audit_max_bytes / 2 < config->audit_segment_bytes) {
		tc_error(
			"audit.retention.size is less than two segments (audit.segment.size): each "
			"would be removed when the next begins; make it larger, or segments "
			"smaller");
		return -EINVAL;
	}
	audit->part.kinds = UINT64_MAX;
	if (!as_rules)
		tc_kinds_parse(config->audit_kinds, &audit->part.kinds, unused);
	if (config->audit_condition)
		r = tc_condition_new("audit.condition", config->audit_condition,
				     &audit->part.condition);
	if (r < 0)
		return r;
	if (audit->part.condition)
		audit->part.kinds &= tc_condition_kinds(audit->part.condition);
	audit->wanted = as_rules ? 0 : audit->part.kinds;
	return 0;
}

/* Made when it is missing; nobody else may write it. */
static int find_directory(const char *given, char **ret_directory)
{
	char *inside, *real;
	int error;

	if (asprintf(&inside, "%s/segment", given) < 0)
		return -ENOMEM;
	error = tc_safe_path("audit log", inside, &real);
	free(inside);
	if (error < 0)
		return error;
	*ret_directory = dirname(real);
	return 0;
}

int tc_run_audit_open(struct tc_run_audit *audit, const struct tc_config *config)
{
	char *directory;
	int error;

	if (!config->audit)
		return 0;
	error = find_directory(config->audit_directory, &directory);
	if (error < 0)
		return error;
	audit->options = (struct tc_audit_options){
		.directory = directory,
		.segment_bytes = config->audit_segment_bytes,
		.segment_age_ns = config->audit_segment_age,
		.max_bytes = config->audit_max_bytes,
		.max_age_ns = config->audit_max_age,
	};
	return tc_audit_open(&audit->options, &audit->part.log);
}

const struct tc_recorder_about *tc_run_audit_about(struct tc_run_audit *audit,
						   const struct tc_recorder_about *seen)
{
	audit->about = *seen;
	audit->about.kinds &= audit->part.kinds | tc_kinds_with(TC_TRAIT_STATE | TC_TRAIT_AGENT);
	return &audit->about;
}

void tc_run_audit_done(struct tc_run_audit *audit)
{
	tc_audit_free(audit->part.log);
	tc_condition_free(audit->part.condition);
	free((char *)audit->options.directory);
	*audit = (struct tc_run_audit){0};
}
