/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the texts of a row go, and the columns of TC_JOURNAL_ROWS_SELECT that they come from. */
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

/* The room for one more row, or NULL. */
static struct tc_journal_row *row_room(struct tc_journal_rows *rows)
{
	size_t size = rows->size ? 2 * rows->size : 64;
	struct tc_journal_row *items;

	if (rows->count < rows->size)
		return &rows->items[rows->count];
	items = reallocarray(rows->items, size, sizeof(*items));
	if (!items)
		return NULL;
	rows->items = items;
	rows->size = size;
	return &items[rows->count];
}

/* Copies the texts of a row and points the row at the copies. 0 or -ENOMEM. */
static int copy_texts(struct tc_journal_rows *rows, sqlite3_stmt *statement,
		      struct tc_journal_row *row)
{
	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *text =
			(const char *)sqlite3_column_text(statement, text_columns[i].column);
		size_t length = text ? strlen(text) : 0;
		char *copy = text ? tc_arena_copy(&rows->texts, text, length) : NULL;

		if (text && !copy)
			return -ENOMEM;
		*(const char **)((char *)row + text_columns[i].offset) = copy;
		rows->bytes += length;
	}
	return 0;
}

int tc_journal_rows_add(struct tc_journal_rows *rows, sqlite3_stmt *statement)
{
	struct tc_journal_row *row = row_room(rows);
	int64_t priority = sqlite3_column_int64(statement, 5);
	int error;

	if (!row)
		return -ENOMEM;
	*row = (struct tc_journal_row){
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
	error = copy_texts(rows, statement, row);
	if (!error)
		rows->count++;
	return error;
}

void tc_journal_rows_reset(struct tc_journal_rows *rows)
{
	tc_arena_reset(&rows->texts);
	rows->count = 0;
	rows->bytes = 0;
}

void tc_journal_rows_done(struct tc_journal_rows *rows)
{
	tc_arena_done(&rows->texts);
	free(rows->items);
	*rows = (struct tc_journal_rows){0};
}
