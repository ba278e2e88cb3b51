/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "output/journal_rows.h"
#include "output/journal_schema.h"

/* An agent that is just starting has made the file, but not yet its tables. */
int tc_journal_reader_look(struct tc_journal_reader *reader)
{
	int64_t version;
	int error;

	if (!reader->empty)
		return 0;
	error = tc_journal_check_version(reader->db, reader->path, &version);
	if (!error)
		reader->empty = version == 0;
	return error;
}

/* Which file it is. Asked before it is opened: when another one takes its place in between, it
 * counts as replaced. */
static void know_file(struct tc_journal_reader *reader)
{
	struct stat status;

	if (stat(reader->path, &status))
		return; /* opening it tells */
	reader->device = status.st_dev;
	reader->inode = status.st_ino;
}

bool tc_journal_reader_is_replaced(const struct tc_journal_reader *reader)
{
	struct stat status;

	return stat(reader->path, &status) || status.st_dev != reader->device ||
	       status.st_ino != reader->inode;
}

int tc_journal_reader_open(const char *path, struct tc_journal_reader **ret_reader)
{
	struct tc_journal_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->empty = true; /* not looked yet */
	reader->path = strdup(path);
	if (reader->path)
		know_file(reader);
	int error = reader->path ? tc_journal_connect(path, &reader->db) : -ENOMEM;
	if (!error)
		error = tc_journal_reader_look(reader);
	if (error) {
		tc_journal_reader_close(reader);
		return error;
	}
	*ret_reader = reader;
	return 0;
}

void tc_journal_reader_close(struct tc_journal_reader *reader)
{
	if (!reader)
		return;
	sqlite3_finalize(reader->next);
	sqlite3_close(reader->db);
	tc_journal_rows_done(&reader->rows);
	free(reader->path);
	free(reader);
}

static const char next_sql[] =
	TC_JOURNAL_ROWS_SELECT(TC_JOURNAL_ROWS_OUTPUT) " WHERE seq > ? ORDER BY seq LIMIT ?";

/* +seq: by the index of times; without it every row from the first on would be read. */
static const char find_time_sql[] =
	"SELECT coalesce((SELECT min(+seq) FROM entries WHERE time_ns >= ?) - 1,"
	" (SELECT max(seq) FROM entries), 0)";

