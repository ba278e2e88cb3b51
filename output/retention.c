/* SPDX-License-Identifier: Apache-2.0 */
#include "output/retention.h"

#include <stddef.h>

/* Checkpoints that are kept. */
#define CHECKPOINTS_KEPT 64
/* Free pages stay for rows to come, unless they are more than so many and an eighth of all. */
#define FREE_PAGES_KEPT 256
/* Pages given back by one step: each is moved or cut off, half a megabyte in all. */
#define FREE_PAGES_STEP "64"

#define TELL_NS (60 * 1000000000ULL)

void tc_pruner_init(struct tc_pruner *pruner)
{
	*pruner = (struct tc_pruner){.floor = UINT64_MAX};
}

/* --- statements --- */

#define N_STATEMENTS 8

static const struct {
	const char *sql;
	size_t offset;
} statements[N_STATEMENTS] = {
	{"SELECT seq, time_ns FROM entries ORDER BY seq LIMIT 1",
	 offsetof(struct tc_pruner, first)},
	/* +time_ns: along the rows, not by the index of times. */
	{"SELECT seq FROM entries WHERE seq BETWEEN ? AND ? AND +time_ns >= ? ORDER BY seq LIMIT 1",
	 offsetof(struct tc_pruner, young)},
	{"SELECT seq, hash FROM entries WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
	 offsetof(struct tc_pruner, last)},
	{"DELETE FROM entries WHERE seq <= ?", offsetof(struct tc_pruner, erase)},
	{"INSERT OR REPLACE INTO checkpoints (id, first_seq, seq, hash, count, undelivered, "
	 "time_ns,"
	 " boot_id, told, seal) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	 " seal('checkpoint', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	 offsetof(struct tc_pruner, mark)},
	{"DELETE FROM heads WHERE seq < ?", offsetof(struct tc_pruner, forget)},
	{"PRAGMA page_count", offsetof(struct tc_pruner, pages)},
	{"PRAGMA freelist_count", offsetof(struct tc_pruner, free_pages)},
};

static sqlite3_stmt **statement_at(struct tc_pruner *pruner, size_t index)
{
	return (sqlite3_stmt **)((char *)pruner + statements[index].offset);
}

static int step_once(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement), reset = sqlite3_reset(statement);

	return result == SQLITE_DONE ? reset : result;
}

static int64_t number(sqlite3_stmt *statement)
{
	int64_t result =
		sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;

	sqlite3_reset(statement);
	return result;
}

/* A checkpoint that was not told when the agent ended is told by this one. */
static int read_untold(struct tc_pruner *pruner)
{
	static const char sql[] =
		"SELECT id, told, first_seq, seq, count, undelivered FROM checkpoints"
		" ORDER BY id DESC LIMIT 1";
	struct tc_pruner_state *state = &pruner->now;
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(pruner->db, sql, -1, &statement, NULL);

	state->id = 1;
	if (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
		bool told = sqlite3_column_int(statement, 1) != 0;

		state->id = sqlite3_column_int64(statement, 0) + told;
		if (!told)
			state->untold = (struct tc_pruned){
				.first_seq = (uint64_t)sqlite3_column_int64(statement, 2),
				.last_seq = (uint64_t)sqlite3_column_int64(statement, 3),
				.rows = (uint64_t)sqlite3_column_int64(statement, 4),
				.undelivered = (uint64_t)sqlite3_column_int64(statement, 5),
			};
	}
	return result == SQLITE_OK ? sqlite3_finalize(statement) : result;
}

int tc_pruner_open(struct tc_pruner *pruner, sqlite3 *db)
{
	int result = SQLITE_OK;

	pruner->db = db;
	pruner->now = (struct tc_pruner_state){0};
	for (size_t i = 0; i < N_STATEMENTS && result == SQLITE_OK; i++)
		result = sqlite3_prepare_v3(db, statements[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
					    statement_at(pruner, i), NULL);
	if (result == SQLITE_OK)
		result = read_untold(pruner);
	pruner->next = pruner->now;
	return result;
}

void tc_pruner_close(struct tc_pruner *pruner)
{
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		sqlite3_finalize(*statement_at(pruner, i));
		*statement_at(pruner, i) = NULL;
	}
	pruner->db = NULL;
}

/* --- how far --- */

