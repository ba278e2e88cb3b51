/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were copied out of the journal, for the parts of its reader. */
#ifndef TOCSIN_OUTPUT_JOURNAL_ROWS_H
#define TOCSIN_OUTPUT_JOURNAL_ROWS_H

#include <sqlite3.h>

#include "agent/arena.h"
#include "output/journal_reader.h"

/* Zero-initialised is empty. */
struct tc_journal_rows {
	struct tc_arena texts;
	struct tc_journal_row *items; /* count of them */
	size_t count, size;
	size_t bytes; /* of all texts */
};

/* The columns that tc_journal_rows_add() reads, and where from. The line for people costs a look
 * into the JSON, which not everybody needs. */
#define TC_JOURNAL_ROWS_SELECT(output)                                                             \
	"SELECT seq, uuid, time_ns, boot_id, rule, priority, kind, cgroup_id, cgroup_path,"        \
	" container_id, pid, start_ns, comm, exe, " output ", json FROM entries"
#define TC_JOURNAL_ROWS_OUTPUT "CASE WHEN json_valid(json) THEN json_extract(json, '$.output') END"

/* Copies the row that a statement is at. 0 or -ENOMEM. */
int tc_journal_rows_add(struct tc_journal_rows *rows, sqlite3_stmt *statement);
/* Forgets all rows, and keeps the memory. */
void tc_journal_rows_reset(struct tc_journal_rows *rows);
void tc_journal_rows_done(struct tc_journal_rows *rows);

/* The reader, for its own parts: what it is open on. */
struct tc_journal_reader {
	char *path;
	sqlite3 *db;
	bool empty; /* when last looked at, it had no tables yet */
	/* For tc_journal_reader_next(): prepared once, and kept from call to call. */
	sqlite3_stmt *next;
	struct tc_journal_rows rows;
	uint64_t device, inode; /* of the file */
};

/* Looks again whether there are tables. 0 or a negative errno, logged. */
int tc_journal_reader_look(struct tc_journal_reader *reader);

#endif
