/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/arena.h"
#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/value.h"
#include "output/journal_schema.h"

struct tc_journal_reader {
	char *path;
	sqlite3 *db;
	bool empty; /* when last looked at, it had no tables yet */
	/* For tc_journal_reader_next(): prepared once, and kept from call to call. */
	sqlite3_stmt *next;
	struct tc_arena texts;
	struct tc_journal_row *rows;
	size_t rows_size;
};

/* An agent that is just starting has made the file, but not yet its tables. */
static int look_for_tables(struct tc_journal_reader *reader)
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

int tc_journal_reader_open(const char *path, struct tc_journal_reader **ret_reader)
{
	struct tc_journal_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->empty = true; /* not looked yet */
	reader->path = strdup(path);
	int error = reader->path ? tc_journal_connect(path, &reader->db) : -ENOMEM;
	if (!error)
		error = look_for_tables(reader);
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
	tc_arena_done(&reader->texts);
	free(reader->rows);
	free(reader->path);
	free(reader);
}

/*
 * A query never leaves a statement open while the caller has a row: the caller may block for hours
 * (`tocsin query | less`), and the write-ahead log cannot be cut as long as somebody reads an old
 * state of the database. So the numbers of the rows that match are read first, then each row by its
 * number, and every row is copied before it is handed over.
 */

/* Numbers read at once where rows lie in their order. */
#define NUMBERS_MAX 4096

#define SELECT_ROW                                                                                 \
	"SELECT seq, uuid, time_ns, boot_id, rule, priority, kind, cgroup_id, cgroup_path,"        \
	" container_id, pid, start_ns, comm, exe,"                                                 \
	" CASE WHEN json_valid(json) THEN json_extract(json, '$.output') END, json FROM entries"

static const char select_sql[] = SELECT_ROW " WHERE seq = ?";
static const char next_sql[] = SELECT_ROW " WHERE seq > ? ORDER BY seq LIMIT ?";

/* +seq: by the index of times; without it every row from the first on would be read. */
static const char find_time_sql[] =
	"SELECT coalesce((SELECT min(+seq) FROM entries WHERE time_ns >= ?) - 1,"
	" (SELECT max(seq) FROM entries), 0)";

/* The conditions of a filter; sqlite3_bind_parameter_index() tells later which parameters are
 * there. */
static void write_conditions(const struct tc_journal_filter *filter, struct tc_buffer *sql)
{
	const struct {
		bool set;
		const char *condition;
	} conditions[] = {
		{filter->after_seq != 0, " AND seq > :after"},
		{filter->since_ns != 0, " AND time_ns >= :since"},
		{filter->until_ns != 0, " AND time_ns <= :until"},
		{filter->rule != NULL, " AND rule GLOB :rule"},
		{filter->max_priority < TC_PRIORITY_DEBUG, " AND priority <= :priority"},
		{filter->kind != NULL, " AND kind = :kind"},
		{filter->by_cgroup_id, " AND cgroup_id = :cgroup"},
		/* '0' is the character behind '/': the range of all paths below. */
		{filter->cgroup_path != NULL,
		 " AND (cgroup_path = :path"
		 " OR cgroup_path >= :path || '/' AND cgroup_path < :path || '0')"},
		{filter->by_pid, " AND pid = :pid"},
	};

	tc_buffer_add_string(sql, "true");
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (conditions[i].set)
			tc_buffer_add_string(sql, conditions[i].condition);
}

/* A query on its way. */
struct cursor {
	struct tc_journal_filter filter;
	bool at_once;	     /* all numbers are read by one statement */
	uint64_t before_seq; /* newest first: only rows below; 0: no bound */
	uint64_t *numbers;   /* n_numbers of them, in the order of the rows */
	size_t n_numbers, size;
	struct tc_arena texts; /* of the row that is handed over */
};

/*
 * Where an index gives rows in another order, or only the newest are wanted, all numbers are found
 * at once and sorted. Otherwise the file is read in the order of the numbers, some at a time, so
 * that the first rows come soon.
 */
static bool reads_at_once(const struct tc_journal_filter *filter)
{
	return filter->since_ns || filter->until_ns || filter->rule || filter->limit;
}

static void write_statement(const struct cursor *cursor, struct tc_buffer *sql)
{
	tc_buffer_add_string(sql, "SELECT seq FROM entries WHERE ");
	write_conditions(&cursor->filter, sql);
	if (cursor->before_seq)
		tc_buffer_add_string(sql, " AND seq < :before");
	if (cursor->filter.limit)
		tc_buffer_add_string(sql, " ORDER BY seq DESC LIMIT :limit");
	else if (!cursor->at_once)
		tc_buffer_printf(sql, " ORDER BY seq%s LIMIT %d",
				 cursor->filter.newest_first ? " DESC" : "", NUMBERS_MAX);
}

