/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/ring.h"

#include <errno.h>

void ring_make(struct run *run, struct ring *ring, bool polled)
{
	must(run, ring_start(ring, polled) == 0);
}

int ring_do(struct run *run, struct ring *ring, const struct io_uring_sqe *sqe)
{
	int result = 0;

	must(run, ring_submit(ring, sqe, &result) == 0);
	return result;
}

const char *lacks_ring(void)
{
	struct ring ring;
	int r = ring_start(&ring, false);

	if (r == 0)
		close(ring.fd);
	return r == -ENOSYS ? "no io_uring" : NULL;
}
