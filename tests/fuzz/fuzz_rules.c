/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a rule file: loaded, what is wrong with it printed, what is right explained, and events
 * judged by it. */
#include "fuzz.h"
#include "told.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_written *written = NULL;
	struct tc_ruleset *set = NULL;

	fuzz_need(tc_ruleset_examine_written_bytes("fuzz.yaml", (const char *)bytes, size,
						   &diagnostics, &set, &written) == 0);
	fuzz_print(&diagnostics);
	fuzz_judge_all(set, written);
	tc_written_free(written);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return 0;
}
