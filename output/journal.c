/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal.h"

#include <libgen.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "output/journal_batch.h"
#include "output/journal_file.h"
#include "output/journal_schema.h"
#include "output/retention.h"

/* Rows of one transaction. What a long failure left is committed in parts, so that a disk with
 * little room takes some of it and an attempt does not take seconds. */
#define PART_ROWS 4096
/* A head stays, and the next one does not replace it, when it is so far from the one kept before.
 */
#define HEAD_ROWS 10000
#define HEAD_NS (60 * 1000000000ULL)
/* Rows that retention takes when a batch is committed: twice as many as come, within bounds; and
 * when none is. */
#define PRUNE_MIN 256
#define PRUNE_MAX 4096
#define PRUNE_IDLE 512
/* A disk that damages one file after another must not be filled with them. */
#define ASIDE_NS (60 * 1000000000ULL)
/* How often a new one is tried. */
#define AGAIN_NS (5 * 1000000000ULL)

/* Rows of one INSERT: with one row, a third of SQLite's work is for the statement. */
#define INSERT_ROWS 16

static const char head_sql[] =
	"INSERT OR REPLACE INTO heads (id, seq, hash, time_ns, boot_id, seal)"
	" VALUES (?1, ?2, ?3, ?4, ?5, seal('head', ?2, ?3, ?4, ?5))";

struct tc_journal {
	struct tc_journal_file file;
	sqlite3 *db;
	sqlite3_stmt *insert_one, *insert_many, *head;
	struct tc_hasher *hasher;
	struct tc_batch batch;
	struct tc_pruner pruner;
	char boot_id[TC_BOOT_ID_LENGTH + 1]; /* "" when unknown */

	uint64_t last_seq;	    /* committed */
	struct tc_hash last_hash;   /* of that row */
	int64_t head_id;	    /* of the head that the next commit writes */
	uint64_t kept_seq, kept_ns; /* where the row of that id began to be replaced */

	uint64_t waiting_ns; /* since then the first row of the batch waits */
	uint64_t tried_ns;   /* the last flush */
	bool urgent;	     /* there is an urgent alert in the batch */
	bool failing;	     /* the last flush failed */
	atomic_bool suspect; /* a reader found damage */
	uint64_t begun_ns;   /* when a database was begun behind another; 0: never */
	char *predecessor;   /* the one that was set aside, while there is no other yet */
	const char *reason;  /* for which it was: damaged, removed, replaced */
	bool hash_known;     /* last_hash is that of its last row */
	uint64_t aside_seq;  /* its last row, while it is not known what of it was delivered */
	uint64_t undelivered_aside; /* and what was not, as far as it was not told */
};

/* --- the batch --- */

/* A few milliseconds coarse, and far cheaper than the exact one: it is asked for each alert. */
static uint64_t coarse_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool has_room(const struct tc_journal *journal, const struct tc_alert *alert)
{
	size_t rows = TC_JOURNAL_PENDING_MAX, bytes = TC_JOURNAL_PENDING_BYTES;

	if (!alert->rule) {
		rows += TC_JOURNAL_PENDING_NOTICES;
		bytes += TC_JOURNAL_PENDING_NOTICES_BYTES;
	}
	return journal->batch.count < rows && journal->batch.text.length < bytes;
}

int tc_journal_add(struct tc_journal *journal, struct tc_alert *alert)
{
	int error = has_room(journal, alert) ? 0 : -ENOBUFS;

	if (!error)
		error = tc_batch_add(&journal->batch, alert);
	if (error)
		return error;
	if (journal->batch.count == 1)
		journal->waiting_ns = coarse_now_ns();
	if (alert->rule && alert->rule->priority <= TC_PRIORITY_CRITICAL)
		journal->urgent = true;
	return 0;
}

