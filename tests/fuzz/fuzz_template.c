/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the output text of a rule: read, and filled in for events. The first bytes say which. */
#include "fuzz.h"
#include "told.h"

#define EVENT_BYTES 24

/* As a double-quoted scalar of YAML, in which everything can be written. */
static void write_output(struct tc_buffer *yaml, const uint8_t *bytes, size_t size)
{
	tc_buffer_add_string(yaml, "- rule: r\n  desc: d\n  priority: INFO\n"
				   "  condition: evt.num exists\n  output: \"");
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] < 0x20 || bytes[i] >= 0x7f || bytes[i] == '"' || bytes[i] == '\\')
			tc_buffer_printf(yaml, "\\x%02x", bytes[i]);
		else
			tc_buffer_add_char(yaml, (char)bytes[i]);
	}
	tc_buffer_add_string(yaml, "\"\n");
	fuzz_need(!tc_buffer_failed(yaml));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fuzz_told told;
	struct fuzz_input input = {bytes, size}, event = fuzz_part(&input, EVENT_BYTES);
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};

	if (!told.event.cache)
		fuzz_told_init(&told);
	write_output(&yaml, input.at, input.left);
	fuzz_need(tc_ruleset_examine_bytes("fuzz.yaml", yaml.bytes, yaml.length, &diagnostics,
					   &set) == 0);
	fuzz_print(&diagnostics);
	fuzz_judge(set, fuzz_told_next(&told, &event, NULL, 0));
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return 0;
}
