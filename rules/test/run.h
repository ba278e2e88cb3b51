/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tests: tells the events, lets the rules judge them, compares. */
#ifndef TOCSIN_RULES_TEST_RUN_H
#define TOCSIN_RULES_TEST_RUN_H

#include "agent/buffer.h"
#include "rules/test/suite.h"
#include "rules/written.h"

enum tc_test_result {
	TC_TEST_PASSED,
	TC_TEST_FAILED,
	TC_TEST_BROKEN, /* it could not be run; why was told */
};

/* What tests say of a rule. */
#define TC_COVERED_MATCH (1U << 0)    /* one expects it to match */
#define TC_COVERED_NO_MATCH (1U << 1) /* one expects it not to */

/* Rules, and the host on which tests happen. */
struct tc_test_bench {
	struct tc_ruleset *set;
	const struct tc_written *written;
	struct tc_author *author;
	struct tc_diagnostics *diagnostics;
	const struct tc_rule **matches; /* room for all rules */
	bool *matched;			/* by rule, of the test that runs */
	unsigned *covered;		/* by rule: TC_COVERED_* */
};

/* Makes room; all that is given stays the caller's. 0 or -ENOMEM. */
int tc_test_bench_init(struct tc_test_bench *bench, struct tc_ruleset *set,
		       const struct tc_written *written, struct tc_author *author,
		       struct tc_diagnostics *diagnostics);
void tc_test_bench_done(struct tc_test_bench *bench);

/*
 * Runs a test. Of one that fails, why is appended to text: lines that end with a newline. 0 or
 * -ENOMEM.
 */
int tc_test_run(struct tc_test_bench *bench, const struct tc_test *test,
		enum tc_test_result *ret_result, struct tc_buffer *text);

#endif
