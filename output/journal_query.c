/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries of the journal.
 *
 * A query never leaves a statement open while the caller has a row: the caller may block for hours
 * (`tocsin query | less`), and the write-ahead log cannot be cut as long as somebody reads an old
 * state of the database. So the numbers of the rows that match are read first, then the rows by
 * their numbers, some at a time, and all of them are copied before the first is handed over.
 *
 * Where many rows match, the file is read in the order of the numbers, a window at a time, so that
 * the first rows come soon. Where few do, an index is asked for all the others at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/value.h"
#include "output/journal_rows.h"
#include "output/journal_schema.h"
#include "output/uuid.h"

/* Numbers that are looked at by one statement. */
#define WINDOW 4096
/* With fewer matches in a window, and more windows than that to come, the rest is one statement. */
#define WINDOW_SPARSE (WINDOW / 64)
#define WINDOWS_FEW 16
#define NS_PER_MS 1000000
/* Rows that are read, or judged, in one transaction. */
#define ROWS_MAX 512

static const char *const select_sql[2] = {
	TC_JOURNAL_ROWS_SELECT(TC_JOURNAL_ROWS_OUTPUT) " WHERE seq = ?",
	TC_JOURNAL_ROWS_SELECT("NULL") " WHERE seq = ?",
};
static const char json_sql[] = "SELECT json FROM entries WHERE seq = ?";

/* --- conditions --- */

/* sqlite3_bind_parameter_index() tells later which parameters are there. */
static void write_conditions(const struct tc_journal_filter *filter, struct tc_buffer *sql)
{
	const struct {
		bool set;
		const char *condition;
	} conditions[] = {
		{filter->after_seq != 0, " AND +seq > :after"},
		{filter->seq != 0, " AND +seq = :seq"},
		{filter->uuid != NULL, " AND uuid = :uuid"},
		{filter->since_ns != 0, " AND time_ns >= :since"},
		{filter->until_ns != 0, " AND time_ns <= :until"},
		{filter->max_priority < TC_PRIORITY_DEBUG, " AND priority <= :priority"},
		{filter->kind != NULL, " AND kind = :kind"},
		{filter->by_cgroup_id, " AND cgroup_id = :cgroup"},
		/* '0' is the character behind '/': the range of all paths below. */
		{filter->cgroup_path != NULL,
		 " AND (cgroup_path = :path"
		 " OR cgroup_path >= :path || '/' AND cgroup_path < :path || '0')"},
		/* systemd puts _ before a name that a file of the cgroup has. */
		{filter->unit != NULL, " AND (instr(cgroup_path || '/', '/' || :unit || '/')"
				       " OR instr(cgroup_path || '/', '/_' || :unit || '/'))"},
		/* Of an id the column has the first digits, the path has all. */
		{filter->container != NULL,
		 " AND (substr(container_id, 1, length(:container)) = :container"
		 " OR length(:container) > length(container_id) AND container_id <> 'host'"
		 " AND substr(:container, 1, length(container_id)) = container_id"
		 " AND instr(cgroup_path, :container))"},
		{filter->exe != NULL, " AND exe = :exe"},
		/* The kernel keeps 15 bytes of a name. */
		{filter->process != NULL,
		 " AND (comm = :process OR substr(exe, -length(:process) - 1) = '/' || :process)"},
		{filter->by_pid, " AND pid = :pid"},
	};

	tc_buffer_add_string(sql, "true");
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (conditions[i].set)
			tc_buffer_add_string(sql, conditions[i].condition);
	for (size_t i = 0; i < filter->n_rules; i++)
		tc_buffer_printf(sql, "%srule GLOB :rule%zu", i ? " OR " : " AND (", i);
	if (filter->n_rules)
		tc_buffer_add_char(sql, ')');
}

/* The kinds that are wanted, by name: there are few, and the names need no quoting. */
static void write_kinds(const struct tc_journal_filter *filter, struct tc_buffer *sql)
{
	const char *separator = " AND kind IN (";

	if (!filter->kinds)
		return;
	for (uint32_t kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!tc_kind_info(kind) || !(filter->kinds & TC_KIND_BIT(kind)))
			continue;
		tc_buffer_printf(sql, "%s'%s'", separator, tc_kind_info(kind)->name);
		separator = ", ";
	}
	tc_buffer_add_char(sql, ')');
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

