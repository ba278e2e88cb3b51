/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/value.h"
#include "output/journal_schema.h"

struct tc_journal_reader {
	char *path;
	sqlite3 *db;
	bool empty; /* when last looked at, it had no tables yet */
};

int tc_journal_reader_open(const char *path, struct tc_journal_reader **ret_reader)
{
	if (access(path, F_OK)) {
		int error = -errno;

		tc_error("journal %s: %s", path,
			 error == -ENOENT ? "there is none; has the agent run here?" : strerror(-error));
		return error;
	}

	struct tc_journal_reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->path = strdup(path);
	int error = reader->path ? 0 : -ENOMEM;
	if (!error) {
		int result = sqlite3_open_v2(path, &reader->db,
					     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

		if (result != SQLITE_OK)
			error = tc_journal_fail(reader->db, result, path, "open it");
	}
	if (!error) {
		sqlite3_extended_result_codes(reader->db, 1);
		sqlite3_busy_timeout(reader->db, TC_JOURNAL_BUSY_MS);
		error = tc_journal_check_version(reader->db, path, &reader->empty);
	}
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
	sqlite3_close(reader->db);
	free(reader->path);
	free(reader);
}

static const char select_sql[] =
	"SELECT seq, uuid, time_ns, boot_id, rule, priority, kind, cgroup_id, cgroup_path,"
	" container_id, pid, start_ns, comm, exe,"
	" CASE WHEN json_valid(json) THEN json_extract(json, '$.output') END, json"
	" FROM entries WHERE ";

/* The conditions of a filter; sqlite3_bind_parameter_index() tells later which parameters are there. */
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

/*
 * Rows come in the order of their numbers, as they lie in the file. Where an index gives them in another order, or only
 * the newest are wanted, their numbers alone are found and sorted first: SQLite would sort whole rows, JSON and all.
 */
static void write_statement(const struct tc_journal_filter *filter, struct tc_buffer *sql)
{
	bool numbers_first = filter->since_ns || filter->until_ns || filter->rule || filter->limit;

	tc_buffer_add_string(sql, select_sql);
	if (numbers_first)
		tc_buffer_add_string(sql, "seq IN (SELECT seq FROM entries WHERE ");
	write_conditions(filter, sql);
	if (filter->limit)
		tc_buffer_add_string(sql, " ORDER BY seq DESC LIMIT :limit");
	if (numbers_first)
		tc_buffer_add_string(sql, ")");
	tc_buffer_add_string(sql, filter->newest_first ? " ORDER BY seq DESC" : " ORDER BY seq");
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

/* A path as the journal stores it: escaped; without slashes at the end, so that "/" is everything. */
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

static void bind_filter(sqlite3_stmt *statement, const struct tc_journal_filter *filter)
{
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

static const char *text_at(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static struct tc_journal_row row_at(sqlite3_stmt *statement)
{
	int64_t priority = sqlite3_column_int64(statement, 5);

	return (struct tc_journal_row){
		.seq = (uint64_t)sqlite3_column_int64(statement, 0),
		.uuid = text_at(statement, 1),
		.time_ns = (uint64_t)sqlite3_column_int64(statement, 2),
		.boot_id = text_at(statement, 3),
		.rule = text_at(statement, 4),
		.priority = priority < 0 || priority >= TC_PRIORITY_MAX ? TC_PRIORITY_DEBUG
									: (enum tc_priority)priority,
		.kind = text_at(statement, 6),
		.has_cgroup_id = sqlite3_column_type(statement, 7) == SQLITE_INTEGER,
		.cgroup_id = (uint64_t)sqlite3_column_int64(statement, 7),
		.cgroup_path = text_at(statement, 8),
		.container_id = text_at(statement, 9),
		.has_pid = sqlite3_column_type(statement, 10) == SQLITE_INTEGER,
		.pid = (uint32_t)sqlite3_column_int64(statement, 10),
		.start_ns = (uint64_t)sqlite3_column_int64(statement, 11),
		.comm = text_at(statement, 12),
		.exe = text_at(statement, 13),
		.output = text_at(statement, 14),
		.json = text_at(statement, 15),
	};
}

static int run(struct tc_journal_reader *reader, const struct tc_journal_filter *filter,
	       sqlite3_stmt *statement, tc_journal_row_callback callback, void *context)
{
	int result;

	bind_filter(statement, filter);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct tc_journal_row row = row_at(statement);
		int stop = callback(&row, context);

		if (stop)
			return stop;
	}
	return result == SQLITE_DONE ? 0 : tc_journal_fail(reader->db, result, reader->path, "read it");
}

/* An agent that is just starting has made the file, but not yet its tables. */
static int look_for_tables(struct tc_journal_reader *reader)
{
	if (!reader->empty)
		return 0;
	return tc_journal_check_version(reader->db, reader->path, &reader->empty);
}

int tc_journal_reader_query(struct tc_journal_reader *reader, const struct tc_journal_filter *filter,
			    tc_journal_row_callback callback, void *context)
{
	_cleanup_buffer_ struct tc_buffer sql = {0};
	sqlite3_stmt *statement = NULL;

	int error = look_for_tables(reader);

	if (error || reader->empty)
		return error;
	write_statement(filter, &sql);
	if (tc_buffer_failed(&sql))
		return -ENOMEM;
	int result = sqlite3_prepare_v2(reader->db, sql.bytes, -1, &statement, NULL);
	error = result == SQLITE_OK ? run(reader, filter, statement, callback, context)
				    : tc_journal_fail(reader->db, result, reader->path, "read it");
	sqlite3_finalize(statement);
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
