/* SPDX-License-Identifier: Apache-2.0 */
#include "output/outbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/enrich/clock.h"

bool tc_outbox_is_full(const struct tc_outbox *outbox)
{
	return tc_outbox_rest(outbox) >= TC_OUTBOX_BYTES;
}

static size_t end_of_messages(const struct tc_outbox *outbox)
{
	return outbox->n_marks ? outbox->marks[outbox->n_marks - 1].end : 0;
}

static int mark_add(struct tc_outbox *outbox, uint64_t seq)
{
	if (outbox->n_marks == outbox->size) {
		size_t size = outbox->size ? 2 * outbox->size : 64;
		struct tc_outbox_mark *marks = realloc(outbox->marks, size * sizeof(*marks));

		if (!marks)
			return -ENOMEM;
		outbox->marks = marks;
		outbox->size = size;
	}
	outbox->marks[outbox->n_marks++] = (struct tc_outbox_mark){outbox->bytes.length, seq};
	return 0;
}

int tc_outbox_mark(struct tc_outbox *outbox, uint64_t seq)
{
	if (!tc_buffer_failed(&outbox->bytes) && mark_add(outbox, seq) == 0)
		return 0;
	outbox->bytes.length = end_of_messages(outbox);
	outbox->bytes.failed = false;
	return -ENOMEM;
}

size_t tc_outbox_rest(const struct tc_outbox *outbox)
{
	return outbox->bytes.length - outbox->written;
}

/* Takes away the messages that were written whole. */
static void forget_written(struct tc_outbox *outbox)
{
	size_t n_whole = 0, start;

	while (n_whole < outbox->n_marks && outbox->marks[n_whole].end <= outbox->written)
		n_whole++;
	if (!n_whole)
		return;
	start = outbox->marks[n_whole - 1].end;
	outbox->delivered_seq = outbox->marks[n_whole - 1].seq;
	outbox->n_marks -= n_whole;
	memmove(outbox->marks, outbox->marks + n_whole, outbox->n_marks * sizeof(*outbox->marks));
	for (size_t i = 0; i < outbox->n_marks; i++)
		outbox->marks[i].end -= start;
	outbox->bytes.length -= start;
	memmove(outbox->bytes.bytes, outbox->bytes.bytes + start, outbox->bytes.length);
	outbox->written -= start;
}

void tc_outbox_take(struct tc_outbox *outbox, size_t count)
{
	outbox->written += count;
	forget_written(outbox);
}

static int64_t now_ms(void)
{
	return (int64_t)(tc_clock_monotonic_ns() / 1000000);
}

/* Waits until something can be written. 0; -EAGAIN when the time is over; or another error. */
static int wait_for_reader(int fd, int64_t deadline_ms)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	int64_t rest_ms = deadline_ms - now_ms();
	int count = poll(&writable, 1, rest_ms > 0 ? (int)rest_ms : 0);

	if (count < 0 && errno != EINTR)
		return -errno;
	return count > 0 ? 0 : -EAGAIN;
}

/*
 * A pipe that poll(2) calls writable takes PIPE_BUF bytes without blocking (pipe(7)): so a slow
 * reader does not hold the thread, and a descriptor that others share need not be made
 * non-blocking.
 */
static int write_all(struct tc_outbox *outbox, size_t *written, int fd, int64_t deadline_ms)
{
	while (*written < outbox->bytes.length) {
		size_t rest = outbox->bytes.length - *written;
		int error = wait_for_reader(fd, deadline_ms);

		if (error)
			return error;
		ssize_t size = write(fd, outbox->bytes.bytes + *written,
				     rest < PIPE_BUF ? rest : PIPE_BUF);
		if (size >= 0)
			*written += (size_t)size;
		else if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

int tc_outbox_write(struct tc_outbox *outbox, int fd, unsigned timeout_ms)
{
	size_t written = outbox->written;
	int error = write_all(outbox, &written, fd, now_ms() + timeout_ms);

	tc_outbox_take(outbox, written - outbox->written);
	return error;
}

bool tc_outbox_reset(struct tc_outbox *outbox)
{
	bool torn = outbox->written > 0;

	tc_buffer_reset(&outbox->bytes);
	outbox->written = 0;
	outbox->n_marks = 0;
	return torn;
}

void tc_outbox_done(struct tc_outbox *outbox)
{
	tc_buffer_done(&outbox->bytes);
	free(outbox->marks);
	*outbox = (struct tc_outbox){0};
}
