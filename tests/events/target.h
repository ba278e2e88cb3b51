/* SPDX-License-Identifier: Apache-2.0 */
/* Another process for a test to be about: in a cgroup of its own, under another user and name. */
#ifndef TOCSIN_TESTS_EVENTS_TARGET_H
#define TOCSIN_TESTS_EVENTS_TARGET_H

#include "tests/events/harness.h"

/* Starts the target, then the test; the target's identity goes to who[0]. number[0]: its id, [1]:
 * its cgroup. The caller ends it with end_child(). */
pid_t enter_with_target(struct run *run);

/* For checks: what making the target led to, and what it does itself, is not what a test is about.
 */
void pass_over_target(struct run *run);

/* The members of TC_TARGET (include/schema/events.def), which stand in all events as in tc_trace.
 */
void expect_target(struct run *run, const struct tc_trace *record, const struct who *target,
		   uint64_t cgroup_id);

#endif
