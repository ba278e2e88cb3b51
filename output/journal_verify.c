/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/log.h"
#include "output/journal_batch.h"
#include "output/journal_schema.h"

#define COLUMN_HASH TC_COLUMN_MAX

static const char rows_sql[] = "SELECT "
#define TC_COLUMN(id, name, field) name ", "
#include "output/columns.def"
#undef TC_COLUMN
			       "hash FROM entries WHERE seq >= ? ORDER BY seq";

static const char *const finding_names[TC_FINDING_MAX] = {
	[TC_FINDING_NONE] = "whole",	  [TC_FINDING_CHANGED] = "changed",
	[TC_FINDING_REMOVED] = "removed", [TC_FINDING_INSERTED] = "inserted",
	[TC_FINDING_SWAPPED] = "swapped", [TC_FINDING_CUT] = "cut",
	[TC_FINDING_MARKS] = "marks",	  [TC_FINDING_DAMAGED] = "damaged",
	[TC_FINDING_NO_HEAD] = "no_head",
};

const char *tc_finding_name(enum tc_finding finding)
{
	return finding_names[finding];
}

/* On the way along the rows. */
struct walk {
	sqlite3 *db;
	const char *path;
	struct tc_hasher *hasher;
	struct tc_buffer message;
	const struct tc_hash *noted;
	struct tc_verification *told;
	int64_t chained_from; /* rows below are not chained; they are from before the chain */
	int64_t seq;	      /* of the row before, ... */
	struct tc_hash hash;  /* ... and its hash: what the next row is chained to */
	sqlite3_stmt *heads;  /* at the next head to compare with, or at its end */
	bool head_left;
	char boot_id[TC_BOOT_ID_LENGTH + 1];
};

/* Notes what was found; positive, so that it ends whatever is going on. */
__attribute__((format(printf, 5, 6))) static int find(struct walk *walk, enum tc_finding finding,
						      int64_t seq, int64_t until_seq,
						      const char *format, ...)
{
	struct tc_verification *told = walk->told;
	va_list arguments;

	told->finding = finding;
	told->seq = seq;
	told->until_seq = until_seq;
	va_start(arguments, format);
	vsnprintf(told->message, sizeof(told->message), format, arguments);
	va_end(arguments);
	return 1;
}

/* Rows seq to until_seq: "row 5 was removed", "rows 5 to 7 were removed". */
static int find_range(struct walk *walk, enum tc_finding finding, int64_t seq, int64_t until_seq,
		      const char *what)
{
	if (seq == until_seq)
		return find(walk, finding, seq, seq, "row %lld was %s", (long long)seq, what);
	return find(walk, finding, seq, until_seq, "rows %lld to %lld were %s", (long long)seq,
		    (long long)until_seq, what);
}

/* What SQLite says instead of a row: damage and missing tables are findings. */
static int refuse(struct walk *walk, int result)
{
	switch (result & 0xff) {
	case SQLITE_CORRUPT:
		return find(walk, TC_FINDING_DAMAGED, walk->seq, walk->seq,
			    "the database is damaged and cannot be read on behind row %lld",
			    (long long)walk->seq);
	case SQLITE_ERROR:
		return find(walk, TC_FINDING_MARKS, 0, 0, "its tables are not those of Tocsin: %s",
			    sqlite3_errmsg(walk->db));
	default:
		return tc_journal_fail(walk->db, result, walk->path, "read it");
	}
}

static int prepare(struct walk *walk, const char *sql, sqlite3_stmt **ret_statement)
{
	int result = sqlite3_prepare_v2(walk->db, sql, -1, ret_statement, NULL);

	return result == SQLITE_OK ? 0 : refuse(walk, result);
}

/* 0 and *ret_row; or what ends the walk. */
static int step(struct walk *walk, sqlite3_stmt *statement, bool *ret_row)
{
	int result = sqlite3_step(statement);

	*ret_row = result == SQLITE_ROW;
	return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : refuse(walk, result);
}

static bool column_hash(sqlite3_stmt *statement, int column, struct tc_hash *ret_hash)
{
	if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
	    sqlite3_column_bytes(statement, column) != TC_HASH_BYTES)
		return false;
	memcpy(ret_hash->bytes, sqlite3_column_blob(statement, column), TC_HASH_BYTES);
	return true;
}

static void column_text(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);

	snprintf(text, size, "%s", value ?: "");
}

static bool same(const struct tc_hash *a, const struct tc_hash *b)
{
	return memcmp(a->bytes, b->bytes, TC_HASH_BYTES) == 0;
}

