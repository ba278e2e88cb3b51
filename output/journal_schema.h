/* SPDX-License-Identifier: Apache-2.0 */
/* What the writing and the reading side of the journal share: its version, and the errors of
 * SQLite. */
#ifndef TOCSIN_OUTPUT_JOURNAL_SCHEMA_H
#define TOCSIN_OUTPUT_JOURNAL_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "output/chain.h"

/* How long a statement waits for a lock that another connection holds; and how long the agent does
 * once it runs. */
#define TC_JOURNAL_BUSY_MS 5000
#define TC_JOURNAL_FLUSH_BUSY_MS 20

/* The negative errno for a result of SQLite, see tc_journal_open(). 0 for SQLITE_OK, SQLITE_ROW and
 * SQLITE_DONE. */
int tc_journal_errno(sqlite3 *db, int result);
/* Logs "journal PATH: cannot WHAT: ..." with what would help, and gives back tc_journal_errno(). */
int tc_journal_fail(sqlite3 *db, int result, const char *path, const char *what);
/* Reads a PRAGMA or other statement that gives one number. 0 or a negative errno, logged. */
int tc_journal_number(sqlite3 *db, const char *path, const char *sql, int64_t *ret_number);
/* Connects for reading. 0, -ENOENT when there is none, or another error of tc_journal_open(),
 * logged. */
int tc_journal_connect(const char *path, sqlite3 **ret_db);
/*
 * Looks whether the database is a journal that this version can use. 0, and *ret_version is that of
 * its schema (0: nothing was ever written to it); -EBADMSG when it is another program's, -EPROTO
 * when it is newer, other errors as above; logged.
 */
int tc_journal_check_version(sqlite3 *db, const char *path, int64_t *ret_version);

/* What the chain of a new or migrated journal begins with, see docs/journal.md. */
struct tc_origin {
	uint64_t seq;	     /* the number behind which it begins */
	uint64_t time_ns;    /* since the epoch */
	const char *boot_id; /* NULL: unknown */
	const char *reason;  /* damaged, removed, replaced: it follows another; NULL: it does not */
	const char *predecessor; /* name under which that, or what was there of it, was set aside */
	const struct tc_hash *predecessor_head; /* the last hash known of that; NULL: none */
};

/*
 * Brings the tables from a version (0: none) to this one, each step in a transaction; those of a
 * new database all in one. seal() must be registered. 0 or a negative errno, logged.
 */
int tc_journal_migrate(sqlite3 *db, const char *path, int64_t version,
		       const struct tc_origin *origin);

#endif
