/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes through the journal and looks whether its chain holds: output/chain.h has the form,
 * docs/journal.md what it proves.
 */
#ifndef TOCSIN_OUTPUT_JOURNAL_VERIFY_H
#define TOCSIN_OUTPUT_JOURNAL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/enrich/clock.h"
#include "output/chain.h"

/* What was found first. */
enum tc_finding {
	TC_FINDING_NONE,     /* the chain holds */
	TC_FINDING_CHANGED,  /* a row is not what was written */
	TC_FINDING_REMOVED,  /* rows are missing */
	TC_FINDING_INSERTED, /* rows are there that the agent did not write */
	TC_FINDING_SWAPPED,  /* two rows stand in each other's place, or one in another's */
	TC_FINDING_CUT,	     /* the last rows are missing */
	TC_FINDING_MARKS,    /* origin, heads or checkpoints are not what was written */
	TC_FINDING_DAMAGED,  /* the database cannot be read on */
	TC_FINDING_NO_HEAD,  /* the head that was noted is not in the chain */
	TC_FINDING_MAX,
};

/* What verification tells. Numbers of rows are as SQLite has them: a forged one may be negative. */
struct tc_verification {
	enum tc_finding finding;
	int64_t seq,
		until_seq; /* the rows it is about; removed and inserted: a range; swapped: two */
	char message[256]; /* one sentence for people; "" when the chain holds */

	uint64_t rows;		     /* seen, until the finding */
	uint64_t unchained;	     /* of them, rows from before the chain began */
	int64_t first_seq, last_seq; /* 0 when there are none */
	uint64_t since_ns, until_ns; /* earliest and latest time of rows, since the epoch */
	uint64_t boots;		     /* times that the boot id changed, and one */

	int64_t origin_seq;    /* the number behind which the chain begins */
	char reason[16];       /* new, migrated, damaged, removed, replaced */
	char predecessor[256]; /* of the last three: what was set aside; "" else */

	uint64_t checkpoints; /* of retention that are kept */
	int64_t taken_seq;    /* the last row that retention took; 0: none */
	uint64_t taken,
		undelivered; /* rows taken and, of them, not delivered, by these checkpoints */
	uint64_t taken_ns;   /* when the last time */

	bool has_head; /* the last commit */
	int64_t head_seq;
	struct tc_hash head;
	uint64_t head_ns;
	char head_boot_id[TC_BOOT_ID_LENGTH + 1];

	bool noted_found; /* the hash that was asked for, and the row that has it */
	int64_t noted_seq;
};

/*
 * Verifies the journal as it is at this moment; an agent may write on meanwhile. noted: a hash that
 * must be in the chain, or NULL. 0, and the finding in *ret_verification; or a negative errno,
 * logged, when nothing can be said: -ENOENT and the errors of tc_journal_reader_open(), -ENODATA
 * when the journal has no chain (version 1, or nothing was ever written).
 */
int tc_journal_verify(const char *path, const struct tc_hash *noted,
		      struct tc_verification *ret_verification);

/* The word of a finding: "whole", "changed" ... */
const char *tc_finding_name(enum tc_finding finding);

#endif
