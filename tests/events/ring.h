/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of io_uring in tests. */
#ifndef TOCSIN_TESTS_EVENTS_RING_H
#define TOCSIN_TESTS_EVENTS_RING_H

#include "tests/events/calls.h"
#include "tests/events/harness.h"

/* As ring_start() and ring_submit(); a ring that does not work ends the child. */
void ring_make(struct run *run, struct ring *ring, bool polled);
int ring_do(struct run *run, struct ring *ring, const struct io_uring_sqe *sqe);

/* For rows: why the running kernel has none. */
const char *lacks_ring(void);
#endif
