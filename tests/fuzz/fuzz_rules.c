/* SPDX-License-Identifier: Apache-2.0 */
/* Loads bytes as a rule file, prints what is wrong with them, and judges an event of each kind by
 * what is right. */
#include <stdint.h>
#include <stdio.h>

#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_all(struct tc_ruleset *set)
{
	static union {
		struct tc_record header;
		char bytes[TC_RECORD_MAX];
	} record;
	struct tc_event event = {0};
	struct tc_buffer text = {0};

	if (tc_event_init(&event))
		return;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		record.header = (struct tc_record){.kind = (uint16_t)kind,
						   .version = TC_RECORD_VERSION,
						   .size = info->fixed_size,
						   .syscall = -1};
		tc_event_reset(&event, &record.header, info);
		tc_ruleset_judge(set, &event, NULL, 0);
		for (size_t i = 0; i < tc_ruleset_count(set); i++)
			tc_template_render(tc_ruleset_at(set, i)->output, &event, &text);
		tc_buffer_reset(&text);
	}
	tc_buffer_done(&text);
	tc_event_done(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;

	if (!null)
		null = fopen("/dev/null", "w");
	if (!null ||
	    tc_ruleset_examine_bytes("fuzz.yaml", (const char *)data, size, &diagnostics, &set))
		return 0;
	tc_diagnostics_print(&diagnostics, null, true);
	judge_all(set);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return 0;
}
