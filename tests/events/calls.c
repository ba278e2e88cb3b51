/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/calls.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 4

long call_32(long number, long first, long second, long third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

static uint32_t *word(char *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring + offset);
}

static void *map(const struct ring *ring, size_t size, uint64_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			    (off_t)offset);

	return memory == MAP_FAILED ? NULL : memory;
}

int ring_start(struct ring *ring, bool polled)
{
	*ring = (struct ring){.polled = polled};
	if (polled)
		ring->params = (struct io_uring_params){.flags = IORING_SETUP_SQPOLL,
							.sq_thread_idle = 60000};
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		return -errno;
	ring->sq = map(ring, ring->params.sq_off.array + ENTRIES * sizeof(uint32_t),
		       IORING_OFF_SQ_RING);
	ring->cq = map(ring, ring->params.cq_off.cqes + 2 * ENTRIES * sizeof(struct io_uring_cqe),
		       IORING_OFF_CQ_RING);
	ring->sqes = map(ring, ENTRIES * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return ring->sq && ring->cq && ring->sqes ? 0 : -ENOMEM;
}

int ring_submit(struct ring *ring, const struct io_uring_sqe *sqe, int *ret_result)
{
	uint32_t mask = *word(ring->sq, ring->params.sq_off.ring_mask);
	uint32_t *tail = word(ring->sq, ring->params.sq_off.tail);
	uint32_t *head = word(ring->cq, ring->params.cq_off.head);
	uint32_t place = *tail & mask;
	const struct io_uring_cqe *cqes = (const void *)(ring->cq + ring->params.cq_off.cqes);
	uint32_t flags = IORING_ENTER_GETEVENTS | (ring->polled ? IORING_ENTER_SQ_WAKEUP : 0);

	ring->sqes[place] = *sqe;
	word(ring->sq, ring->params.sq_off.array)[place] = place;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, flags, NULL, 0) < 0)
		return -errno;
	while (__atomic_load_n(word(ring->cq, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		if (syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) <
		    0)
			return -errno;
	*ret_result = cqes[*head & *word(ring->cq, ring->params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return 0;
}

bool ring_has(unsigned operation)
{
	struct {
		struct io_uring_probe probe;
		struct io_uring_probe_op ops[256];
	} answer = {0};
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
	bool has = fd >= 0 &&
		   syscall(SYS_io_uring_register, fd, IORING_REGISTER_PROBE, &answer, 256) >= 0 &&
		   operation <= answer.probe.last_op &&
		   answer.ops[operation].flags & IO_URING_OP_SUPPORTED;

	if (fd >= 0)
		close(fd);
	return has;
}