static void compare_noted(struct walk *walk, const struct tc_hash *hash, int64_t seq)
{
	if (walk->noted && !walk->told->noted_found && same(walk->noted, hash)) {
		walk->told->noted_found = true;
		walk->told->noted_seq = seq;
	}
}

/* --- origin, checkpoints and heads --- */

static int read_origin(struct walk *walk)
{
	static const char sql[] = "SELECT seq, reason, predecessor, hash, hash = seal('origin', "
				  "form, seq, reason, time_ns,"
				  " boot_id, predecessor, predecessor_head) FROM origin";
	struct tc_verification *told = walk->told;
	sqlite3_stmt *statement = NULL;
	bool there = false;
	int stop = prepare(walk, sql, &statement);

	if (!stop)
		stop = step(walk, statement, &there);
	if (!stop && (!there || !sqlite3_column_int(statement, 4) ||
		      !column_hash(statement, 3, &walk->hash)))
		stop = find(walk, TC_FINDING_MARKS, 0, 0,
			    there ? "the origin of the chain was changed"
				  : "the origin of the chain was removed");
	if (!stop) {
		told->origin_seq = walk->seq = sqlite3_column_int64(statement, 0);
		column_text(statement, 1, told->reason, sizeof(told->reason));
		column_text(statement, 2, told->predecessor, sizeof(told->predecessor));
		walk->chained_from = walk->seq + 1;
		compare_noted(walk, &walk->hash, walk->seq);
	}
	sqlite3_finalize(statement);
	return stop;
}

/* One checkpoint behind the one before: where the rows begin now. */
static int read_checkpoint(struct walk *walk, sqlite3_stmt *statement)
{
	struct tc_verification *told = walk->told;
	int64_t first_seq = sqlite3_column_int64(statement, 0);
	int64_t seq = sqlite3_column_int64(statement, 1);
	struct tc_hash hash;
	bool chained = column_hash(statement, 2, &hash);

	if (!sqlite3_column_int(statement, 6) || chained != (seq > told->origin_seq) ||
	    (walk->chained_from > told->origin_seq + 1 && first_seq != walk->chained_from))
		return find(
			walk, TC_FINDING_MARKS, seq, seq,
			"the checkpoint of retention at row %lld was changed, or the one before it "
			"was removed",
			(long long)seq);
	told->checkpoints++;
	told->taken_seq = seq;
	told->taken += (uint64_t)sqlite3_column_int64(statement, 3);
	told->undelivered += (uint64_t)sqlite3_column_int64(statement, 4);
	told->taken_ns = (uint64_t)sqlite3_column_int64(statement, 5);
	if (chained) {
		walk->hash = hash;
		walk->chained_from = seq + 1;
		compare_noted(walk, &hash, seq);
	}
	return 0;
}

static int read_checkpoints(struct walk *walk)
{
	static const char sql[] =
		"SELECT first_seq, seq, hash, count, undelivered, time_ns, seal = "
		"seal('checkpoint',"
		" first_seq, seq, hash, count, undelivered, time_ns, boot_id, told)"
		" FROM checkpoints ORDER BY id";
	sqlite3_stmt *statement = NULL;
	bool more = false;
	int stop = prepare(walk, sql, &statement);

	if (!stop)
		stop = step(walk, statement, &more);
	while (!stop && more) {
		stop = read_checkpoint(walk, statement);
		if (!stop)
			stop = step(walk, statement, &more);
	}
	sqlite3_finalize(statement);
	if (!stop && walk->told->checkpoints)
		walk->seq = walk->told->taken_seq;
	return stop;
}

/* The next head that is not below the rows. */
static int next_head(struct walk *walk)
{
	struct tc_verification *told = walk->told;
	int64_t before = told->has_head ? told->head_seq : INT64_MIN;
	int stop = step(walk, walk->heads, &walk->head_left);

	if (stop || !walk->head_left)
		return stop;
	int64_t seq = sqlite3_column_int64(walk->heads, 0);
	if (!sqlite3_column_int(walk->heads, 4) || !column_hash(walk->heads, 1, &told->head) ||
	    seq <= before)
		return find(walk, TC_FINDING_MARKS, seq, seq,
			    "the head of the chain at row %lld was changed", (long long)seq);
	told->has_head = true;
	told->head_seq = seq;
	told->head_ns = (uint64_t)sqlite3_column_int64(walk->heads, 2);
	column_text(walk->heads, 3, told->head_boot_id, sizeof(told->head_boot_id));
	return 0;
}

