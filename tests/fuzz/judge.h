/* SPDX-License-Identifier: Apache-2.0 */
/* Judges events by rules, and the judgement by what is plain and slow. */
#ifndef TOCSIN_TESTS_FUZZ_JUDGE_H
#define TOCSIN_TESTS_FUZZ_JUDGE_H

#include "rules/written.h"

/*
 * Judges an event, and ends the process when a verdict is another than that of all checks tested
 * one by one, without dispatch, matchers, and what is known of kinds of events. Renders the outputs
 * of all rules.
 */
void fuzz_judge(struct tc_ruleset *set, struct tc_event *event);

/* Explains every rule for the event, or by itself where event is NULL; ends the process when that
 * tells another verdict than the judge. */
void fuzz_explain(struct tc_ruleset *set, const struct tc_written *written, struct tc_event *event);

/* Prints findings as a terminal would get them and as JSON, to nowhere. */
void fuzz_print(const struct tc_diagnostics *diagnostics);

#endif
