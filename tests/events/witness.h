/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness: a process outside of the test's cgroup that reads in /proc what the kernel says of
 * the processes in it, so that the looking makes no events.
 */
#ifndef TOCSIN_TESTS_EVENTS_WITNESS_H
#define TOCSIN_TESTS_EVENTS_WITNESS_H

#include "tests/events/harness.h"

/* The child's end of the line to the witness; inherited by what it executes. */
#define WITNESS_FD 200

/* Starts it; called before the act. It ends when nobody is left on the line. */
void witness_start(struct run *run);
/* Fills run->notes->who[index] with what /proc says of a living process. */
void witness(struct run *run, unsigned index, pid_t pid);

/* Fills ret_who, or ret_exec; what they do when the process has gone is told by false. */
bool who_is(pid_t pid, struct who *ret_who);
bool exec_of(pid_t pid, struct exec_notes *ret_notes);

#endif