/* SQLite's numbers end at 2^63 - 1; times and counts beyond that mean no bound. */
static int64_t saturate(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static void bind_number(sqlite3_stmt *statement, const char *name, int64_t number)
{
	int place = sqlite3_bind_parameter_index(statement, name);

	if (place)
		sqlite3_bind_int64(statement, place, number);
}

static void bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
	int place = sqlite3_bind_parameter_index(statement, name);

	if (place)
		sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}

/* A path as the journal stores it: escaped; without slashes at the end, so that "/" is everything.
 */
static void bind_path(sqlite3_stmt *statement, const char *path)
{
	_cleanup_buffer_ struct tc_buffer escaped = {0};
	size_t length = path ? strlen(path) : 0;

	while (length && path[length - 1] == '/')
		length--;
	tc_buffer_add_string(&escaped, "");
	tc_text_escape(&escaped, path, length);
	bind_text(statement, ":path", escaped.bytes);
}

static void bind_conditions(sqlite3_stmt *statement, const struct cursor *cursor)
{
	const struct tc_journal_filter *filter = &cursor->filter;

	bind_number(statement, ":before", saturate(cursor->before_seq));
	bind_number(statement, ":after", saturate(filter->after_seq));
	bind_number(statement, ":since", saturate(filter->since_ns));
	bind_number(statement, ":until", saturate(filter->until_ns));
	bind_text(statement, ":rule", filter->rule);
	bind_number(statement, ":priority", filter->max_priority);
	bind_text(statement, ":kind", filter->kind);
	bind_number(statement, ":cgroup", (int64_t)filter->cgroup_id);
	bind_path(statement, filter->cgroup_path);
	bind_number(statement, ":pid", filter->pid);
	bind_number(statement, ":limit", saturate(filter->limit));
}

static int number_add(struct cursor *cursor, uint64_t number)
{
	if (cursor->n_numbers == cursor->size) {
		size_t size = cursor->size ? 2 * cursor->size : 1024;
		uint64_t *numbers = realloc(cursor->numbers, size * sizeof(*numbers));

		if (!numbers)
			return SQLITE_NOMEM;
		cursor->numbers = numbers;
		cursor->size = size;
	}
	cursor->numbers[cursor->n_numbers++] = number;
	return SQLITE_OK;
}

static int compare_up(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static int compare_down(const void *a, const void *b)
{
	return compare_up(b, a);
}

/* The next numbers; none when the query is at its end. 0 or a negative errno, logged. */
static int read_numbers(struct tc_journal_reader *reader, struct cursor *cursor)
{
	_cleanup_buffer_ struct tc_buffer sql = {0};
	sqlite3_stmt *statement = NULL;

	cursor->n_numbers = 0;
	write_statement(cursor, &sql);
	if (tc_buffer_failed(&sql))
		return -ENOMEM;
	int result = sqlite3_prepare_v2(reader->db, sql.bytes, -1, &statement, NULL);
	if (result == SQLITE_OK) {
		bind_conditions(statement, cursor);
		while ((result = sqlite3_step(statement)) == SQLITE_ROW)
			if (number_add(cursor, (uint64_t)sqlite3_column_int64(statement, 0)))
				break;
	}
	sqlite3_finalize(statement);
	if (result == SQLITE_ROW)
		return tc_error_return(-ENOMEM, "journal %s", reader->path);
	if (result != SQLITE_DONE)
		return tc_journal_fail(reader->db, result, reader->path, "read it");
	if (cursor->n_numbers)
		qsort(cursor->numbers, cursor->n_numbers, sizeof(*cursor->numbers),
		      cursor->filter.newest_first ? compare_down : compare_up);
	return 0;
}

/* Where the texts of a row go, and the columns of select_sql that they come from. */
static const struct {
	int column;
	size_t offset;
} text_columns[] = {
	{1, offsetof(struct tc_journal_row, uuid)},
	{3, offsetof(struct tc_journal_row, boot_id)},
	{4, offsetof(struct tc_journal_row, rule)},
	{6, offsetof(struct tc_journal_row, kind)},
	{8, offsetof(struct tc_journal_row, cgroup_path)},
	{9, offsetof(struct tc_journal_row, container_id)},
	{12, offsetof(struct tc_journal_row, comm)},
	{13, offsetof(struct tc_journal_row, exe)},
	{14, offsetof(struct tc_journal_row, output)},
	{15, offsetof(struct tc_journal_row, json)},
};

#define N_TEXTS (sizeof(text_columns) / sizeof(text_columns[0]))

/* Copies the texts of a row and points the row at the copies. 0 or -ENOMEM. */
static int copy_texts(sqlite3_stmt *statement, struct tc_arena *texts, struct tc_journal_row *row)
{
	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *text =
			(const char *)sqlite3_column_text(statement, text_columns[i].column);
		char *copy = NULL;

		if (text) {
			copy = tc_arena_copy(texts, text, strlen(text));
			if (!copy)
				return -ENOMEM;
		}
		*(const char **)((char *)row + text_columns[i].offset) = copy;
	}
	return 0;
}

