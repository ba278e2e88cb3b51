/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes old rows out of the journal, a few at a time, and leaves a checkpoint from which the chain
 * is verified then: the number and the hash of the last row that was taken.
 */
#ifndef TOCSIN_OUTPUT_RETENTION_H
#define TOCSIN_OUTPUT_RETENTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "output/journal.h"

/* What is known of the first row and of the checkpoint that is written at the moment. */
struct tc_pruner_state {
	uint64_t first_seq;	 /* 0: there is no row, or it was not looked yet */
	int64_t first_ns;	 /* its time */
	int64_t id;		 /* of the checkpoint that the next step writes */
	struct tc_pruned untold; /* what that checkpoint says; rows 0: it is not written yet */
	bool telling; /* the caller tells it: it is told when the next rows are committed */
};

struct tc_pruner {
	sqlite3 *db;
	sqlite3_stmt *first, *young, *last, *erase, *mark, *forget, *pages, *free_pages;
	struct tc_retention limits;
	uint64_t floor;			  /* rows above are not delivered yet */
	uint64_t untold_since_ns;	  /* when a step was first not told */
	struct tc_pruner_state now, next; /* committed, and with this transaction */
};

/* Where a step happens. */
struct tc_pruner_moment {
	uint64_t last_seq;   /* of the newest row: it always stays */
	uint64_t max_rows;   /* that the step may take */
	uint64_t time_ns;    /* since the epoch */
	const char *boot_id; /* NULL: unknown */
};

/* Nothing is limited, nothing is spared. */
void tc_pruner_init(struct tc_pruner *pruner);
/* Begins with a database, and ends; limits stay. A result of SQLite. */
int tc_pruner_open(struct tc_pruner *pruner, sqlite3 *db);
void tc_pruner_close(struct tc_pruner *pruner);

/* Whether a step would have something to do; a few microseconds. */
bool tc_pruner_due(struct tc_pruner *pruner, const struct tc_pruner_moment *moment);
/*
 * Takes a step inside the caller's transaction, and gives free pages back. A result of SQLite. The
 * caller says afterwards whether the transaction was committed.
 */
int tc_pruner_step(struct tc_pruner *pruner, const struct tc_pruner_moment *moment);
void tc_pruner_settle(struct tc_pruner *pruner, bool committed);

/* See tc_journal_take_report(). now_ns: of a clock that is not set. */
bool tc_pruner_take_untold(struct tc_pruner *pruner, uint64_t now_ns, struct tc_pruned *ret_pruned);
/* Inside the transaction that commits what the caller told: the checkpoint is told. */
int tc_pruner_mark_told(struct tc_pruner *pruner);

#endif
