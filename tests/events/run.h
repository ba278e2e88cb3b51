/* SPDX-License-Identifier: Apache-2.0 */
/* What the program does: tests by the table, the flood, the stress. */
#ifndef TOCSIN_TESTS_EVENTS_RUN_H
#define TOCSIN_TESTS_EVENTS_RUN_H

#include "tests/events/harness.h"
#include "tests/events/watch.h"

/* Runs one test in a new directory below base; what went wrong goes to report. Events of the kinds
 * in asides need not be expected. True when nothing went wrong. */
bool run_test(const struct test *test, uint64_t asides, struct watch *watch, const char *base,
	      FILE *report);

/* Two writers make that many events, into small rings. True when received and lost add up to what
 * was made. */
bool run_flood(uint64_t events, bool fallback, const char *base);
/* Writers whose every path tells who they are, for a time. True when no record held a foreign byte.
 */
bool run_stress(unsigned seconds, bool fallback, const char *base);

#endif
