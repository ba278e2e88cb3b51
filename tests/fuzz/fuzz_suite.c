/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a file of tests of rules: read, and its tests run by fixed rules. */
#include <string.h>

#include "fuzz.h"
#include "judge.h"
#include "rules/test/run.h"

static const char rules[] =
	"- list: shells\n  items: [bash, sh]\n"
	"- macro: spawned\n  condition: evt.kind in (exec, fork)\n"
	"- rule: a\n  desc: d\n  priority: INFO\n  output: '%proc.cmdline %proc.aname[2]'\n"
	"  condition: spawned and (proc.name in (shells) or proc.aname = bash) and not user.uid = "
	"0\n"
	"- rule: b\n  desc: d\n  priority: INFO\n  output: '%fd.name %fd.sip'\n"
	"  condition: fd.name startswith /etc or fd.sip = 10.0.0.0/8 or container.id exists\n";

/* The rules and the author live as long as the process: tests begin stories of their own. */
static void prepare(struct tc_test_bench *bench, struct tc_diagnostics *diagnostics)
{
	struct tc_written *written = NULL;
	struct tc_author *author = NULL;
	struct tc_ruleset *set = NULL;

	setenv("TZ", "UTC0", 1);
	fuzz_need(tc_ruleset_examine_written_bytes("rules.yaml", rules, strlen(rules), diagnostics,
						   &set, &written) == 0);
	if (diagnostics->errors)
		tc_diagnostics_print(diagnostics, stderr, false);
	fuzz_need(diagnostics->errors == 0);
	fuzz_need(tc_author_new(&author) == 0);
	fuzz_need(tc_test_bench_init(bench, set, written, author, diagnostics) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct tc_test_bench bench;
	static struct tc_diagnostics diagnostics;
	struct tc_source *source = NULL;
	struct tc_buffer text = {0};
	struct tc_suite suite = {0};

	if (!bench.set)
		prepare(&bench, &diagnostics);
	if (tc_source_from_bytes("fuzz.test.yaml", (const char *)bytes, size, &source) < 0)
		return 0;
	fuzz_need(tc_suite_read(source, &diagnostics, &suite) == 0);
	for (size_t i = 0; i < suite.n_tests; i++) {
		enum tc_test_result result;

		fuzz_need(tc_test_run(&bench, &suite.tests[i], &result, &text) == 0);
	}
	fuzz_print(&diagnostics);
	tc_buffer_done(&text);
	tc_suite_done(&suite);
	tc_source_free(source);
	tc_diagnostics_done(&diagnostics);
	diagnostics = (struct tc_diagnostics){0};
	return 0;
}
