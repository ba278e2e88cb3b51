/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of io_uring by the system calls themselves. */
#ifndef TOCSIN_TESTS_EVENTS_RING_H
#define TOCSIN_TESTS_EVENTS_RING_H

#include <linux/io_uring.h>

#include "tests/events/harness.h"

struct ring {
	int fd;
	bool polled;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

/* polled: a thread of the kernel's takes what is submitted. */
void ring_make(struct run *run, struct ring *ring, bool polled);
/* Submits one operation and waits for its result. */
int ring_do(struct run *run, struct ring *ring, const struct io_uring_sqe *sqe);

/* For rows: why the running kernel has none. */
const char *lacks_ring(void);
/* Asks the kernel whether it has an operation. */
bool has_operation(unsigned operation);

#endif