/* Bytes as the journal stores them: escaped. */
static void bind_bytes(sqlite3_stmt *statement, const char *name, const char *bytes, size_t length)
{
	_cleanup_buffer_ struct tc_buffer escaped = {0};
	int place = sqlite3_bind_parameter_index(statement, name);

	if (!place || !bytes)
		return;
	tc_buffer_add_string(&escaped, "");
	tc_text_escape(&escaped, bytes, length);
	if (!tc_buffer_failed(&escaped))
		sqlite3_bind_text(statement, place, escaped.bytes, (int)escaped.length,
				  SQLITE_TRANSIENT);
}

/* Without slashes at the end, so that "/" is everything. */
static void bind_path(sqlite3_stmt *statement, const char *path)
{
	size_t length = path ? strlen(path) : 0;

	while (length && path[length - 1] == '/')
		length--;
	bind_bytes(statement, ":path", path, length);
}

static void bind_rules(sqlite3_stmt *statement, const struct tc_journal_filter *filter)
{
	for (size_t i = 0; i < filter->n_rules; i++) {
		char name[32];

		snprintf(name, sizeof(name), ":rule%zu", i);
		sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, name),
				  filter->rules[i], -1, SQLITE_TRANSIENT);
	}
}

static void bind_conditions(sqlite3_stmt *statement, const struct tc_journal_filter *filter)
{
	const struct {
		const char *name, *bytes;
	} texts[] = {
		{":kind", filter->kind},	   {":unit", filter->unit},
		{":container", filter->container}, {":exe", filter->exe},
		{":process", filter->process},	   {":uuid", filter->uuid},
	};

	bind_number(statement, ":after", saturate(filter->after_seq));
	bind_number(statement, ":seq", saturate(filter->seq));
	bind_number(statement, ":since", saturate(filter->since_ns));
	bind_number(statement, ":until", saturate(filter->until_ns));
	bind_number(statement, ":priority", filter->max_priority);
	bind_number(statement, ":cgroup", (int64_t)filter->cgroup_id);
	bind_number(statement, ":pid", filter->pid);
	bind_path(statement, filter->cgroup_path);
	bind_rules(statement, filter);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bind_bytes(statement, texts[i].name, texts[i].bytes,
			   texts[i].bytes ? strlen(texts[i].bytes) : 0);
}

