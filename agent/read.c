/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/read.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "agent/loss.h"
#include "agent/notice.h"
#include "agent/queue.h"
#include "agent/rings.h"

/* Another CPU may have stamped a record and not sent it yet: what is younger than this waits for
 * the next drain. */
#define HOLD_NS (2 * 1000 * 1000ULL)
/* One drain takes at most this much of a ring before the records are handed over. */
#define ROUND_BYTES (4 * 1024 * 1024)
struct ring_reader {
	struct tc_reader *reader;
	struct ring_buffer *ring;
	struct tc_queue queue;
	struct tc_loss_account account;
	struct tc_loss_look look;	 /* of this round */
	uint64_t received;		 /* of the account, that was handed over ... */
	uint64_t told[TC_LOSS_RING_MAX]; /* ... with what was lost */
	bool full;			 /* the last round stopped at ROUND_BYTES */
};

struct tc_reader {
	volatile struct tc_ring_state *states; /* n_rings of them */
	struct ring_reader *rings;	       /* the same */
	unsigned *heap;			       /* rings by the time of their oldest record */
	unsigned n_rings, n_heap;
	int epoll_fd;
	bool waiting; /* records were held back */
	uint64_t complete_ns;
};

/* --- opening --- */

static int ring_take(void *context, void *bytes, size_t size)
{
	struct ring_reader *ring = context;
	const struct tc_record *record = bytes;
	uint64_t time_ns = size >= sizeof(*record) ? record->time_ns : 0;
	int r = tc_queue_push(&ring->queue, time_ns, bytes, (uint32_t)size);

	if (r < 0)
		return r;
	ring->account.received++;
	ring->look.ahead += size >= sizeof(*record) && record->seq >= ring->look.state.made;
	/* libbpf has moved on behind this record whatever we return. */
	return tc_queue_bytes(&ring->queue) > ROUND_BYTES ? -EAGAIN : 0;
}

/* Where who read it before has settled: in the end he has told what he read. */
static void ring_resume(struct ring_reader *ring, const volatile struct tc_ring_state *state)
{
	ring->look.now_ns = state->settled_ns ?: tc_clock_boot_ns();
	ring->account.received = ring->received = state->received;
	for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
		ring->account.told[reason] = ring->told[reason] = state->told[reason];
}

static int ring_open(struct tc_reader *reader, unsigned cpu, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct ring_reader *ring = &reader->rings[cpu];

	ring->reader = reader;
	ring_resume(ring, &reader->states[cpu]);
	ring->ring = ring_buffer__new(fd, ring_take, ring, NULL);
	if (!ring->ring)
		return -errno;
	if (epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(ring->ring), &event) <
	    0)
		return -errno;
	return 0;
}

int tc_reader_open(const struct tc_rings *rings, struct tc_reader **ret_reader)
{
	struct tc_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return -ENOMEM;
	reader->states = rings->states;
	reader->n_rings = rings->n_cpus;
	reader->rings = calloc(reader->n_rings, sizeof(*reader->rings));
	reader->heap = calloc(reader->n_rings, sizeof(*reader->heap));
	reader->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r = reader->epoll_fd < 0 ? -errno : 0;
	if (!reader->rings || !reader->heap)
		r = -ENOMEM;
	for (unsigned cpu = 0; r >= 0 && cpu < reader->n_rings; cpu++)
		r = ring_open(reader, cpu, rings->fds[cpu]);
	if (r < 0) {
		tc_reader_close(reader);
		return tc_error_return(r, "cannot read the rings");
	}
	*ret_reader = reader;
	return 0;
}

void tc_reader_close(struct tc_reader *reader)
{
	if (!reader)
		return;
	for (unsigned cpu = 0; reader->rings && cpu < reader->n_rings; cpu++) {
		ring_buffer__free(reader->rings[cpu].ring);
		tc_queue_done(&reader->rings[cpu].queue);
	}
	if (reader->epoll_fd >= 0)
		close(reader->epoll_fd);
	free(reader->rings);
	free(reader->heap);
	free(reader);
}

