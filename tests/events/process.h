/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOCSIN_TESTS_EVENTS_PROCESS_H
#define TOCSIN_TESTS_EVENTS_PROCESS_H

#include "tests/events/harness.h"

/* The next fork record: the child's, of a process in the test's cgroup. */
void expect_fork(struct run *run, int syscall, const struct who *child, uint32_t vpid);

#endif
