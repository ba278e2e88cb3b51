/* SPDX-License-Identifier: Apache-2.0 */
/* Ways into the kernel that the C library has no function for. They need nothing of the harness. */
#ifndef TOCSIN_TESTS_EVENTS_CALLS_H
#define TOCSIN_TESTS_EVENTS_CALLS_H

#include <linux/io_uring.h>
#include <stdbool.h>

/* System calls that the C library's headers may not have. */
#define NR_FCHMODAT2 452
#define NR_OPEN_TREE_ATTR 467

/* A system call of the i386 ABI: its result, or -errno, in the lower 32 bits. */
long call_32(long number, long first, long second, long third);

/* A ring of io_uring. It lives as long as its process. */
struct ring {
	int fd;
	bool polled;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

/* Polled: a thread of the kernel looks for submissions. Returns 0 or -errno. */
int ring_start(struct ring *ring, bool polled);
/* Submits one operation and waits for its result, which goes to ret_result. Returns 0 or -errno. */
int ring_submit(struct ring *ring, const struct io_uring_sqe *sqe, int *ret_result);
/* Asks the kernel whether io_uring has an operation. */
bool ring_has(unsigned operation);

#endif