bool tc_journal_due(const struct tc_journal *journal)
{
	size_t count = journal->batch.count;

	if (!count)
		return false;
	if (!journal->failing && (count >= TC_JOURNAL_BATCH_ROWS ||
				  journal->batch.text.length >= TC_JOURNAL_BATCH_BYTES))
		return true;
	uint64_t now_ns = coarse_now_ns(), since_ns = now_ns - journal->tried_ns;
	if (journal->failing)
		return since_ns >= TC_JOURNAL_BATCH_NS;
	return now_ns - journal->waiting_ns >= TC_JOURNAL_BATCH_NS ||
	       (journal->urgent && since_ns >= TC_JOURNAL_URGENT_NS);
}

size_t tc_journal_pending(const struct tc_journal *journal)
{
	return journal->batch.count;
}

uint64_t tc_journal_last_seq(const struct tc_journal *journal)
{
	return journal->last_seq;
}

void tc_journal_suspect(struct tc_journal *journal)
{
	atomic_store(&journal->suspect, true);
}

/* --- committing --- */

/* Binds a value of a row at a place of the statement. */
static int bind_cell(struct tc_journal *journal, sqlite3_stmt *insert, int place, size_t row,
		     enum tc_column column)
{
	const struct tc_cell *cell = tc_batch_cell(&journal->batch, row, column);

	switch (cell->type) {
	case TC_CELL_INTEGER:
		return sqlite3_bind_int64(insert, place, cell->number);
	case TC_CELL_TEXT:
		return sqlite3_bind_text64(insert, place, tc_batch_text(&journal->batch, row, cell),
					   cell->length, SQLITE_STATIC, SQLITE_UTF8);
	case TC_CELL_NULL:
		break;
	}
	return sqlite3_bind_null(insert, place);
}

static int step_once(sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement), reset = sqlite3_reset(statement);

	return result == SQLITE_DONE ? reset : result;
}

static int insert_some(struct tc_journal *journal, sqlite3_stmt *insert, size_t first, size_t count)
{
	int result = SQLITE_OK, place = 1;

	for (size_t row = first; row < first + count; row++) {
		for (unsigned i = 0; i < TC_COLUMN_MAX && result == SQLITE_OK; i++)
			result = bind_cell(journal, insert, place++, row, i);
		if (result == SQLITE_OK)
			result = sqlite3_bind_blob(insert, place++,
						   journal->batch.rows[row].hash.bytes,
						   TC_HASH_BYTES, SQLITE_STATIC);
	}
	return result == SQLITE_OK ? step_once(insert) : result;
}

static int insert_rows(struct tc_journal *journal, size_t count)
{
	int before = sqlite3_total_changes(journal->db), result = SQLITE_OK;

	for (size_t i = 0; i < count && result == SQLITE_OK;) {
		bool many = count - i >= INSERT_ROWS;
		size_t rows = many ? INSERT_ROWS : 1;

		result = insert_some(journal, many ? journal->insert_many : journal->insert_one, i,
				     rows);
		i += rows;
	}
	/* A trigger may have swallowed rows (fewer changes) or taken them back (more: its own are
	 * counted). */
	if (result == SQLITE_OK &&
	    (unsigned)sqlite3_total_changes(journal->db) - (unsigned)before != count)
		result = SQLITE_CONSTRAINT;
	return result;
}