/* SQLite's numbers end at 2^63 - 1; times and counts beyond that mean no bound. */
static int64_t saturate(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

int tc_journal_reader_last_seq(struct tc_journal_reader *reader, uint64_t *ret_seq)
{
	int error = tc_journal_reader_look(reader);
	int64_t seq = 0;

	if (!error && !reader->empty)
		error = tc_journal_number(reader->db, reader->path,
					  "SELECT coalesce(max(seq), 0) FROM entries", &seq);
	if (!error)
		*ret_seq = (uint64_t)seq;
	return error;
}

/* The last row of a table that marks the chain. *ret_found: false where there is none; schema 1 has
 * no chain. */
static int read_mark(struct tc_journal_reader *reader, const char *table, uint64_t *ret_seq,
		     struct tc_hash *ret_hash, uint64_t *ret_time_ns, bool *ret_found)
{
	_cleanup_buffer_ struct tc_buffer sql = {0};
	sqlite3_stmt *statement = NULL;
	int64_t tables = 0;
	int error = tc_journal_reader_look(reader);

	*ret_found = false;
	tc_buffer_printf(&sql, "SELECT count(*) FROM sqlite_schema WHERE name = '%s'", table);
	if (tc_buffer_failed(&sql))
		return -ENOMEM;
	if (!error)
		error = tc_journal_number(reader->db, reader->path, sql.bytes, &tables);
	if (error || !tables)
		return error;
	tc_buffer_reset(&sql);
	tc_buffer_printf(&sql, "SELECT seq, hash, time_ns FROM %s ORDER BY id DESC LIMIT 1", table);
	if (tc_buffer_failed(&sql))
		return -ENOMEM;
	int result = sqlite3_prepare_v2(reader->db, sql.bytes, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == TC_HASH_BYTES) {
		*ret_seq = (uint64_t)sqlite3_column_int64(statement, 0);
		memcpy(ret_hash->bytes, sqlite3_column_blob(statement, 1), TC_HASH_BYTES);
		*ret_time_ns = (uint64_t)sqlite3_column_int64(statement, 2);
		*ret_found = true;
	} else if (result != SQLITE_ROW && result != SQLITE_DONE) {
		error = tc_journal_fail(reader->db, result, reader->path, "read it");
	}
	sqlite3_finalize(statement);
	return error;
}

int tc_journal_reader_head(struct tc_journal_reader *reader, struct tc_journal_head *ret_head)
{
	struct tc_journal_head head = {0};
	bool found;
	int error = read_mark(reader, "heads", &head.seq, &head.hash, &head.time_ns, &found);

	if (!error)
		*ret_head = head;
	return error;
}

int tc_journal_reader_beginning(struct tc_journal_reader *reader,
				struct tc_journal_beginning *ret_beginning)
{
	struct tc_journal_beginning beginning = {0};
	uint64_t time_ns;
	int error = read_mark(reader, "origin", &beginning.seq, &beginning.hash, &time_ns,
			      &beginning.known);

	if (!error)
		*ret_beginning = beginning;
	return error;
}

/* --- for couriers --- */

/* Copies what one step of the statement after another gives. 0 or a negative errno, logged. */
static int gather_rows(struct tc_journal_reader *reader, sqlite3_stmt *statement, size_t max_rows,
		       bool *ret_more)
{
	struct tc_journal_rows *rows = &reader->rows;
	int result, error = 0;

	while (!error && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		if (rows->count == max_rows || rows->bytes >= TC_JOURNAL_NEXT_BYTES)
			break;
		error = tc_journal_rows_add(rows, statement);
	}
	*ret_more = result != SQLITE_DONE;
	/* The rows before a damaged page are given; the next call finds the damage again. */
	if (!error && result != SQLITE_ROW && result != SQLITE_DONE && !rows->count)
		error = tc_journal_fail(reader->db, result, reader->path, "read it");
	return error;
}

static int read_next(struct tc_journal_reader *reader, uint64_t after_seq, size_t max_rows,
		     bool *ret_more)
{
	int result = SQLITE_OK;

	if (!reader->next)
		result = sqlite3_prepare_v3(reader->db, next_sql, -1, SQLITE_PREPARE_PERSISTENT,
					    &reader->next, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(reader->db, result, reader->path, "read it");
	sqlite3_bind_int64(reader->next, 1, saturate(after_seq));
	/* One more than wanted tells whether there is more. */
	sqlite3_bind_int64(reader->next, 2, saturate(max_rows) + (max_rows < INT64_MAX));
	int error = gather_rows(reader, reader->next, max_rows, ret_more);
	sqlite3_reset(reader->next);
	return error;
}

int tc_journal_reader_next(struct tc_journal_reader *reader, uint64_t after_seq, size_t max_rows,
			   tc_journal_row_callback callback, void *context, bool *ret_more)
{
	int stop = tc_journal_reader_look(reader);
	bool more = false;

	tc_journal_rows_reset(&reader->rows);
	if (!stop && !reader->empty)
		stop = read_next(reader, after_seq, max_rows, &more);
	for (size_t i = 0; i < reader->rows.count && !stop; i++)
		stop = callback(&reader->rows.items[i], context);
	if (!stop)
		*ret_more = more;
	return stop;
}

int tc_journal_reader_find_time(struct tc_journal_reader *reader, uint64_t time_ns,
				uint64_t *ret_seq)
{
	sqlite3_stmt *statement = NULL;
	int error = tc_journal_reader_look(reader);

	if (error)
		return error;
	if (reader->empty) {
		*ret_seq = 0;
		return 0;
	}
	int result = sqlite3_prepare_v2(reader->db, find_time_sql, -1, &statement, NULL);
	if (result == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, saturate(time_ns));
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW)
		*ret_seq = (uint64_t)sqlite3_column_int64(statement, 0);
	else
		error = tc_journal_fail(reader->db, result, reader->path, "read it");
	sqlite3_finalize(statement);
	return error;
}