static int copy_row(sqlite3_stmt *statement, struct tc_arena *texts, struct tc_journal_row *ret_row)
{
	int64_t priority = sqlite3_column_int64(statement, 5);

	*ret_row = (struct tc_journal_row){
		.seq = (uint64_t)sqlite3_column_int64(statement, 0),
		.time_ns = (uint64_t)sqlite3_column_int64(statement, 2),
		.priority = priority < 0 || priority >= TC_PRIORITY_MAX
				    ? TC_PRIORITY_DEBUG
				    : (enum tc_priority)priority,
		.has_cgroup_id = sqlite3_column_type(statement, 7) == SQLITE_INTEGER,
		.cgroup_id = (uint64_t)sqlite3_column_int64(statement, 7),
		.has_pid = sqlite3_column_type(statement, 10) == SQLITE_INTEGER,
		.pid = (uint32_t)sqlite3_column_int64(statement, 10),
		.start_ns = (uint64_t)sqlite3_column_int64(statement, 11),
	};
	return copy_texts(statement, texts, ret_row);
}

/* Reads one row and hands it over; one that was deleted meanwhile is left out. */
static int give_row(struct tc_journal_reader *reader, struct cursor *cursor,
		    sqlite3_stmt *statement, uint64_t number, tc_journal_row_callback callback,
		    void *context)
{
	struct tc_journal_row row;
	int error = 0;

	tc_arena_reset(&cursor->texts);
	sqlite3_bind_int64(statement, 1, (int64_t)number);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		error = copy_row(statement, &cursor->texts, &row);
	else if (result != SQLITE_DONE)
		error = tc_journal_fail(reader->db, result, reader->path, "read it");
	sqlite3_reset(statement);
	if (error || result != SQLITE_ROW)
		return error;
	return callback(&row, context);
}

static int run(struct tc_journal_reader *reader, struct cursor *cursor, sqlite3_stmt *statement,
	       tc_journal_row_callback callback, void *context)
{
	int stop = read_numbers(reader, cursor);

	while (!stop && cursor->n_numbers) {
		uint64_t last = cursor->numbers[cursor->n_numbers - 1];

		for (size_t i = 0; i < cursor->n_numbers && !stop; i++)
			stop = give_row(reader, cursor, statement, cursor->numbers[i], callback,
					context);
		if (stop || cursor->at_once || cursor->n_numbers < NUMBERS_MAX)
			break;
		if (cursor->filter.newest_first)
			cursor->before_seq = last;
		else
			cursor->filter.after_seq = last;
		stop = read_numbers(reader, cursor);
	}
	return stop;
}

int tc_journal_reader_query(struct tc_journal_reader *reader,
			    const struct tc_journal_filter *filter,
			    tc_journal_row_callback callback, void *context)
{
	struct cursor cursor = {.filter = *filter, .at_once = reads_at_once(filter)};
	sqlite3_stmt *statement = NULL;
	int error = look_for_tables(reader);

	if (error || reader->empty)
		return error;
	int result = sqlite3_prepare_v2(reader->db, select_sql, -1, &statement, NULL);
	error = result == SQLITE_OK ? run(reader, &cursor, statement, callback, context)
				    : tc_journal_fail(reader->db, result, reader->path, "read it");
	sqlite3_finalize(statement);
	tc_arena_done(&cursor.texts);
	free(cursor.numbers);
	return error;
}

int tc_journal_reader_last_seq(struct tc_journal_reader *reader, uint64_t *ret_seq)
{
	int error = look_for_tables(reader);
	int64_t seq = 0;

	if (!error && !reader->empty)
		error = tc_journal_number(reader->db, reader->path,
					  "SELECT coalesce(max(seq), 0) FROM entries", &seq);
	if (!error)
		*ret_seq = (uint64_t)seq;
	return error;
}

