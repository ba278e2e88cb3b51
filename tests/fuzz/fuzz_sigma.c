/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Sigma rule whose log source, detection and condition are the input: what is wrong with it is
 * printed, and what is right judges an event of each kind. The first byte chooses the log source,
 * so that the fuzzer need not learn to spell one. Samples: tests/fuzz/corpus/sigma.
 */
#include <stdint.h>
#include <stdio.h>

#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const logsources[] = {
	"category: process_creation",
	"category: file_event",
	"category: network_connection",
	"service: auditd",
};

static void judge_all(struct tc_ruleset *set)
{
	static union {
		struct tc_record header;
		char bytes[TC_RECORD_MAX];
	} record;
	struct tc_event event = {0};

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
	}
	tc_event_done(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	struct tc_buffer text = {0};

	if (!null)
		null = fopen("/dev/null", "w");
	if (!size || !null)
		return 0;
	tc_buffer_printf(&text, "title: fuzz\nlogsource: {%s}\n", logsources[data[0] % 4]);
	tc_buffer_add(&text, data + 1, size - 1);
	if (!tc_buffer_failed(&text) &&
	    !tc_ruleset_examine_bytes("fuzz.yml", text.bytes, text.length, &diagnostics, &set)) {
		tc_diagnostics_print(&diagnostics, null, true);
		judge_all(set);
		tc_ruleset_free(set);
	}
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
	return 0;
}
