/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_schema.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/log.h"
#include "output/journal.h"

/*
 * Version 1. AUTOINCREMENT: a number is never given out again, even after the rows with the highest
 * numbers were deleted (https://www.sqlite.org/autoinc.html). Unsigned 64-bit numbers are stored in
 * SQLite's signed ones, bit for bit. Indexes are few, since each costs about a fifth of the writing
 * rate: by time for --since, by rule for --rule; the latter without the rows that have no rule.
 */
static const char entries_sql[] =
	"CREATE TABLE entries ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" uuid TEXT NOT NULL,"
	" time_ns INTEGER NOT NULL,"  /* since the epoch */
	" boot_id TEXT,"	      /* /proc/sys/kernel/random/boot_id */
	" rule TEXT,"		      /* NULL: a notice of the agent itself */
	" priority INTEGER NOT NULL," /* RFC 5424 severity, 0 to 7 */
	" kind TEXT NOT NULL,"
	" cgroup_id INTEGER,"
	" cgroup_path TEXT,"
	" container_id TEXT,"
	" pid INTEGER,"
	" start_ns INTEGER," /* since boot; with pid it identifies a process */
	" comm TEXT,"
	" exe TEXT,"
	" json TEXT NOT NULL" /* the alert as it is told, seq included */
	");"
	"CREATE INDEX entries_time ON entries (time_ns);"
	"CREATE INDEX entries_rule ON entries (rule) WHERE rule IS NOT NULL;";

/*
 * Version 2: the chain. Rows of version 1 stay without a hash. A head is written with every commit;
 * most are replaced by the next one. What a checkpoint says was taken by retention.
 */
static const char chain_sql[] =
	"ALTER TABLE entries ADD COLUMN hash BLOB;"
	"CREATE TABLE origin ("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" form INTEGER NOT NULL," /* of messages, see output/chain.h: 1 */
	" seq INTEGER NOT NULL,"  /* the number behind which the chain begins */
	" reason TEXT NOT NULL,"  /* new, migrated, damaged, removed, replaced */
	" time_ns INTEGER NOT NULL,"
	" boot_id TEXT,"
	" predecessor TEXT,"	  /* of the last three: name of what was set aside, */
	" predecessor_head BLOB," /* and the last hash that was known of it */
	" hash BLOB NOT NULL);"
	"CREATE TABLE heads ("
	" id INTEGER PRIMARY KEY,"
	" seq INTEGER NOT NULL,"
	" hash BLOB NOT NULL,"
	" time_ns INTEGER NOT NULL," /* of the commit, since the epoch */
	" boot_id TEXT,"
	" seal BLOB NOT NULL);"
	"CREATE TABLE checkpoints ("
	" id INTEGER PRIMARY KEY,"
	" first_seq INTEGER NOT NULL," /* first number taken */
	" seq INTEGER NOT NULL,"       /* last number taken */
	" hash BLOB,"		       /* of that row; NULL: it was not chained */
	" count INTEGER NOT NULL,"     /* rows taken */
	" undelivered INTEGER NOT NULL,"
	" time_ns INTEGER NOT NULL,"
	" boot_id TEXT,"
	" told INTEGER NOT NULL," /* 1: a journal_pruned row tells it */
	" seal BLOB NOT NULL);";

/*
 * Version 3: one index that has everything a query asks for, so that what does not match is never
 * read with its JSON. In the order of time, where rows are added at its end, it costs the writer no
 * more than the two before it (tests/bench/README.md).
 */
static const char find_sql[] =
	"DROP INDEX IF EXISTS entries_time;"
	"DROP INDEX IF EXISTS entries_rule;"
	"CREATE INDEX entries_find ON entries (time_ns, rule, priority, kind, cgroup_id,"
	" cgroup_path, container_id, pid, comm, exe);";

