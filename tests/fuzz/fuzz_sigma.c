/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Sigma rule whose log source, detection and condition are the input: what is wrong with it is
 * printed, what is right explained, and events are judged by it. The first byte chooses the log
 * source, so that the fuzzer need not learn to spell one.
 */
#include "fuzz.h"
#include "told.h"

static const char *const logsources[] = {
	"category: process_creation",
	"category: file_event",
	"category: network_connection",
	"service: auditd",
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size};
	struct tc_diagnostics diagnostics = {0};
	struct tc_written *written = NULL;
	struct tc_ruleset *set = NULL;
	struct tc_buffer text = {0};

	tc_buffer_printf(&text, "title: fuzz\nlogsource: {%s}\n",
			 logsources[fuzz_below(&input, 4)]);
	tc_buffer_add(&text, input.at, input.left);
	fuzz_need(!tc_buffer_failed(&text));
	fuzz_need(tc_ruleset_examine_written_bytes("fuzz.yml", text.bytes, text.length,
						   &diagnostics, &set, &written) == 0);
	fuzz_print(&diagnostics);
	fuzz_judge_all(set, written);
	tc_written_free(written);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
	return 0;
}