/* head, the conditions of a filter, tail. 0 or a negative errno, logged. */
static int prepare(struct tc_journal_reader *reader, const char *head,
		   const struct tc_journal_filter *filter, const char *tail,
		   sqlite3_stmt **ret_statement)
{
	_cleanup_buffer_ struct tc_buffer sql = {0};

	tc_buffer_add_string(&sql, head);
	write_conditions(filter, &sql);
	write_kinds(filter, &sql);
	tc_buffer_add_string(&sql, tail);
	if (tc_buffer_failed(&sql))
		return tc_error_return(-ENOMEM, "journal %s", reader->path);
	int result = sqlite3_prepare_v2(reader->db, sql.bytes, -1, ret_statement, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(reader->db, result, reader->path, "read it");
	bind_conditions(*ret_statement, filter);
	return 0;
}

/* --- numbers --- */

struct numbers {
	uint64_t *items;
	size_t count, size;
};

/* A query on its way. */
struct cursor {
	struct tc_journal_reader *reader;
	const struct tc_journal_filter *filter;
	bool down;		   /* from the highest number on */
	bool sparse;		   /* few rows match: the rest by one statement */
	uint64_t low, high;	   /* numbers above low up to high were not looked at yet */
	struct numbers candidates; /* that match the filter, but are not judged yet */
	size_t next;		   /* of the candidates */
	struct numbers found;	   /* that match */
	sqlite3_stmt *window, *rest, *row, *json;
};

static int number_add(struct numbers *numbers, uint64_t number)
{
	if (numbers->count == numbers->size) {
		size_t size = numbers->size ? 2 * numbers->size : 1024;
		uint64_t *items = reallocarray(numbers->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		numbers->items = items;
		numbers->size = size;
	}
	numbers->items[numbers->count++] = number;
	return 0;
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

static void sort(struct numbers *numbers, bool down)
{
	if (numbers->count)
		qsort(numbers->items, numbers->count, sizeof(*numbers->items),
		      down ? compare_down : compare_up);
}

static int fail(const struct cursor *cursor, int result)
{
	return tc_journal_fail(cursor->reader->db, result, cursor->reader->path, "read it");
}

/* Runs a statement that gives numbers. 0 or a negative errno, logged. */
static int read_numbers(struct cursor *cursor, sqlite3_stmt *statement, uint64_t low, uint64_t high)
{
	int result, error = 0;

	bind_number(statement, ":low", saturate(low));
	bind_number(statement, ":high", saturate(high));
	while (!error && (result = sqlite3_step(statement)) == SQLITE_ROW)
		error = number_add(&cursor->candidates,
				   (uint64_t)sqlite3_column_int64(statement, 0));
	if (error)
		tc_error("journal %s: %s", cursor->reader->path, strerror(-error));
	else if (result != SQLITE_DONE)
		error = fail(cursor, result);
	sqlite3_reset(statement);
	sort(&cursor->candidates, cursor->down);
	return error;
}

/* The candidates of the next window, or of all that is left. */
static int read_candidates(struct cursor *cursor)
{
	uint64_t left = cursor->high - cursor->low, low = cursor->low, high = cursor->high;
	bool all = cursor->sparse || left <= WINDOW;
	int error;

	cursor->candidates.count = cursor->next = 0;
	if (!all && cursor->down)
		low = high - WINDOW;
	else if (!all)
		high = low + WINDOW;
	error = read_numbers(cursor, cursor->sparse ? cursor->rest : cursor->window, low, high);
	cursor->sparse = !all && cursor->candidates.count < WINDOW_SPARSE &&
			 left > (uint64_t)WINDOWS_FEW * WINDOW;
	if (all)
		cursor->low = cursor->high;
	else if (cursor->down)
		cursor->high = low;
	else
		cursor->low = high;
	return error;
}

/* Rows are read in transactions: one by one, each would take the locks of the file anew. */
static int begin(struct cursor *cursor)
{
	int result = sqlite3_exec(cursor->reader->db, "BEGIN", NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : fail(cursor, result);
}

static void end(struct cursor *cursor)
{
	sqlite3_exec(cursor->reader->db, "ROLLBACK", NULL, NULL, NULL);
}

/* 1 when the row is wanted, 0 when it is not or was deleted meanwhile, or a negative errno, logged.
 */
static int judge(struct cursor *cursor, uint64_t number)
{
	int result, wanted = 0;

	sqlite3_bind_int64(cursor->json, 1, (int64_t)number);
	result = sqlite3_step(cursor->json);
	if (result == SQLITE_ROW) {
		const char *json = (const char *)sqlite3_column_text(cursor->json, 0);

		wanted = json && cursor->filter->judge(json, cursor->filter->judge_context);
	} else if (result != SQLITE_DONE) {
		wanted = fail(cursor, result);
	}
	sqlite3_reset(cursor->json);
	return wanted;
}

/* Moves the next candidates to what was found, until the limit is reached. */
static int judge_candidates(struct cursor *cursor)
{
	const struct tc_journal_filter *filter = cursor->filter;
	size_t end_of_batch = cursor->next + ROWS_MAX;
	int wanted = filter->judge ? begin(cursor) : 0;

	if (wanted < 0)
		return wanted;
	while (wanted >= 0 && cursor->next < cursor->candidates.count &&
	       cursor->next < end_of_batch &&
	       (!filter->limit || cursor->found.count < filter->limit)) {
		uint64_t number = cursor->candidates.items[cursor->next++];

		wanted = filter->judge ? judge(cursor, number) : 1;
		if (wanted > 0 && number_add(&cursor->found, number))
			wanted = tc_error_return(-ENOMEM, "journal %s", cursor->reader->path);
	}
	if (filter->judge)
		end(cursor);
	return wanted < 0 ? wanted : 0;
}

static bool is_over(const struct cursor *cursor)
{
	return cursor->low >= cursor->high && cursor->next >= cursor->candidates.count;
}

/* Finds more rows: some, or with a limit all that it allows. */
static int find(struct cursor *cursor)
{
	uint64_t wanted = cursor->filter->limit ?: 1;
	int error = 0;

	while (!error && !is_over(cursor) && cursor->found.count < wanted) {
		if (cursor->next >= cursor->candidates.count)
			error = read_candidates(cursor);
		if (!error)
			error = judge_candidates(cursor);
	}
	return error;
}

/* --- rows --- */

/* Reads the rows of numbers[0] and the following; *ret_count: of how many. Those that were deleted
 * meanwhile are left out. */
static int read_rows(struct cursor *cursor, const uint64_t *numbers, size_t max, size_t *ret_count)
{
	struct tc_journal_rows *rows = &cursor->reader->rows;
	int error = begin(cursor);
	size_t count = 0;

	if (error)
		return error;
	tc_journal_rows_reset(rows);
	while (!error && count < max && count < ROWS_MAX && rows->bytes < TC_JOURNAL_NEXT_BYTES) {
		sqlite3_bind_int64(cursor->row, 1, (int64_t)numbers[count++]);
		int result = sqlite3_step(cursor->row);
		if (result == SQLITE_ROW)
			error = tc_journal_rows_add(rows, cursor->row);
		else if (result != SQLITE_DONE)
			error = fail(cursor, result);
		sqlite3_reset(cursor->row);
	}
	end(cursor);
	*ret_count = count;
	return error;
}

/* Hands over what was found. 0, what the callback returned, or a negative errno, logged. */
static int give(struct cursor *cursor, tc_journal_row_callback callback, void *context)
{
	const struct tc_journal_rows *rows = &cursor->reader->rows;
	struct numbers *found = &cursor->found;
	int stop = 0;

	sort(found, cursor->filter->newest_first);
	for (size_t at = 0, count = 0; at < found->count && !stop; at += count) {
		int error = read_rows(cursor, found->items + at, found->count - at, &count);

		/* The rows before a damaged page are given. */
		for (size_t i = 0; i < rows->count && !stop; i++)
			stop = callback(&rows->items[i], context);
		stop = stop ? stop : error;
	}
	found->count = 0;
	return stop;
}

/* --- the query --- */

/* What numbers there are. 0 or a negative errno, logged. */
static int find_bounds(struct cursor *cursor)
{
	const struct tc_journal_filter *filter = cursor->filter;
	struct tc_journal_reader *reader = cursor->reader;
	int64_t first, last;
	int error = tc_journal_number(reader->db, reader->path,
				      "SELECT coalesce(min(seq), 1) FROM entries", &first);

	if (!error)
		error = tc_journal_number(reader->db, reader->path,
					  "SELECT coalesce(max(seq), 0) FROM entries", &last);
	if (error)
		return error;
	cursor->low = (uint64_t)(first > 0 ? first - 1 : 0);
	if (filter->after_seq > cursor->low)
		cursor->low = filter->after_seq;
	cursor->high = (uint64_t)last;
	/* Of one number nothing else is read. */
	if (filter->seq > cursor->low + 1)
		cursor->low = filter->seq - 1;
	if (filter->seq && filter->seq < cursor->high)
		cursor->high = filter->seq;
	if (cursor->low > cursor->high)
		cursor->low = cursor->high;
	return 0;
}

static int prepare_all(struct cursor *cursor)
{
	struct tc_journal_reader *reader = cursor->reader;
	/* +seq: SQLite is to look for an index, and not to read the file in the order of numbers.
	 */
	int error = prepare(reader, "SELECT seq FROM entries NOT INDEXED WHERE ", cursor->filter,
			    " AND seq > :low AND seq <= :high", &cursor->window);

	if (!error)
		error = prepare(reader, "SELECT seq FROM entries WHERE ", cursor->filter,
				" AND +seq > :low AND +seq <= :high", &cursor->rest);
	if (error)
		return error;
	int result = sqlite3_prepare_v2(reader->db, select_sql[cursor->filter->no_output], -1,
					&cursor->row, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v2(reader->db, json_sql, -1, &cursor->json, NULL);
	return result == SQLITE_OK ? 0 : fail(cursor, result);
}

static void cursor_done(struct cursor *cursor)
{
	sqlite3_finalize(cursor->window);
	sqlite3_finalize(cursor->rest);
	sqlite3_finalize(cursor->row);
	sqlite3_finalize(cursor->json);
	free(cursor->candidates.items);
	free(cursor->found.items);
}

static int query(struct tc_journal_reader *reader, const struct tc_journal_filter *filter,
		 tc_journal_row_callback callback, void *context)
{
	struct cursor cursor = {
		.reader = reader, .filter = filter, .down = filter->newest_first || filter->limit};
	int stop = tc_journal_reader_look(reader);

	if (stop || reader->empty)
		return stop;
	stop = prepare_all(&cursor);
	if (!stop)
		stop = find_bounds(&cursor);
	while (!stop && !is_over(&cursor)) {
		stop = find(&cursor);
		if (!stop)
			stop = give(&cursor, callback, context);
		if (filter->limit)
			break;
	}
	cursor_done(&cursor);
	return stop;
}

/* --- one row by its identifier --- */

/* A callback that knows whether there was a row. */
struct noting {
	tc_journal_row_callback callback;
	void *context;
	bool any;
};

static int note_row(const struct tc_journal_row *row, void *context)
{
	struct noting *noting = context;

	noting->any = true;
	return noting->callback(row, noting->context);
}

/* The same filter for the millisecond that its identifier names, which the index finds. False:
 * there is none. */
static bool narrow(struct tc_journal_filter *filter)
{
	uint64_t since_ns, until_ns;

	if (!filter->uuid || !tc_uuid_time(filter->uuid, &since_ns))
		return false;
	until_ns = since_ns + NS_PER_MS - 1;
	if (filter->since_ns < since_ns)
		filter->since_ns = since_ns;
	if (!filter->until_ns || filter->until_ns > until_ns)
		filter->until_ns = until_ns;
	return true;
}

/* An identifier has no index: the agent makes it of the time that the row has. Of rows that
 * somebody else wrote that need not be true: what is not found so is looked for in all of them. */
int tc_journal_reader_query(struct tc_journal_reader *reader,
			    const struct tc_journal_filter *filter,
			    tc_journal_row_callback callback, void *context)
{
	struct tc_journal_filter narrowed = *filter;
	struct noting noting = {.callback = callback, .context = context};
	int stop = narrow(&narrowed) ? query(reader, &narrowed, note_row, &noting) : 0;

	return stop || noting.any ? stop : query(reader, filter, callback, context);
}

/* --- numbers of rows --- */

static int count_row(const struct tc_journal_row *row, void *context)
{
	++*(uint64_t *)context;
	return 0;
}

int tc_journal_reader_count(struct tc_journal_reader *reader,
			    const struct tc_journal_filter *filter, uint64_t *ret_count)
{
	struct tc_journal_filter all = *filter;
	sqlite3_stmt *statement = NULL;
	uint64_t count = 0;
	int error = tc_journal_reader_look(reader);

	all.limit = 0;
	all.no_output = true;
	if (!error && filter->judge) {
		error = tc_journal_reader_query(reader, &all, count_row, &count);
	} else if (!error && !reader->empty) {
		error = prepare(reader, "SELECT count(*) FROM entries WHERE ", &all, "",
				&statement);
		int result = error ? SQLITE_OK : sqlite3_step(statement);
		if (result == SQLITE_ROW)
			count = (uint64_t)sqlite3_column_int64(statement, 0);
		else if (!error)
			error = tc_journal_fail(reader->db, result, reader->path, "read it");
		sqlite3_finalize(statement);
	}
	if (!error)
		*ret_count = count;
	return error;
}
