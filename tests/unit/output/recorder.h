/* SPDX-License-Identifier: Apache-2.0 */
/* An output that remembers what it was given, and does as it is told. */
#ifndef TOCSIN_TESTS_OUTPUT_RECORDER_H
#define TOCSIN_TESTS_OUTPUT_RECORDER_H

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "output/output.h"

#define RECORDER_MAX (1 << 17)

/* There is one for all tests of a program: open() has no way to be given another. Written by the
 * courier's thread, read behind its end or through the atomic members. */
static struct recorder {
	/* What it does. */
	int open_result, write_result, flush_result;
	size_t room;		   /* messages that it takes before a flush; 0: no bound */
	uint64_t delivers_up_to;   /* flush() delivers no row behind this one; 0: no bound */
	size_t flush_at_most;	   /* messages that one flush() delivers; 0: no bound */
	_Atomic unsigned block_ms; /* each write() takes so long */
	/* What it was told. */
	uint64_t seqs[RECORDER_MAX]; /* of the messages delivered */
	_Atomic size_t n_delivered;
	uint64_t waiting[RECORDER_MAX];
	size_t n_waiting;
	_Atomic unsigned writes, resets, reopens, closes;
	char text[8192]; /* the last message */
} recorder;

static inline int recorder_open(const struct tc_output_settings *settings, void **ret_state)
{
	*ret_state = &recorder;
	return recorder.open_result;
}

static inline int recorder_write(void *state, const struct tc_message *message)
{
	recorder.writes++;
	if (recorder.block_ms)
		usleep(recorder.block_ms * 1000);
	if (recorder.write_result)
		return recorder.write_result;
	if (recorder.room && recorder.n_waiting >= recorder.room)
		return -EAGAIN;
	if (recorder.n_waiting == RECORDER_MAX)
		abort();
	recorder.waiting[recorder.n_waiting++] = message->row->seq;
	snprintf(recorder.text, sizeof(recorder.text), "%.*s", (int)message->length,
		 message->bytes);
	return 0;
}

static inline int recorder_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	size_t count = 0;

	while (!recorder.flush_result && count < recorder.n_waiting &&
	       (!recorder.flush_at_most || count < recorder.flush_at_most) &&
	       (!recorder.delivers_up_to || recorder.waiting[count] <= recorder.delivers_up_to)) {
		if (recorder.n_delivered == RECORDER_MAX)
			abort();
		recorder.seqs[recorder.n_delivered] = recorder.waiting[count++];
		recorder.n_delivered++;
	}
	recorder.n_waiting -= count;
	memmove(recorder.waiting, recorder.waiting + count,
		recorder.n_waiting * sizeof(recorder.waiting[0]));
	*ret_seq = recorder.n_delivered ? recorder.seqs[recorder.n_delivered - 1] : 0;
	if (recorder.flush_result)
		return recorder.flush_result;
	return recorder.n_waiting ? -EAGAIN : 0;
}

static inline void recorder_reset(void *state)
{
	recorder.resets++;
	recorder.n_waiting = 0;
}

static inline void recorder_reopen(void *state)
{
	recorder.reopens++;
}

static inline void recorder_close(void *state)
{
	recorder.closes++;
}

static const struct tc_output_ops recorder_ops = {
	.durable = true,
	.open = recorder_open,
	.write = recorder_write,
	.flush = recorder_flush,
	.reset = recorder_reset,
	.reopen = recorder_reopen,
	.close = recorder_close,
};

static const struct tc_output recorder_output = {"recorder", &recorder_ops, "remembers"};

#endif