/* Compares heads up to the row that the walk has reached. */
static int compare_heads(struct walk *walk)
{
	struct tc_verification *told = walk->told;
	int stop = 0;

	while (!stop && walk->head_left && told->head_seq <= walk->seq) {
		if (told->head_seq == walk->seq && walk->seq >= walk->chained_from - 1 &&
		    !same(&told->head, &walk->hash))
			return find(walk, TC_FINDING_MARKS, told->head_seq, told->head_seq,
				    "the head of the chain at row %lld is not the hash of that row",
				    (long long)told->head_seq);
		stop = next_head(walk);
	}
	return stop;
}

static int begin_heads(struct walk *walk)
{
	int stop = prepare(
		walk,
		"SELECT seq, hash, time_ns, boot_id, seal = seal('head', seq, hash, time_ns,"
		" boot_id) FROM heads ORDER BY id",
		&walk->heads);

	if (!stop)
		stop = next_head(walk);
	return stop ?: compare_heads(walk);
}

/* --- a row that does not fit --- */

/* The hash that a row would have with this number, behind a row with that hash. */
static int hash_as(struct walk *walk, sqlite3_stmt *row, const struct tc_hash *before, int64_t seq,
		   struct tc_hash *ret_hash)
{
	tc_buffer_reset(&walk->message);
	tc_canonical_blob(&walk->message, before->bytes, TC_HASH_BYTES);
	tc_canonical_integer(&walk->message, seq);
	for (int i = TC_COLUMN_SEQ + 1; i < TC_COLUMN_MAX; i++)
		tc_canonical_value(&walk->message, sqlite3_column_value(row, i));
	if (tc_buffer_failed(&walk->message) ||
	    tc_hash_bytes(walk->hasher, walk->message.bytes, walk->message.length, ret_hash))
		return -ENOMEM;
	return 0;
}

/* Whether the hash that a row carries is right for this number and predecessor. */
static bool fits(struct walk *walk, sqlite3_stmt *row, const struct tc_hash *before, int64_t seq)
{
	struct tc_hash computed, stored;

	return column_hash(row, COLUMN_HASH, &stored) &&
	       !hash_as(walk, row, before, seq, &computed) && same(&computed, &stored);
}

/* The row that does not fit. */
struct misfit {
	sqlite3_stmt *row;
	int64_t seq;
	bool has_hash;
	struct tc_hash stored;
};

/*
 * Looks for the row that belongs in the misfit's place: the same columns with that number, whether
 * its hash moved along or stayed. others is before the row behind the misfit, and at the row that
 * was found then; *ret_hash is its hash.
 */
static bool find_true_row(struct walk *walk, const struct misfit *misfit, sqlite3_stmt *others,
			  struct tc_hash *ret_hash)
{
	while (sqlite3_step(others) == SQLITE_ROW) {
		struct tc_hash hash, stored;

		if (hash_as(walk, others, &walk->hash, misfit->seq, &hash))
			return false;
		if ((misfit->has_hash && same(&hash, &misfit->stored)) ||
		    (column_hash(others, COLUMN_HASH, &stored) && same(&hash, &stored))) {
			*ret_hash = hash;
			return true;
		}
	}
	return false;
}

/* The hash that the row with that number carries. */
static bool stored_hash(struct walk *walk, int64_t seq, struct tc_hash *ret_hash)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (!prepare(walk, "SELECT hash FROM entries WHERE seq = ?", &statement)) {
		sqlite3_bind_int64(statement, 1, seq);
		found = sqlite3_step(statement) == SQLITE_ROW &&
			column_hash(statement, 0, ret_hash);
	}
	sqlite3_finalize(statement);
	return found;
}

/* Whether the misfit is the row that belongs where the true row (with that hash) was found. */
static bool is_swapped(struct walk *walk, const struct misfit *misfit, sqlite3_stmt *found,
		       const struct tc_hash *hash)
{
	int64_t there = sqlite3_column_int64(found, TC_COLUMN_SEQ);
	struct tc_hash before = *hash, computed, stored;

	if (there != misfit->seq + 1 && !stored_hash(walk, there - 1, &before))
		return false;
	if (hash_as(walk, misfit->row, &before, there, &computed))
		return false;
	return (misfit->has_hash && same(&computed, &misfit->stored)) ||
	       (column_hash(found, COLUMN_HASH, &stored) && same(&computed, &stored));
}

