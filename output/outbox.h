/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait to be written to a stream, and the messages that they are of. For outputs. */
#ifndef TOCSIN_OUTPUT_OUTBOX_H
#define TOCSIN_OUTPUT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/buffer.h"

/* Room: a message is taken while less than that waits. */
#define TC_OUTBOX_BYTES (256 * 1024)

/* Where a message ends in the bytes. */
struct tc_outbox_mark {
	size_t end;
	uint64_t seq;
};

/* Zero-initialised is empty. Messages are added to bytes, and tc_outbox_mark() ends each. */
struct tc_outbox {
	struct tc_buffer bytes;
	size_t written; /* bytes at the start that were written */
	struct tc_outbox_mark *marks;
	size_t n_marks, size;
	uint64_t delivered_seq; /* of the last message all of whose bytes were written */
};

/* True when no further message is to be added before some are written. */
bool tc_outbox_is_full(const struct tc_outbox *outbox);
/* What was appended to bytes since the last mark is the message of that row. 0; -ENOMEM: the
 * message was taken away again. */
int tc_outbox_mark(struct tc_outbox *outbox, uint64_t seq);
/* Bytes that wait. */
size_t tc_outbox_rest(const struct tc_outbox *outbox);
/* So many bytes of the rest were written. */
void tc_outbox_take(struct tc_outbox *outbox, size_t count);
/*
 * Writes what waits to a file, a pipe or a socket until timeout_ms are over; does not block longer,
 * even where the descriptor does. 0: all is written; -EAGAIN: not in this time; or write(2)'s
 * error.
 */
int tc_outbox_write(struct tc_outbox *outbox, int fd, unsigned timeout_ms);
/* Forgets what waits. True when that is the end of a message whose start was written. */
bool tc_outbox_reset(struct tc_outbox *outbox);
void tc_outbox_done(struct tc_outbox *outbox);

#endif