static int write_head(struct tc_journal *journal, const struct tc_batch_row *last, uint64_t now_ns)
{
	sqlite3_stmt *head = journal->head;

	sqlite3_bind_int64(head, 1, journal->head_id);
	sqlite3_bind_int64(head, 2, last->cells[TC_COLUMN_SEQ].number);
	sqlite3_bind_blob(head, 3, last->hash.bytes, TC_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(head, 4, (int64_t)now_ns);
	sqlite3_bind_text(head, 5, journal->batch.boot_id, -1, SQLITE_STATIC);
	return step_once(head);
}

/* The next head replaces this one, unless this one is to stay. */
static void head_written(struct tc_journal *journal, uint64_t now_ns)
{
	/* A clock that was set back gives a huge number here: the head stays. */
	if (journal->last_seq - journal->kept_seq < HEAD_ROWS &&
	    now_ns - journal->kept_ns < HEAD_NS)
		return;
	journal->head_id++;
	journal->kept_seq = journal->last_seq;
	journal->kept_ns = now_ns;
}

static struct tc_pruner_moment moment_now(const struct tc_journal *journal, uint64_t last_seq,
					  uint64_t max_rows)
{
	return (struct tc_pruner_moment){.last_seq = last_seq,
					 .max_rows = max_rows,
					 .time_ns = tc_clock_real_now_ns(),
					 .boot_id = journal->batch.boot_id};
}

/* What retention does as rows come. */
static int prune_with(struct tc_journal *journal, size_t count, uint64_t last_seq)
{
	size_t max_rows = 2 * count < PRUNE_MIN	  ? PRUNE_MIN
			  : 2 * count > PRUNE_MAX ? PRUNE_MAX
						  : 2 * count;
	struct tc_pruner_moment moment = moment_now(journal, last_seq, max_rows);
	int result = tc_pruner_mark_told(&journal->pruner);

	return result == SQLITE_OK ? tc_pruner_step(&journal->pruner, &moment) : result;
}

/* Commits the first rows of the batch. A result of SQLite; the transaction is left open on failure.
 */
static int commit_rows(struct tc_journal *journal, size_t count)
{
	const struct tc_batch_row *last = &journal->batch.rows[count - 1];
	uint64_t now_ns = tc_clock_real_now_ns();
	int result = sqlite3_exec(journal->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (result == SQLITE_OK)
		result = insert_rows(journal, count);
	if (result == SQLITE_OK)
		result = write_head(journal, last, now_ns);
	if (result == SQLITE_OK)
		result = prune_with(journal, count, (uint64_t)last->cells[TC_COLUMN_SEQ].number);
	if (result == SQLITE_OK)
		result = sqlite3_exec(journal->db, "COMMIT", NULL, NULL, NULL);
	tc_pruner_settle(&journal->pruner, result == SQLITE_OK);
	if (result != SQLITE_OK)
		return result;
	journal->last_seq = (uint64_t)last->cells[TC_COLUMN_SEQ].number;
	journal->last_hash = last->hash;
	head_written(journal, now_ns);
	tc_batch_drop(&journal->batch, count);
	return SQLITE_OK;
}

/* Logs the first failure in a row, and takes the transaction back. */
static int fail(struct tc_journal *journal, int result)
{
	/* Told before ROLLBACK, which changes the message. */
	int error = journal->failing
			    ? tc_journal_errno(journal->db, result)
			    : tc_journal_fail(journal->db, result, journal->file.path, "write");

	journal->failing = true;
	if (!sqlite3_get_autocommit(journal->db))
		sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
	/* It was one when it was opened. */
	return (result & 0xff) == SQLITE_NOTADB ? -EUCLEAN : error;
}

static int flush_parts(struct tc_journal *journal)
{
	size_t waiting = journal->batch.count;

	while (journal->batch.count) {
		size_t count = journal->batch.count < PART_ROWS ? journal->batch.count : PART_ROWS;
		int result = commit_rows(journal, count);

		if (result != SQLITE_OK)
			return fail(journal, result);
	}
	if (journal->failing)
		tc_info("journal %s: writing again; the %zu alerts that waited are stored",
			journal->file.path, waiting);
	journal->failing = false;
	journal->urgent = false;
	return 0;
}

/* What retention does when no rows come. 0 or a negative errno, logged. */
static int prune_idle(struct tc_journal *journal)
{
	struct tc_pruner_moment moment = moment_now(journal, journal->last_seq, PRUNE_IDLE);

	if (!tc_pruner_due(&journal->pruner, &moment))
		return 0;
	int result = sqlite3_exec(journal->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = tc_pruner_step(&journal->pruner, &moment);
	if (result == SQLITE_OK)
		result = sqlite3_exec(journal->db, "COMMIT", NULL, NULL, NULL);
	tc_pruner_settle(&journal->pruner, result == SQLITE_OK);
	if (result != SQLITE_OK)
		return fail(journal, result);
	journal->failing = false;
	return 0;
}

/* --- opening --- */

/*
 * synchronous=FULL: a commit is on the disk before an output tells it. NORMAL could take alerts
 * back after a power cut and give their numbers to others, and for batches of 1000 it is only 5 %
 * faster. cell_size_check: damage is found when a page is read, not when it is believed.
 */
static int set_pragmas(struct tc_journal *journal)
{
	static const char pragmas[] = "PRAGMA synchronous = FULL;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cell_size_check = ON;"
				      "PRAGMA cache_size = -4096;"	  /* KiB: a batch of 2000 */
				      "PRAGMA wal_autocheckpoint = 2000;" /* pages: 16 MB */
				      "PRAGMA journal_size_limit = 67108864;";
	sqlite3_stmt *statement = NULL;
	int result =
		sqlite3_prepare_v2(journal->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	bool wal = result == SQLITE_ROW &&
		   strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
	sqlite3_finalize(statement);
	if (result == SQLITE_ROW && !wal) {
		tc_error(
			"journal %s: this file system cannot do a write-ahead log; use a local one",
			journal->file.path);
		return -EOPNOTSUPP;
	}
	if (result == SQLITE_ROW)
		result = sqlite3_exec(journal->db, pragmas, NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = tc_seal_register(journal->db, journal->hasher);
	return result == SQLITE_OK
		       ? 0
		       : tc_journal_fail(journal->db, result, journal->file.path, "set it up");
}

static int connect(struct tc_journal *journal)
{
	/* SQLite's counters of memory cost a global lock for each allocation; nobody reads them. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int result = sqlite3_open_v2(
		journal->file.real, &journal->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(journal->db, result, journal->file.path, "open it");
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_timeout(journal->db, TC_JOURNAL_BUSY_MS);
	return 0;
}

static int refuse_triggers(struct tc_journal *journal)
{
	int64_t triggers;
	int error = tc_journal_number(journal->db, journal->file.path,
				      "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'",
				      &triggers);

	if (error || !triggers)
		return error;
	tc_error("journal %s: it has triggers, which Tocsin did not make and which could change "
		 "what is stored; move it away, and the agent makes a new one",
		 journal->file.path);
	return -EBADMSG;
}

/* The end of the chain: the last head, or the origin when nothing was committed yet. */
static int read_head(struct tc_journal *journal)
{
	static const char sql[] =
		"SELECT id, seq, hash FROM heads WHERE id = (SELECT max(id) FROM heads)"
		" UNION ALL SELECT 0, seq, hash FROM origin LIMIT 1";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(journal->db, sql, -1, &statement, NULL), error = 0;

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW && sqlite3_column_bytes(statement, 2) == TC_HASH_BYTES) {
		journal->head_id = sqlite3_column_int64(statement, 0) + 1;
		journal->last_seq = (uint64_t)sqlite3_column_int64(statement, 1);
		memcpy(journal->last_hash.bytes, sqlite3_column_blob(statement, 2), TC_HASH_BYTES);
	} else if (result == SQLITE_ROW || result == SQLITE_DONE) {
		error = tc_journal_fail(journal->db, SQLITE_CORRUPT, journal->file.path,
					"find the end of its chain");
	} else {
		error = tc_journal_fail(journal->db, result, journal->file.path, "read it");
	}
	sqlite3_finalize(statement);
	return error;
}

/* Where the next row is put: behind everything that ever was there. */
static int find_end(struct tc_journal *journal)
{
	int error = read_head(journal);
	int64_t last_seq = 0;

	if (!error)
		error = tc_journal_number(journal->db, journal->file.path,
					  "SELECT max(coalesce((SELECT seq FROM sqlite_sequence "
					  "WHERE name = 'entries'), 0),"
					  " coalesce((SELECT max(seq) FROM entries), 0))",
					  &last_seq);
	if (error)
		return error;
	if ((uint64_t)last_seq > journal->last_seq) {
		tc_warning("journal %s: there are rows behind the end of the chain; tocsin verify "
			   "tells "
			   "more",
			   journal->file.path);
		journal->last_seq = (uint64_t)last_seq;
	}
	journal->kept_seq = journal->last_seq;
	journal->kept_ns = tc_clock_real_now_ns();
	journal->hash_known = true;
	return tc_batch_chain_to(&journal->batch, &journal->last_hash, journal->last_seq);
}

/*
 * OR FAIL: what a statement did before it failed stays, and goes with the transaction. Otherwise
 * SQLite keeps every page that a statement of many rows changes, to be able to take back that one
 * alone, in a temporary file.
 */
static int prepare_insert(struct tc_journal *journal, size_t rows, sqlite3_stmt **ret_insert)
{
	static const char columns[] = "INSERT OR FAIL INTO entries ("
#define TC_COLUMN(id, name, field) name ", "
#include "output/columns.def"
#undef TC_COLUMN
				      "hash) VALUES ",
			  values[] = "("
#define TC_COLUMN(id, name, field) "?, "
#include "output/columns.def"
#undef TC_COLUMN
				     "?)";
	_cleanup_buffer_ struct tc_buffer sql = {0};

	tc_buffer_add_string(&sql, columns);
	for (size_t i = 0; i < rows; i++) {
		tc_buffer_add_string(&sql, i ? ", " : "");
		tc_buffer_add_string(&sql, values);
	}
	if (tc_buffer_failed(&sql))
		return SQLITE_NOMEM;
	return sqlite3_prepare_v3(journal->db, sql.bytes, -1, SQLITE_PREPARE_PERSISTENT, ret_insert,
				  NULL);
}

static int prepare(struct tc_journal *journal)
{
	int result = prepare_insert(journal, 1, &journal->insert_one);

	if (result == SQLITE_OK)
		result = prepare_insert(journal, INSERT_ROWS, &journal->insert_many);
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v3(journal->db, head_sql, -1, SQLITE_PREPARE_PERSISTENT,
					    &journal->head, NULL);
	if (result == SQLITE_OK)
		result = tc_pruner_open(&journal->pruner, journal->db);
	if (result != SQLITE_OK)
		return tc_journal_fail(journal->db, result, journal->file.path, "write");
	/* From here on this thread drains the rings: what cannot be committed at once is tried
	 * again. */
	sqlite3_busy_timeout(journal->db, TC_JOURNAL_FLUSH_BUSY_MS);
	return 0;
}

/*
 * Pages of 8 KB, which can only be chosen before the first is written: a row is 1 to 2 KB; pages of
 * 4 KB would hold few and be written with twice as many system calls, pages of 16 KB make small
 * batches dear. auto_vacuum: so that pages that retention freed can be given back.
 */
static int open_database(struct tc_journal *journal, const struct tc_origin *origin)
{
	int64_t version;
	int error = connect(journal);

	/* Looked at before anything is changed: the file may be another program's. */
	if (!error)
		error = tc_journal_check_version(journal->db, journal->file.path, &version);
	if (!error && sqlite3_db_readonly(journal->db, "main"))
		error = tc_error_return(-EROFS, "journal %s: cannot write", journal->file.path);
	if (!error)
		error = refuse_triggers(journal);
	if (!error && !version)
		sqlite3_exec(journal->db,
			     "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL", NULL,
			     NULL, NULL);
	if (!error)
		error = set_pragmas(journal);
	if (!error)
		error = tc_journal_migrate(journal->db, journal->file.path, version, origin);
	if (!error)
		error = find_end(journal);
	return error ?: prepare(journal);
}

static void close_database(struct tc_journal *journal)
{
	tc_pruner_close(&journal->pruner);
	sqlite3_finalize(journal->insert_one);
	sqlite3_finalize(journal->insert_many);
	sqlite3_finalize(journal->head);
	sqlite3_close(journal->db);
	journal->insert_one = journal->insert_many = journal->head = NULL;
	journal->db = NULL;
}

/* --- a database that is damaged or gone --- */

static struct tc_origin origin_now(const struct tc_journal *journal)
{
	return (struct tc_origin){.seq = journal->last_seq,
				  .time_ns = tc_clock_real_now_ns(),
				  .boot_id = journal->batch.boot_id};
}

/* The last number and hash that can still be read, where the database was damaged before it could
 * be opened. What cannot be read is left as it is. */
static void salvage_end(struct tc_journal *journal)
{
	static const char *const numbers[] = {
		"SELECT seq FROM sqlite_sequence WHERE name = 'entries'",
		"SELECT max(seq) FROM entries",
		"SELECT max(seq) FROM heads",
		"SELECT seq FROM origin",
	};
	sqlite3_stmt *statement;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sqlite3_prepare_v2(journal->db, numbers[i], -1, &statement, NULL) ==
			    SQLITE_OK &&
		    sqlite3_step(statement) == SQLITE_ROW &&
		    (uint64_t)sqlite3_column_int64(statement, 0) > journal->last_seq)
			journal->last_seq = (uint64_t)sqlite3_column_int64(statement, 0);
		sqlite3_finalize(statement);
	}
	if (sqlite3_prepare_v2(journal->db, "SELECT hash FROM heads ORDER BY id DESC LIMIT 1", -1,
			       &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW &&
	    sqlite3_column_bytes(statement, 0) == TC_HASH_BYTES) {
		memcpy(journal->last_hash.bytes, sqlite3_column_blob(statement, 0), TC_HASH_BYTES);
		journal->hash_known = true;
	}
	sqlite3_finalize(statement);
}

/* Begins a journal that follows the one that was set aside. 0 or a negative errno, logged. */
static int begin_anew(struct tc_journal *journal)
{
	struct tc_origin origin = origin_now(journal);
	int error;

	journal->begun_ns = coarse_now_ns();
	origin.reason = journal->reason;
	origin.predecessor = basename(journal->predecessor);
	origin.predecessor_head = journal->hash_known ? &journal->last_hash : NULL;
	error = tc_journal_file_make(&journal->file);
	if (!error)
		error = open_database(journal, &origin);
	if (error) {
		close_database(journal);
		return error;
	}
	free(journal->predecessor);
	journal->predecessor = NULL;
	journal->aside_seq = origin.seq;
	if (journal->pruner.floor != UINT64_MAX)
		tc_journal_set_floor(journal, journal->pruner.floor);
	return 0;
}

/* Sets the database aside, or what is there of it, and begins a new one. 0 or a negative errno,
 * logged. */
static int start_anew(struct tc_journal *journal, const char *reason)
{
	int error;

	journal->reason = reason;
	/* What is in the log stays there: it belongs to what is set aside. */
	if (journal->db)
		sqlite3_db_config(journal->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	close_database(journal);
	error = tc_journal_file_set_aside(&journal->file, reason, &journal->predecessor);
	if (error)
		return error;
	tc_error("journal %s: it was %s; what is there is set aside as %s, and a new one goes on "
		 "behind row %llu",
		 journal->file.path, reason, journal->predecessor,
		 (unsigned long long)journal->last_seq);
	return begin_anew(journal);
}

static bool may_start_anew(const struct tc_journal *journal)
{
	return !journal->begun_ns || coarse_now_ns() - journal->begun_ns >= ASIDE_NS;
}

/* The journal has no database: it could not be set aside, or no new one could be begun. */
static int try_again(struct tc_journal *journal)
{
	if (coarse_now_ns() - journal->begun_ns < AGAIN_NS)
		return -EUCLEAN;
	journal->begun_ns = coarse_now_ns();
	return journal->predecessor ? begin_anew(journal) : start_anew(journal, journal->reason);
}

/*
 * What is written to a file that has no name any more is seen by nobody, and gone with the agent.
 * Not more often than a database is begun anew: whoever removes it again and again fills no disk.
 * 0 or a negative errno, logged.
 */
static int look_after_file(struct tc_journal *journal)
{
	enum tc_journal_file_state state = tc_journal_file_state(&journal->file);

	if (state == TC_JOURNAL_FILE_THERE)
		return 0;
	if (journal->begun_ns && coarse_now_ns() - journal->begun_ns < AGAIN_NS)
		return -ENOENT;
	return start_anew(journal, state == TC_JOURNAL_FILE_REMOVED ? "removed" : "replaced");
}

int tc_journal_flush(struct tc_journal *journal)
{
	bool suspect = atomic_exchange(&journal->suspect, false) && may_start_anew(journal);
	int error = 0;

	journal->tried_ns = coarse_now_ns();
	error = journal->db ? look_after_file(journal) : try_again(journal);
	if (error)
		return error;
	if (!suspect)
		error = journal->batch.count ? flush_parts(journal) : prune_idle(journal);
	if (suspect || (error == -EUCLEAN && journal->db && may_start_anew(journal))) {
		error = start_anew(journal, "damaged");
		if (!error)
			error = flush_parts(journal);
	}
	return error;
}

/* Whether what SQLite takes for no database is our own file, damaged at its very beginning. */
static bool was_journal(const struct tc_journal *journal)
{
	return sqlite3_errcode(journal->db) == SQLITE_NOTADB &&
	       tc_journal_file_is_ours(&journal->file);
}

/* --- retention --- */

void tc_journal_set_retention(struct tc_journal *journal, const struct tc_retention *retention)
{
	journal->pruner.limits = *retention;
}

void tc_journal_set_floor(struct tc_journal *journal, uint64_t seq)
{
	journal->pruner.floor = seq;
	if (journal->aside_seq > seq)
		journal->undelivered_aside += journal->aside_seq - seq;
	journal->aside_seq = 0;
}

bool tc_journal_take_report(struct tc_journal *journal, struct tc_journal_report *ret_report)
{
	struct tc_journal_report report = {.undelivered_aside = journal->undelivered_aside};

	tc_pruner_take_untold(&journal->pruner, coarse_now_ns(), &report.pruned);
	if (!report.pruned.rows && !report.undelivered_aside)
		return false;
	journal->undelivered_aside = 0;
	*ret_report = report;
	return true;
}

static void journal_free(struct tc_journal *journal)
{
	close_database(journal);
	free(journal->predecessor);
	tc_batch_done(&journal->batch);
	tc_hasher_free(journal->hasher);
	tc_journal_file_release(&journal->file);
	free(journal);
}

int tc_journal_open(const char *path, struct tc_journal **ret_journal)
{
	struct tc_journal *journal = calloc(1, sizeof(*journal));
	struct tc_origin origin;

	if (!journal)
		return -ENOMEM;
	tc_pruner_init(&journal->pruner);
	int error = tc_journal_file_claim(&journal->file, path);
	if (!error)
		error = tc_hasher_new(&journal->hasher);
	tc_clock_boot_id(journal->boot_id);
	tc_batch_init(&journal->batch, journal->hasher,
		      journal->boot_id[0] ? journal->boot_id : NULL);
	origin = origin_now(journal);
	if (!error)
		error = open_database(journal, &origin);
	if (error == -EUCLEAN || (error == -EBADMSG && was_journal(journal))) {
		salvage_end(journal);
		error = start_anew(journal, "damaged");
	}
	if (error) {
		journal_free(journal);
		return error;
	}
	*ret_journal = journal;
	return 0;
}

void tc_journal_close(struct tc_journal *journal)
{
	if (!journal)
		return;
	journal->begun_ns = 0; /* there is no later */
	if (tc_journal_flush(journal))
		tc_error("journal %s: %zu alerts could not be stored and are lost",
			 journal->file.path, journal->batch.count);
	journal_free(journal);
}