/* The row that belongs here was found further behind. */
static int judge_moved(struct walk *walk, const struct misfit *misfit, sqlite3_stmt *found,
		       const struct tc_hash *hash)
{
	int64_t here = misfit->seq, there = sqlite3_column_int64(found, TC_COLUMN_SEQ);
	bool swapped = is_swapped(walk, misfit, found, hash);
	bool has_next = sqlite3_step(found) == SQLITE_ROW;

	/* Where rows were put in, the one behind it has moved as far, or there is none. */
	if (has_next ? fits(walk, found, hash, here + 1) : !swapped)
		return find_range(walk, TC_FINDING_INSERTED, here, there - 1, "inserted");
	return find(walk, TC_FINDING_SWAPPED, here, there,
		    swapped ? "rows %lld and %lld were swapped"
			    : "in the place of row %lld stands another, and it in that of row %lld",
		    (long long)here, (long long)there);
}

/* The row that belongs here is nowhere. next is at the row behind the misfit; NULL: there is none.
 */
static int judge_alone(struct walk *walk, const struct misfit *misfit, sqlite3_stmt *next)
{
	int64_t seq = misfit->seq, next_seq = next ? sqlite3_column_int64(next, TC_COLUMN_SEQ) : 0;

	if (next && fits(walk, next, &walk->hash, next_seq))
		return find_range(walk, TC_FINDING_INSERTED, seq, seq, "inserted");
	if (next && misfit->has_hash && fits(walk, next, &misfit->stored, next_seq + 1))
		return find_range(walk, TC_FINDING_REMOVED, seq, seq,
				  "removed, and those behind it were numbered anew");
	return find_range(walk, TC_FINDING_CHANGED, seq, seq, "changed");
}

static int judge_misfit(struct walk *walk, sqlite3_stmt *row)
{
	struct misfit misfit = {.row = row, .seq = sqlite3_column_int64(row, TC_COLUMN_SEQ)};
	sqlite3_stmt *others = NULL;
	struct tc_hash hash;
	int stop = prepare(walk, rows_sql, &others);

	misfit.has_hash = column_hash(row, COLUMN_HASH, &misfit.stored);
	if (!stop)
		sqlite3_bind_int64(others, 1, misfit.seq + 1);
	if (!stop && find_true_row(walk, &misfit, others, &hash)) {
		stop = judge_moved(walk, &misfit, others, &hash);
	} else if (!stop) {
		sqlite3_reset(others);
		stop = judge_alone(walk, &misfit,
				   sqlite3_step(others) == SQLITE_ROW ? others : NULL);
	}
	sqlite3_finalize(others);
	return stop;
}

/* --- the rows --- */

static void count_row(struct walk *walk, sqlite3_stmt *row, int64_t seq)
{
	struct tc_verification *told = walk->told;
	uint64_t time_ns = (uint64_t)sqlite3_column_int64(row, TC_COLUMN_TIME);
	const char *boot_id = (const char *)sqlite3_column_text(row, TC_COLUMN_BOOT) ?: "";

	if (!told->rows++) {
		told->first_seq = seq;
		told->since_ns = told->until_ns = time_ns;
	}
	told->last_seq = seq;
	if (time_ns < told->since_ns)
		told->since_ns = time_ns;
	if (time_ns > told->until_ns)
		told->until_ns = time_ns;
	if (!told->boots || strcmp(boot_id, walk->boot_id) != 0) {
		told->boots++;
		snprintf(walk->boot_id, sizeof(walk->boot_id), "%s", boot_id);
	}
}

/* A row from before the chain: only its number can be looked at. */
static int pass_unchained(struct walk *walk, sqlite3_stmt *row, int64_t seq)
{
	if (sqlite3_column_type(row, COLUMN_HASH) != SQLITE_NULL)
		return find_range(walk, TC_FINDING_CHANGED, seq, seq, "changed");
	walk->told->unchained++;
	walk->seq = seq;
	count_row(walk, row, seq);
	return 0;
}

/* Rows below those that the chain has: of version 1, or nobody's. */
static int pass_below(struct walk *walk, sqlite3_stmt *row, int64_t seq)
{
	bool migrated = strcmp(walk->told->reason, "migrated") == 0;

	if (migrated && (!walk->told->checkpoints || seq > walk->told->taken_seq))
		return pass_unchained(walk, row, seq);
	return find_range(walk, TC_FINDING_INSERTED, seq, seq, "inserted before the first");
}

