/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: from one ring for each CPU to one stream of records in the order of time, with every
 * loss told in it.
 */
#ifndef TOCSIN_AGENT_READ_H
#define TOCSIN_AGENT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct tc_rings;
struct tc_reader;

/*
 * Takes one record: size bytes, aligned to 8, valid during the call; in the agent that is
 * tc_pipeline_feed(). Loss records made by the reader come the same way. A negative errno stops the
 * reading.
 */
typedef int (*tc_record_callback)(void *context, const void *bytes, size_t size);

struct tc_reader_counts {
	uint64_t received;		 /* records read from the rings */
	uint64_t lost[TC_LOSS_RING_MAX]; /* events told as lost, by reason */
};

/* Opens rings, which must outlive the reader, and goes on where who read them before has settled
 * (tc_reader_settle()). A negative errno on failure. */
int tc_reader_open(const struct tc_rings *rings, struct tc_reader **ret_reader);
void tc_reader_close(struct tc_reader *reader);

/*
 * Sleeps until a ring wakes us or the next drain is due: a short while when records wait for their
 * turn, else at most timeout_ms. 0, or a negative errno (-EINTR for a signal).
 */
int tc_reader_wait(struct tc_reader *reader, int timeout_ms);

/*
 * Reads all rings and hands over the records, oldest first. Records of the last few milliseconds
 * are held back, since another CPU may still send an older one. With flush, for the last drain, all
 * are handed over, and numbers that are missing are told as lost at once.
 */
int tc_reader_drain(struct tc_reader *reader, bool flush, tc_record_callback callback,
		    void *context);

/* Hands over what was read and held back, and reads no more: programs go on, for who reads the
 * rings next. */
int tc_reader_hand_over(struct tc_reader *reader, tc_record_callback callback, void *context);

/* All that was handed over is safe: who reads the rings on when this process dies tells neither of
 * it nor of its losses again, and as lost what was read and not settled. */
void tc_reader_settle(struct tc_reader *reader);

/* Until when all records were handed over, since boot: later ones are not older. */
uint64_t tc_reader_complete_ns(const struct tc_reader *reader);

/* Totals since the reader was opened. */
void tc_reader_counts(const struct tc_reader *reader, struct tc_reader_counts *ret_counts);

#endif