/* What happens in a ring up to the first drain after this wakes nobody. */
static void stay_awake(struct tc_reader *reader)
{
	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++)
		reader->states[cpu].asleep = 0;
}

/* Asks to be woken. False when there may be a record already that would have done it. */
static bool fall_asleep(struct tc_reader *reader)
{
	bool empty = true;

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++)
		reader->states[cpu].asleep = 1;
	/* A probe takes its number before it looks whether we sleep. */
	__sync_synchronize();
	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++) {
		const struct tc_loss_account *account = &reader->rings[cpu].account;
		uint64_t done = account->received;

		for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
			done += account->told[reason];
		empty = empty && reader->states[cpu].made == done;
	}
	return empty;
}

/* Not to be woken by rings: under load every record would, and none would be old enough to be
 * handed over. */
static int wait_hold(void)
{
	const struct timespec hold = {.tv_nsec = (long)HOLD_NS};

	return nanosleep(&hold, NULL) < 0 ? -errno : 0;
}

int tc_reader_wait(struct tc_reader *reader, int timeout_ms)
{
	struct epoll_event event;
	int r;

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++)
		if (reader->rings[cpu].full)
			return 0;
	if (reader->waiting)
		return wait_hold();
	if (fall_asleep(reader))
		r = epoll_wait(reader->epoll_fd, &event, 1, timeout_ms) < 0 ? -errno : 0;
	else
		r = wait_hold();
	stay_awake(reader);
	return r;
}

/* --- merging: a binary heap of the rings that have records, the oldest on top --- */

static uint64_t head_time(const struct tc_reader *reader, unsigned ring)
{
	uint64_t time_ns = UINT64_MAX;
	uint32_t size;

	tc_queue_head(&reader->rings[ring].queue, &size, &time_ns);
	return time_ns;
}

static void heap_sink(struct tc_reader *reader, unsigned place)
{
	unsigned *heap = reader->heap;

	for (;;) {
		unsigned least = place, left = 2 * place + 1, right = left + 1;

		if (left < reader->n_heap &&
		    head_time(reader, heap[left]) < head_time(reader, heap[least]))
			least = left;
		if (right < reader->n_heap &&
		    head_time(reader, heap[right]) < head_time(reader, heap[least]))
			least = right;
		if (least == place)
			return;
		unsigned other = heap[place];
		heap[place] = heap[least];
		heap[least] = other;
		place = least;
	}
}

static void heap_build(struct tc_reader *reader)
{
	reader->n_heap = 0;
	for (unsigned ring = 0; ring < reader->n_rings; ring++)
		if (reader->rings[ring].queue.count)
			reader->heap[reader->n_heap++] = ring;
	for (unsigned place = reader->n_heap / 2; place-- > 0;)
		heap_sink(reader, place);
}

/* A record was handed over: of the ring, or of what it lost. */
static void note_handed(struct ring_reader *ring, const void *bytes, uint32_t size)
{
	const struct tc_loss *loss = bytes;

	if (size >= sizeof(*loss) && loss->header.kind == TC_KIND_loss &&
	    loss->reason < TC_LOSS_RING_MAX)
		ring->told[loss->reason] += loss->count;
	else
		ring->received++;
}

/* Hands over all records up to a time, oldest first. */
static int merge(struct tc_reader *reader, uint64_t until_ns, tc_record_callback callback,
		 void *context)
{
	heap_build(reader);
	while (reader->n_heap) {
		struct ring_reader *ring = &reader->rings[reader->heap[0]];
		struct tc_queue *queue = &ring->queue;
		uint64_t time_ns;
		uint32_t size;
		const void *record = tc_queue_head(queue, &size, &time_ns);

		if (time_ns > until_ns)
			break;
		int r = callback(context, record, size);
		if (r >= 0)
			note_handed(ring, record, size);
		tc_queue_pop(queue);
		if (r < 0)
			return r;
		if (!queue->count)
			reader->heap[0] = reader->heap[--reader->n_heap];
		heap_sink(reader, 0);
	}
	reader->waiting = reader->n_heap > 0;
	return 0;
}