static const char origin_sql[] =
	"INSERT INTO origin (id, form, seq, reason, time_ns, boot_id, predecessor,"
	" predecessor_head, hash) VALUES (1, 1, ?1, ?2, ?3, ?4, ?5, ?6,"
	" seal('origin', 1, ?1, ?2, ?3, ?4, ?5, ?6))";

/* The chain begins behind the rows that are there. */
static int begin_chain(sqlite3 *db, int64_t version, const struct tc_origin *origin)
{
	const char *reason = version ? "migrated" : origin->reason ?: "new";
	sqlite3_stmt *statement = NULL;
	int64_t seq = (int64_t)origin->seq;
	int result = SQLITE_OK;

	if (version)
		result = sqlite3_prepare_v2(
			db,
			"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries'",
			-1, &statement, NULL);
	if (version && result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		seq = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v2(db, origin_sql, -1, &statement, NULL);
	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_int64(statement, 1, seq);
	sqlite3_bind_text(statement, 2, reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, (int64_t)origin->time_ns);
	sqlite3_bind_text(statement, 4, origin->boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, origin->predecessor, -1, SQLITE_STATIC);
	if (origin->predecessor_head)
		sqlite3_bind_blob(statement, 6, origin->predecessor_head->bytes, TC_HASH_BYTES,
				  SQLITE_STATIC);
	sqlite3_step(statement);
	return sqlite3_finalize(statement);
}

/*
 * The way to this version: row n leads from version n to n + 1. A step is never changed once it was
 * released; a new version is a new row.
 */
static const struct {
	const char *sql;
	/* What SQL alone cannot do, behind it; version: where the journal came from. A result of
	 * SQLite. */
	int (*then)(sqlite3 *db, int64_t version, const struct tc_origin *origin);
} steps[TC_JOURNAL_SCHEMA_VERSION] = {
	{.sql = entries_sql},
	{.sql = chain_sql, .then = begin_chain},
	{.sql = find_sql},
};

static const struct {
	int result; /* primary result code, or an extended one */
	int error;
	const char *words;
} failures[] = {
	{SQLITE_NOTADB, EBADMSG, "the file is not a database; move it away or give another path"},
	{SQLITE_CORRUPT, EUCLEAN, "the database is damaged"},
	{SQLITE_BUSY, EBUSY, "another program holds a lock on the database"},
	{SQLITE_LOCKED, EBUSY, "another program holds a lock on the database"},
	{SQLITE_FULL, ENOSPC, "the disk is full"},
	{SQLITE_NOMEM, ENOMEM, "out of memory"},
	{SQLITE_READONLY_ROLLBACK, EROFS,
	 "its writer was killed while it was made; it is mended when an agent opens it"},
	{SQLITE_READONLY, EROFS, "the database cannot be written"},
	{SQLITE_PERM, EACCES, "no permission"},
	{SQLITE_AUTH, EACCES, "no permission"},
	{SQLITE_CONSTRAINT, EBADMSG,
	 "something in the database keeps rows out: a trigger or another program's rows"},
	{SQLITE_TOOBIG, EMSGSIZE, "a row is too large"},
};

/* Index into failures, or -1. An extended code is found by its primary one where it has no row. */
static int failure_find(int result)
{
	for (int i = 0; i < (int)(sizeof(failures) / sizeof(failures[0])); i++)
		if (failures[i].result == result || failures[i].result == (result & 0xff))
			return i;
	return -1;
}

int tc_journal_errno(sqlite3 *db, int result)
{
	int failure = failure_find(result), system_error = db ? sqlite3_system_errno(db) : 0;

	if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE)
		return 0;
	if (failure >= 0)
		return -failures[failure].error;
	/* Where the kernel refused, its own word says more than CANTOPEN or IOERR. */
	if (((result & 0xff) == SQLITE_CANTOPEN || (result & 0xff) == SQLITE_IOERR) && system_error)
		return -system_error;
	return -EIO;
}