static int verify_row(struct walk *walk, sqlite3_stmt *row)
{
	int64_t seq = sqlite3_column_int64(row, TC_COLUMN_SEQ);
	int64_t due = walk->seq + 1 > walk->chained_from ? walk->seq + 1 : walk->chained_from;
	struct tc_hash computed, stored;

	if (seq < walk->chained_from)
		return pass_below(walk, row, seq);
	if (!walk->told->has_head)
		return find(walk, TC_FINDING_MARKS, seq, seq,
			    "the heads of the chain were removed");
	if (seq != due)
		return find_range(walk, TC_FINDING_REMOVED, due, seq - 1, "removed");
	if (!walk->head_left)
		return find_range(walk, TC_FINDING_INSERTED, seq, seq,
				  "inserted behind the last commit");
	if (hash_as(walk, row, &walk->hash, seq, &computed))
		return -ENOMEM;
	if (!column_hash(row, COLUMN_HASH, &stored) || !same(&computed, &stored))
		return judge_misfit(walk, row);
	walk->seq = seq;
	walk->hash = computed;
	count_row(walk, row, seq);
	compare_noted(walk, &computed, seq);
	return compare_heads(walk);
}

static int verify_rows(struct walk *walk)
{
	sqlite3_stmt *rows = NULL;
	bool more = false;
	int stop = prepare(walk, rows_sql, &rows);

	if (!stop) {
		sqlite3_bind_int64(rows, 1, INT64_MIN);
		stop = step(walk, rows, &more);
	}
	while (!stop && more) {
		stop = verify_row(walk, rows);
		if (!stop)
			stop = step(walk, rows, &more);
	}
	sqlite3_finalize(rows);
	return stop;
}

/* Heads behind the last row, or numbers that were given to rows without one. */
static int look_for_cut(struct walk *walk)
{
	struct tc_verification *told = walk->told;
	sqlite3_stmt *statement = NULL;
	bool there = false;
	int stop = 0;

	while (!stop && walk->head_left)
		stop = next_head(walk);
	int64_t last = told->has_head ? told->head_seq : walk->seq;
	if (!stop)
		stop = prepare(walk, "SELECT seq FROM sqlite_sequence WHERE name = 'entries'",
			       &statement);
	if (!stop)
		stop = step(walk, statement, &there);
	if (!stop && there && sqlite3_column_int64(statement, 0) > last)
		last = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	if (!stop && last > walk->seq)
		stop = find_range(walk, TC_FINDING_CUT, walk->seq + 1, last, "cut off the end");
	return stop;
}

static int look_for_noted(struct walk *walk)
{
	const struct tc_verification *told = walk->told;

	if (!walk->noted || told->noted_found)
		return 0;
	if (told->checkpoints)
		return find(
			walk, TC_FINDING_NO_HEAD, 0, 0,
			"the head that was noted is not in the chain; it may be one of the rows up "
			"to %lld that retention took",
			(long long)told->taken_seq);
	return find(walk, TC_FINDING_NO_HEAD, 0, 0,
		    "the head that was noted is not in the chain: it was written anew");
}

/* All of it in one transaction: the agent may write on, what is read stays as it was. */
static int walk_all(struct walk *walk)
{
	int result = sqlite3_exec(walk->db, "BEGIN", NULL, NULL, NULL);
	int stop = result == SQLITE_OK ? 0 : refuse(walk, result);

	if (!stop)
		stop = read_origin(walk);
	if (!stop)
		stop = read_checkpoints(walk);
	if (!stop)
		stop = begin_heads(walk);
	if (!stop)
		stop = verify_rows(walk);
	if (!stop)
		stop = look_for_cut(walk);
	if (!stop)
		stop = look_for_noted(walk);
	sqlite3_finalize(walk->heads);
	return stop;
}

static int check_chained(struct walk *walk)
{
	int64_t version;
	int error = tc_journal_check_version(walk->db, walk->path, &version);

	if (error || version >= 2)
		return error;
	tc_error("journal %s: it has no chain%s", walk->path,
		 version ? ": it was written by an older Tocsin; this one begins a chain when it "
			   "runs"
			 : " yet: nothing was ever written to it");
	return -ENODATA;
}

int tc_journal_verify(const char *path, const struct tc_hash *noted,
		      struct tc_verification *ret_verification)
{
	struct tc_verification told = {0};
	struct walk walk = {.path = path, .noted = noted, .told = &told};
	int stop = tc_journal_connect(path, &walk.db);

	if (!stop)
		stop = tc_hasher_new(&walk.hasher);
	if (!stop)
		stop = check_chained(&walk);
	if (!stop && tc_seal_register(walk.db, walk.hasher) != SQLITE_OK)
		stop = -ENOMEM;
	if (!stop)
		stop = walk_all(&walk);
	sqlite3_close(walk.db);
	tc_hasher_free(walk.hasher);
	tc_buffer_done(&walk.message);
	if (stop >= 0)
		*ret_verification = told;
	return stop < 0 ? stop : 0;
}