/* --- losses --- */

/* What was lost becomes a record that waits for its turn like any other. */
static int queue_losses(struct tc_reader *reader, unsigned cpu)
{
	struct ring_reader *ring = &reader->rings[cpu];
	struct tc_losses losses;
	struct tc_notice notice;

	if (!tc_loss_find(&ring->account, &ring->look, &losses))
		return 0;
	for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++) {
		const struct tc_record *record;
		int r;

		if (!losses.count[reason])
			continue;
		record = tc_notice_loss(&notice, cpu, (enum tc_loss_reason)reason,
					losses.count[reason], losses.since_ns[reason],
					ring->look.now_ns);
		r = tc_queue_push(&ring->queue, record->time_ns, record, record->size);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- draining --- */

/* The counters of losses first: each was given its number before it was counted. */
static void look_at(struct ring_reader *ring, const volatile struct tc_ring_state *shared,
		    bool final)
{
	ring->look.last_ns = ring->look.now_ns;
	ring->look.now_ns = tc_clock_boot_ns();
	ring->look.ahead = 0;
	ring->look.final = final;
	for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
		ring->look.state.lost[reason] = shared->lost[reason];
	ring->look.state.made = shared->made;
}

/* Reads every ring once and finds its losses. *ret_more: some ring was not read to its end. */
static int read_rings(struct tc_reader *reader, bool final, bool *ret_more)
{
	bool more = false;

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++) {
		struct ring_reader *ring = &reader->rings[cpu];
		int r;

		look_at(ring, &reader->states[cpu], final);
		r = ring_buffer__consume(ring->ring);
		if (r < 0 && r != -EAGAIN)
			return r;
		ring->full = r == -EAGAIN;
		ring->look.read_out = !ring->full;
		more |= ring->full;
		r = queue_losses(reader, cpu);
		if (r < 0)
			return r;
	}
	*ret_more = more;
	return 0;
}

/* A ring that was not read to its end may hold records that are older than what we have of the
 * others. */
static uint64_t complete_until(const struct tc_reader *reader, uint64_t start_ns)
{
	uint64_t until_ns = start_ns - HOLD_NS;

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++) {
		uint64_t last_ns = tc_queue_last_time(&reader->rings[cpu].queue);

		if (reader->rings[cpu].full && last_ns < until_ns)
			until_ns = last_ns;
	}
	return until_ns;
}

int tc_reader_drain(struct tc_reader *reader, bool flush, tc_record_callback callback,
		    void *context)
{
	bool more;
	int r;

	do {
		uint64_t start_ns = tc_clock_boot_ns(), until_ns;

		r = read_rings(reader, flush, &more);
		if (r < 0)
			return r;
		until_ns = flush && !more ? UINT64_MAX : complete_until(reader, start_ns);
		r = merge(reader, until_ns, callback, context);
		if (r >= 0)
			reader->complete_ns = until_ns;
	} while (r >= 0 && flush && more);
	return r;
}

int tc_reader_hand_over(struct tc_reader *reader, tc_record_callback callback, void *context)
{
	return merge(reader, UINT64_MAX, callback, context);
}

void tc_reader_settle(struct tc_reader *reader)
{
	uint64_t now_ns = tc_clock_boot_ns();

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++) {
		const struct ring_reader *ring = &reader->rings[cpu];
		volatile struct tc_ring_state *state = &reader->states[cpu];

		state->received = ring->received;
		for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
			state->told[reason] = ring->told[reason];
		state->settled_ns = now_ns;
	}
}

uint64_t tc_reader_complete_ns(const struct tc_reader *reader)
{
	return reader->complete_ns;
}

void tc_reader_counts(const struct tc_reader *reader, struct tc_reader_counts *ret_counts)
{
	struct tc_reader_counts counts = {0};

	for (unsigned cpu = 0; cpu < reader->n_rings; cpu++) {
		counts.received += reader->rings[cpu].account.received;
		for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
			counts.lost[reason] += reader->rings[cpu].account.told[reason];
	}
	*ret_counts = counts;
}
