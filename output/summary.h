/* SPDX-License-Identifier: Apache-2.0 */
/* The message that tells how many alerts a limit kept back: a notice that is in no journal. */
#ifndef TOCSIN_OUTPUT_SUMMARY_H
#define TOCSIN_OUTPUT_SUMMARY_H

#include "agent/buffer.h"
#include "output/alert.h"
#include "output/journal_reader.h"
#include "output/limit.h"

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