int tc_journal_fail(sqlite3 *db, int result, const char *path, const char *what)
{
	int extended = db ? sqlite3_extended_errcode(db) : result;
	int failure = failure_find((extended & 0xff) == (result & 0xff) ? extended : result);
	int error = tc_journal_errno(db, result);

	if (failure >= 0)
		tc_error("journal %s: cannot %s: %s", path, what, failures[failure].words);
	else
		tc_error("journal %s: cannot %s: %s (%s)", path, what, strerror(-error),
			 db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
	return error;
}

int tc_journal_connect(const char *path, sqlite3 **ret_db)
{
	sqlite3 *db = NULL;

	if (access(path, F_OK)) {
		int error = -errno;

		tc_error("journal %s: %s", path,
			 error == -ENOENT ? "there is none; has the agent run here?"
					  : strerror(-error));
		return error;
	}
	int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (result != SQLITE_OK) {
		int error = tc_journal_fail(db, result, path, "open it");

		sqlite3_close(db);
		return error;
	}
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, TC_JOURNAL_BUSY_MS);
	*ret_db = db;
	return 0;
}

int tc_journal_number(sqlite3 *db, const char *path, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	else
		result = tc_journal_fail(db, result == SQLITE_DONE ? SQLITE_CORRUPT : result, path,
					 "read it");
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : result;
}

int tc_journal_check_version(sqlite3 *db, const char *path, int64_t *ret_version)
{
	int64_t application, version, tables;
	int error = tc_journal_number(db, path, "PRAGMA application_id", &application);

	if (!error)
		error = tc_journal_number(db, path, "PRAGMA user_version", &version);
	if (!error)
		error = tc_journal_number(db, path, "SELECT count(*) FROM sqlite_schema", &tables);
	if (error)
		return error;

	bool empty = application == 0 && version == 0 && tables == 0;
	if (!empty && (application != TC_JOURNAL_APPLICATION_ID || version < 1)) {
		tc_error("journal %s: this is another program's database; give another path", path);
		return -EBADMSG;
	}
	if (version > TC_JOURNAL_SCHEMA_VERSION) {
		tc_error("journal %s: written by a newer Tocsin (schema %lld, this one knows %d); "
			 "use that one, or give another path",
			 path, (long long)version, TC_JOURNAL_SCHEMA_VERSION);
		return -EPROTO;
	}
	*ret_version = version;
	return 0;
}

/* One step, without its transaction. A result of SQLite. */
static int take_step(sqlite3 *db, int64_t from, int64_t step, const struct tc_origin *origin)
{
	char version[96];
	int result = sqlite3_exec(db, steps[step].sql, NULL, NULL, NULL);

	if (result == SQLITE_OK && steps[step].then)
		result = steps[step].then(db, from, origin);
	snprintf(version, sizeof(version), "PRAGMA application_id = %d; PRAGMA user_version = %lld",
		 TC_JOURNAL_APPLICATION_ID, (long long)step + 1);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, version, NULL, NULL, NULL);
	return result;
}

/* Steps from one version to another in one transaction. A result of SQLite. */
static int take_steps(sqlite3 *db, int64_t from, int64_t to, const struct tc_origin *origin)
{
	int result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (int64_t step = from; step < to && result == SQLITE_OK; step++)
		result = take_step(db, from, step, origin);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return result;
}

int tc_journal_migrate(sqlite3 *db, const char *path, int64_t version,
		       const struct tc_origin *origin)
{
	int64_t from = version;
	int result = SQLITE_OK;

	while (version < TC_JOURNAL_SCHEMA_VERSION && result == SQLITE_OK) {
		int64_t to = from ? version + 1 : TC_JOURNAL_SCHEMA_VERSION;

		result = take_steps(db, version, to, origin);
		version = to;
	}
	if (result != SQLITE_OK) {
		int error = tc_journal_fail(db, result, path, "make its tables");

		if (!sqlite3_get_autocommit(db))
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return error;
	}
	if (from && from < version)
		tc_info("journal %s: brought from schema %lld to %lld; its rows were kept", path,
			(long long)from, (long long)version);
	return 0;
}
