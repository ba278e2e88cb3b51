/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target as a property test: run with inputs of random bytes until enough was compared. */
#ifndef TOCSIN_TESTS_FUZZ_RANDOM_H
#define TOCSIN_TESTS_FUZZ_RANDOM_H

#include <stdint.h>

/* What the target compared so far: it counts, so that nobody takes silence for agreement. */
extern uint64_t random_pairs;	/* sets of rules, and events */
extern uint64_t random_matches; /* rules that matched there */
extern uint64_t random_exact;	/* and of those, which the kernel alone decided */

#endif
