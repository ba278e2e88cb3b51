/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: a SQLite database in which every alert and every notice is committed before the
 * world hears of it.
 *
 * Every row is chained to the one before (output/chain.h, docs/journal.md). One agent writes at a
 * time, from one thread; readers (output/journal_reader.h) may read meanwhile. A database that
 * turns out to be damaged, when it is opened or later, is set aside as FILE.damaged-TIME and a new
 * one is begun, whose chain names it and whose numbers go on. So is one that somebody removed or
 * replaced while it was written (FILE.removed-TIME, FILE.replaced-TIME).
 */
#ifndef TOCSIN_OUTPUT_JOURNAL_H
#define TOCSIN_OUTPUT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/alert.h"

#define TC_JOURNAL_DEFAULT_PATH "/var/lib/tocsin/journal.db"
/* PRAGMA application_id ("TOCS") and user_version of the database. */
#define TC_JOURNAL_APPLICATION_ID 0x544f4353
#define TC_JOURNAL_SCHEMA_VERSION 3

/* Of a database that this version made. */
#define TC_JOURNAL_PAGE_BYTES 8192

struct tc_journal;

/*
 * Opens the journal for writing and makes it when it is missing (mode 0600, its directory 0700);
 * one of an older version is brought up to date, and keeps its rows. What is wrong is logged with
 * the path and what would help. Errors:
 *
 *	-EACCES, -EROFS, -ENOENT ...  the file or its directory cannot be made or written
 *	-EPERM     file or directory belong to another user than root and the agent's, or others may
 *	           write them (but for a directory like /tmp: root's, with the sticky bit), or the
 *	           file is not a regular one
 *	-ELOOP     the file is a symbolic link (its directory may be reached by one)
 *	-EBADMSG   not a database, or not a journal of Tocsin, or one with triggers
 *	-EUCLEAN   the database is damaged, and could not be set aside
 *	-EPROTO    written by a newer version of Tocsin
 *	-EBUSY     another agent writes it
 *	-ENOSPC    the disk is full
 *	-EIO, -ENOMEM
 */
int tc_journal_open(const char *path, struct tc_journal **ret_journal);

/* Alerts that may wait for tc_journal_flush(), and the bytes that they may take: one with long
 * arguments has 80 KB. Behind both is room that only notices may take. */
#define TC_JOURNAL_PENDING_MAX 65536
#define TC_JOURNAL_PENDING_BYTES (128 * 1024 * 1024UL)
#define TC_JOURNAL_PENDING_NOTICES 4096
#define TC_JOURNAL_PENDING_NOTICES_BYTES (4 * 1024 * 1024UL)

/*
 * Adds an alert, or a notice (rule is NULL), to the batch in memory and sets alert->seq and
 * alert->json. The alert is not on the disk, and must not be told to anybody, before
 * tc_journal_flush() returned 0. 0; -ENOMEM; -ENOBUFS when TC_JOURNAL_PENDING_MAX alerts, or
 * TC_JOURNAL_PENDING_BYTES of them, are waiting because the batch cannot be committed; a notice
 * finds room behind them. On failure the alert is untouched, and the caller's to count.
 */
int tc_journal_add(struct tc_journal *journal, struct tc_alert *alert);

/* A batch is due with so many rows or bytes, or when its first row has waited so long ... */
#define TC_JOURNAL_BATCH_ROWS 4096
#define TC_JOURNAL_BATCH_BYTES (16 * 1024 * 1024UL)
#define TC_JOURNAL_BATCH_NS (100 * 1000 * 1000ULL)
/* ... or, with an alert of priority Critical or above in it, at once; but so far apart at least. */
#define TC_JOURNAL_URGENT_NS (5 * 1000 * 1000ULL)

/*
 * Whether the batch should be committed now, not when there is nothing else to do. Cheap: to be
 * asked after each alert. While the journal cannot be written it is due every TC_JOURNAL_BATCH_NS.
 */
bool tc_journal_due(const struct tc_journal *journal);

/* Alerts in the batch. */
size_t tc_journal_pending(const struct tc_journal *journal);
/* The number of the last committed alert; 0 when there never was one. */
uint64_t tc_journal_last_seq(const struct tc_journal *journal);

/*
 * Commits the batch: it is on the disk when 0 is returned. Waits no longer than 20 ms for a lock of
 * another connection. On failure what is not committed stays in memory, to be tried again: -ENOSPC,
 * -EBUSY, -EUCLEAN, -ENOENT (removed or replaced, a moment after that happened before), -EROFS,
 * -EBADMSG (something in the database keeps rows out), -EIO, -ENOMEM. The first failure in a row is
 * logged, and so is the end of it.
 *
 * Every call also lets retention take a step (a few milliseconds at most): it is to be called ten
 * times a second or so, whether there are rows or not.
 */
int tc_journal_flush(struct tc_journal *journal);

/*
 * Says that a reader found the database damaged; may be called by any thread. The next flush sets
 * it aside.
 */
void tc_journal_suspect(struct tc_journal *journal);

/* --- retention --- */

/* What stays in the journal; 0: no limit. */
struct tc_retention {
	uint64_t max_age_ns; /* by the time of rows and the clock of the host */
	uint64_t max_bytes;  /* pages of the database that are in use; its -wal file comes on top */
	uint64_t max_rows;
	uint64_t tell_ns; /* what is taken is gathered so long before it is told; 0: a minute */
};

/* Rows that retention took. */
struct tc_pruned {
	uint64_t first_seq, last_seq; /* the first and the last */
	uint64_t rows;		      /* how many; 0: none */
	uint64_t undelivered;	      /* of them, above the floor */
};

struct tc_journal_report {
	struct tc_pruned pruned;
	/* Rows above the floor that were in a database that was damaged (they lie where it was set
	 * aside), removed or replaced. */
	uint64_t undelivered_aside;
};

/* Sets the limits; from then on every flush takes a few old rows where there are too many. */
void tc_journal_set_retention(struct tc_journal *journal, const struct tc_retention *retention);

/*
 * Says up to which number every output has delivered. Limits of age and count spare the rows above
 * it; the limit of size does not, and counts them. Without a floor nothing is spared.
 */
void tc_journal_set_floor(struct tc_journal *journal, uint64_t seq);

/*
 * Whether there is something to tell of rows that went; to be asked after each flush. The caller
 * tells it by notices: journal_pruned (tc_notice_pruned()), and losses of the reasons retention and
 * journal_gone for what was not delivered. It counts as told when these are committed; what was
 * not told when the agent ended is given to the next one.
 */
bool tc_journal_take_report(struct tc_journal *journal, struct tc_journal_report *ret_report);

/* Commits what is left (what cannot be is counted in the log) and closes. Takes NULL. */
void tc_journal_close(struct tc_journal *journal);

static inline void tc_journal_closep(struct tc_journal **journal)
{
	tc_journal_close(*journal);
}
#define _cleanup_journal_ __attribute__((cleanup(tc_journal_closep)))

#endif
