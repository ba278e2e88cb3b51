/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message that tells how many alerts a limit kept back. That of an output's limit is a notice
 * that is in no journal; for that of a rule the event goes through the pipeline like any other.
 */
#ifndef TOCSIN_OUTPUT_SUMMARY_H
#define TOCSIN_OUTPUT_SUMMARY_H

#include "agent/buffer.h"
#include "output/alert.h"
#include "output/journal_reader.h"
#include "output/limit.h"

/* The event as a record, as the kernel would have written it. */
union tc_summary_record {
	_Alignas(8) char bytes[TC_RECORD_MAX];
	struct tc_suppressed suppressed;
};

/* Makes the event of what was kept back; time_ns is since boot. Texts that do not fit are cut. */
void tc_summary_record(union tc_summary_record *record, const struct tc_kept_back *kept,
		       uint64_t time_ns);

/* A row as the journal's would be, and what its strings point to. Zero-initialised is none. */
struct tc_summary {
	struct tc_journal_row row;
	struct tc_buffer json, text;
	char uuid[TC_UUID_LENGTH + 1];
};

/* Fills it in; seq is the number of the row behind which it is told (its JSON has number 0). 0 or
 * -ENOMEM. */
int tc_summary_make(struct tc_summary *summary, const struct tc_kept_back *kept, uint64_t seq);
void tc_summary_done(struct tc_summary *summary);

#endif