int tc_journal_reader_head(struct tc_journal_reader *reader, struct tc_journal_head *ret_head)
{
	struct tc_journal_head head = {0};
	sqlite3_stmt *statement = NULL;
	int64_t tables = 0;
	int error = look_for_tables(reader);

	/* Schema 1 has no chain. */
	if (!error)
		error = tc_journal_number(reader->db, reader->path,
					  "SELECT count(*) FROM sqlite_schema WHERE name = 'heads'",
					  &tables);
	if (!error && tables) {
		int result = sqlite3_prepare_v2(
			reader->db, "SELECT seq, hash, time_ns FROM heads ORDER BY id DESC LIMIT 1",
			-1, &statement, NULL);

		if (result == SQLITE_OK)
			result = sqlite3_step(statement);
		if (result == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == TC_HASH_BYTES) {
			head.seq = (uint64_t)sqlite3_column_int64(statement, 0);
			memcpy(head.hash.bytes, sqlite3_column_blob(statement, 1), TC_HASH_BYTES);
			head.time_ns = (uint64_t)sqlite3_column_int64(statement, 2);
		} else if (result != SQLITE_ROW && result != SQLITE_DONE) {
			error = tc_journal_fail(reader->db, result, reader->path, "read it");
		}
		sqlite3_finalize(statement);
	}
	if (!error)
		*ret_head = head;
	return error;
}

/* --- for couriers --- */

/* The room for one more row behind count, or NULL. */
static struct tc_journal_row *row_room(struct tc_journal_reader *reader, size_t count)
{
	size_t size = reader->rows_size ? 2 * reader->rows_size : 64;
	struct tc_journal_row *rows;

	if (count < reader->rows_size)
		return &reader->rows[count];
	rows = reallocarray(reader->rows, size, sizeof(*rows));
	if (!rows)
		return NULL;
	reader->rows = rows;
	reader->rows_size = size;
	return &rows[count];
}

static size_t text_bytes(const struct tc_journal_row *row)
{
	size_t bytes = 0;

	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *text =
			*(const char *const *)((const char *)row + text_columns[i].offset);

		bytes += text ? strlen(text) : 0;
	}
	return bytes;
}

/* Copies what one step of the statement after another gives. 0 or a negative errno, logged. */
static int gather_rows(struct tc_journal_reader *reader, sqlite3_stmt *statement, size_t max_rows,
		       size_t *ret_count, bool *ret_more)
{
	size_t count = 0, bytes = 0;
	int result, error = 0;

	while (!error && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct tc_journal_row *row;

		if (count == max_rows || bytes >= TC_JOURNAL_NEXT_BYTES)
			break;
		row = row_room(reader, count);
		error = row ? copy_row(statement, &reader->texts, row) : -ENOMEM;
		if (!error) {
			bytes += text_bytes(row);
			count++;
		}
	}
	*ret_count = count;
	*ret_more = result != SQLITE_DONE;
	/* The rows before a damaged page are given; the next call finds the damage again. */
	if (!error && result != SQLITE_ROW && result != SQLITE_DONE && !count)
		error = tc_journal_fail(reader->db, result, reader->path, "read it");
	return error;
}

static int read_next(struct tc_journal_reader *reader, uint64_t after_seq, size_t max_rows,
		     size_t *ret_count, bool *ret_more)
{
	int result = SQLITE_OK;

	if (!reader->next)
		result = sqlite3_prepare_v3(reader->db, next_sql, -1, SQLITE_PREPARE_PERSISTENT,
					    &reader->next, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(reader->db, result, reader->path, "read it");
	tc_arena_reset(&reader->texts);
	sqlite3_bind_int64(reader->next, 1, saturate(after_seq));
	/* One more than wanted tells whether there is more. */
	sqlite3_bind_int64(reader->next, 2, saturate(max_rows) + (max_rows < INT64_MAX));
	int error = gather_rows(reader, reader->next, max_rows, ret_count, ret_more);
	sqlite3_reset(reader->next);
	return error;
}

int tc_journal_reader_next(struct tc_journal_reader *reader, uint64_t after_seq, size_t max_rows,
			   tc_journal_row_callback callback, void *context, bool *ret_more)
{
	int stop = look_for_tables(reader);
	size_t count = 0;
	bool more = false;

	if (!stop && !reader->empty)
		stop = read_next(reader, after_seq, max_rows, &count, &more);
	for (size_t i = 0; i < count && !stop; i++)
		stop = callback(&reader->rows[i], context);
	if (!stop)
		*ret_more = more;
	return stop;
}

int tc_journal_reader_find_time(struct tc_journal_reader *reader, uint64_t time_ns,
				uint64_t *ret_seq)
{
	sqlite3_stmt *statement = NULL;
	int error = look_for_tables(reader);

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
