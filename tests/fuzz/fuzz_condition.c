/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as the input says (conditions.h): compiled, explained, and judged by on events that
 * have such values. The verdicts are compared with those of checks that are tested one by one.
 */
#include "conditions.h"
#include "fuzz.h"
#include "told.h"

#define EVENTS 6

/* What most rules ask for. */
static const char *const frequent[] = {
	"proc.name",  "proc.exepath", "proc.args",	   "proc.cmdline", "fd.name",
	"proc.aname", "proc.pname",   "fd.directory",	   "fd.sip",	   "fd.sport",
	"fd.ip",      "fd.net",	      "proc.pid",	   "evt.kind",	   "evt.type",
	"user.name",  "proc.apid",    "fd.filename",	   "user.uid",	   "evt.failed",
	"proc.env",   "fd.typechar",  "evt.is_open_write",
};

/* Many rules rather than large ones. */
static const struct fuzz_style style = {.fields = frequent,
					.n_fields = sizeof(frequent) / sizeof(frequent[0]),
					.rules = 8,
					.depth = 2,
					.calls = 51};

/* Events come from the first bytes, so that a change in a condition leaves them as they are. */
#define EVENT_BYTES 24

static void judge_events(struct tc_ruleset *set, const struct tc_written *written,
			 struct fuzz_input *events, const struct tc_field *const *fields)
{
	static struct fuzz_told told;

	if (!told.event.cache)
		fuzz_told_init(&told);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct tc_event *event = fuzz_told_next(&told, &events[i], fields, FUZZ_FIELDS);

		fuzz_judge(set, event);
		fuzz_explain(set, written, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size}, events[EVENTS];
	const struct tc_field *fields[FUZZ_FIELDS];
	struct tc_diagnostics diagnostics = {0};
	struct tc_written *written = NULL;
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = fuzz_part(&input, EVENT_BYTES);
	fuzz_write_rules(&input, &style, &yaml, fields);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%s", yaml.bytes);
	fuzz_need(tc_ruleset_examine_written_bytes("fuzz.yaml", yaml.bytes, yaml.length,
						   &diagnostics, &set, &written) == 0);
	if (getenv("FUZZ_SHOW"))
		tc_diagnostics_print(&diagnostics, stderr, false);
	fuzz_print(&diagnostics);
	judge_events(set, written, events, fields);
	tc_written_free(written);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return 0;
}