static int read_first(struct tc_pruner *pruner)
{
	struct tc_pruner_state *state = &pruner->next;
	int result = sqlite3_step(pruner->first);

	state->first_seq = 0;
	if (result == SQLITE_ROW && sqlite3_column_int64(pruner->first, 0) > 0) {
		state->first_seq = (uint64_t)sqlite3_column_int64(pruner->first, 0);
		state->first_ns = sqlite3_column_int64(pruner->first, 1);
	}
	sqlite3_reset(pruner->first);
	return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

static bool is_too_large(struct tc_pruner *pruner)
{
	uint64_t used;

	if (!pruner->limits.max_bytes)
		return false;
	used = (uint64_t)(number(pruner->pages) - number(pruner->free_pages));
	return used * TC_JOURNAL_PAGE_BYTES > pruner->limits.max_bytes;
}

/* Rows before that time are too old. */
static int64_t cutoff_ns(const struct tc_pruner *pruner, const struct tc_pruner_moment *moment)
{
	uint64_t max_ns = pruner->limits.max_age_ns;

	return max_ns && max_ns < moment->time_ns ? (int64_t)(moment->time_ns - max_ns) : 0;
}

static bool has_free_pages(struct tc_pruner *pruner)
{
	int64_t free_pages = number(pruner->free_pages);

	return free_pages > FREE_PAGES_KEPT && free_pages > number(pruner->pages) / 8;
}

static bool has_limits(const struct tc_pruner *pruner)
{
	const struct tc_retention *limits = &pruner->limits;

	return limits->max_age_ns || limits->max_bytes || limits->max_rows;
}

bool tc_pruner_due(struct tc_pruner *pruner, const struct tc_pruner_moment *moment)
{
	const struct tc_pruner_state *state = &pruner->now;
	uint64_t rows = moment->last_seq - state->first_seq + 1;

	if (!has_limits(pruner))
		return false;
	if (!state->first_seq)
		return moment->last_seq != 0;
	if (state->first_seq < moment->last_seq && state->first_seq <= pruner->floor &&
	    ((pruner->limits.max_rows && rows > pruner->limits.max_rows) ||
	     state->first_ns < cutoff_ns(pruner, moment)))
		return true;
	return (state->first_seq < moment->last_seq && is_too_large(pruner)) ||
	       has_free_pages(pruner);
}

/* The last row of those up to bound that is too old. */
static uint64_t find_old(struct tc_pruner *pruner, int64_t cutoff, uint64_t bound)
{
	uint64_t young;

	if (pruner->next.first_ns >= cutoff)
		return 0;
	sqlite3_bind_int64(pruner->young, 1, (int64_t)pruner->next.first_seq);
	sqlite3_bind_int64(pruner->young, 2, (int64_t)bound);
	sqlite3_bind_int64(pruner->young, 3, cutoff);
	young = (uint64_t)number(pruner->young);
	return young ? young - 1 : bound;
}

/* The last row that this step takes; below the first one: none. */
static uint64_t find_end(struct tc_pruner *pruner, const struct tc_pruner_moment *moment)
{
	const struct tc_pruner_state *state = &pruner->next;
	uint64_t bound = state->first_seq + moment->max_rows - 1, end = 0, old;

	if (bound >= moment->last_seq)
		bound = moment->last_seq - 1;
	if (is_too_large(pruner))
		return bound;
	if (pruner->limits.max_rows && moment->last_seq > pruner->limits.max_rows)
		end = moment->last_seq - pruner->limits.max_rows;
	old = find_old(pruner, cutoff_ns(pruner, moment), bound);
	if (old > end)
		end = old;
	if (end > pruner->floor)
		end = pruner->floor;
	return end < bound ? end : bound;
}

/* --- a step --- */

static int write_mark(struct tc_pruner *pruner, const struct tc_pruner_moment *moment)
{
	const struct tc_pruner_state *state = &pruner->next;
	sqlite3_stmt *mark = pruner->mark;

	sqlite3_bind_int64(mark, 1, state->id);
	sqlite3_bind_int64(mark, 2, (int64_t)state->untold.first_seq);
	sqlite3_bind_int64(mark, 3, (int64_t)state->untold.last_seq);
	sqlite3_bind_int64(mark, 5, (int64_t)state->untold.rows);
	sqlite3_bind_int64(mark, 6, (int64_t)state->untold.undelivered);
	sqlite3_bind_int64(mark, 7, (int64_t)moment->time_ns);
	sqlite3_bind_text(mark, 8, moment->boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_int(mark, 9, 0);
	return step_once(mark);
}

/* Binds the hash of the last row to be taken, and gives its number. */
static int bind_last(struct tc_pruner *pruner, uint64_t end, uint64_t *ret_seq)
{
	int result;

	sqlite3_bind_int64(pruner->last, 1, (int64_t)end);
	result = sqlite3_step(pruner->last);
	if (result == SQLITE_ROW) {
		*ret_seq = (uint64_t)sqlite3_column_int64(pruner->last, 0);
		result = sqlite3_bind_value(pruner->mark, 4, sqlite3_column_value(pruner->last, 1));
	}
	sqlite3_reset(pruner->last);
	return result;
}

static void count_taken(struct tc_pruner *pruner, uint64_t end, uint64_t rows)
{
	struct tc_pruned *untold = &pruner->next.untold;
	uint64_t first = pruner->next.first_seq;

	if (!untold->rows)
		*untold = (struct tc_pruned){.first_seq = first};
	untold->last_seq = end;
	untold->rows += rows;
	if (end > pruner->floor)
		untold->undelivered += end - (first > pruner->floor ? first - 1 : pruner->floor);
}

static int take_rows(struct tc_pruner *pruner, const struct tc_pruner_moment *moment, uint64_t end)
{
	int result = bind_last(pruner, end, &end);

	if (result == SQLITE_OK) {
		sqlite3_bind_int64(pruner->erase, 1, (int64_t)end);
		result = step_once(pruner->erase);
	}
	if (result != SQLITE_OK)
		return result;
	count_taken(pruner, end, (uint64_t)sqlite3_changes(pruner->db));
	result = write_mark(pruner, moment);
	if (result == SQLITE_OK) {
		sqlite3_bind_int64(pruner->forget, 1, (int64_t)end);
		result = step_once(pruner->forget);
	}
	return result == SQLITE_OK ? read_first(pruner) : result;
}

int tc_pruner_step(struct tc_pruner *pruner, const struct tc_pruner_moment *moment)
{
	int result = SQLITE_OK;
	uint64_t end;

	if (!has_limits(pruner))
		return SQLITE_OK;
	if (!pruner->next.first_seq)
		result = read_first(pruner);
	if (result != SQLITE_OK || !pruner->next.first_seq)
		return result;
	end = find_end(pruner, moment);
	if (end >= pruner->next.first_seq)
		result = take_rows(pruner, moment, end);
	if (result == SQLITE_OK && has_free_pages(pruner))
		result = sqlite3_exec(pruner->db, "PRAGMA incremental_vacuum(" FREE_PAGES_STEP ")",
				      NULL, NULL, NULL);
	return result;
}

void tc_pruner_settle(struct tc_pruner *pruner, bool committed)
{
	if (committed)
		pruner->now = pruner->next;
	else
		pruner->next = pruner->now;
}

/* --- telling --- */

bool tc_pruner_take_untold(struct tc_pruner *pruner, uint64_t now_ns, struct tc_pruned *ret_pruned)
{
	struct tc_pruner_state *state = &pruner->now;
	uint64_t tell_ns = pruner->limits.tell_ns ?: TELL_NS;

	if (!state->untold.rows || state->telling)
		return false;
	if (!pruner->untold_since_ns)
		pruner->untold_since_ns = now_ns;
	if (now_ns - pruner->untold_since_ns < tell_ns)
		return false;
	pruner->untold_since_ns = 0;
	*ret_pruned = state->untold;
	state->telling = pruner->next.telling = true;
	return true;
}

static int drop_old_marks(struct tc_pruner *pruner)
{
	char sql[96];

	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM checkpoints WHERE id <= %lld",
			 (long long)(pruner->next.id - CHECKPOINTS_KEPT));
	return sqlite3_exec(pruner->db, sql, NULL, NULL, NULL);
}

int tc_pruner_mark_told(struct tc_pruner *pruner)
{
	struct tc_pruner_state *state = &pruner->next;
	static const char sql[] =
		"UPDATE checkpoints SET told = 1, seal = seal('checkpoint', first_seq, seq,"
		" hash, count, undelivered, time_ns, boot_id, 1) WHERE id = ?";
	sqlite3_stmt *statement = NULL;
	int result;

	if (!state->telling)
		return SQLITE_OK;
	result = sqlite3_prepare_v2(pruner->db, sql, -1, &statement, NULL);
	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_int64(statement, 1, state->id);
	sqlite3_step(statement);
	result = sqlite3_finalize(statement);
	state->telling = false;
	state->untold = (struct tc_pruned){0};
	state->id++;
	return result == SQLITE_OK ? drop_old_marks(pruner) : result;
}
