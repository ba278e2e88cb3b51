/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_schema.h"

#include <errno.h>
#include <stdint.h>

#include "agent/log.h"
#include "output/journal.h"

#define STRING_OF(macro) STRING_OF_(macro)
#define STRING_OF_(text) #text

/*
 * AUTOINCREMENT: a number is never given out again, even after the rows with the highest numbers
 * were deleted (https://www.sqlite.org/autoinc.html). Unsigned 64-bit numbers are stored in
 * SQLite's signed ones, bit for bit. Indexes are few, since each costs about a fifth of the writing
 * rate: by time for --since, by rule for --rule; the latter without the rows that have no rule.
 */
static const char schema_sql[] =
	"BEGIN IMMEDIATE;"
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
	"CREATE INDEX entries_rule ON entries (rule) WHERE rule IS NOT NULL;"
	"PRAGMA application_id = " STRING_OF(
		TC_JOURNAL_APPLICATION_ID) ";"
					   "PRAGMA user_version = " STRING_OF(
						   TC_JOURNAL_SCHEMA_VERSION) ";"
									      "COMMIT;";

static const struct {
	int result; /* primary result code */
	int error;
	const char *words;
} failures[] = {
	{SQLITE_NOTADB, EBADMSG, "the file is not a database; move it away or give another path"},
	{SQLITE_CORRUPT, EUCLEAN,
	 "the database is damaged; move it away, and the agent makes a new one"},
	{SQLITE_BUSY, EBUSY, "another program holds a lock on the database"},
	{SQLITE_LOCKED, EBUSY, "another program holds a lock on the database"},
	{SQLITE_FULL, ENOSPC, "the disk is full"},
	{SQLITE_NOMEM, ENOMEM, "out of memory"},
	{SQLITE_READONLY, EROFS, "the database cannot be written"},
	{SQLITE_PERM, EACCES, "no permission"},
	{SQLITE_AUTH, EACCES, "no permission"},
	{SQLITE_CONSTRAINT, EBADMSG,
	 "something in the database keeps rows out: a trigger or another program's rows"},
	{SQLITE_TOOBIG, EMSGSIZE, "a row is too large"},
};

/* Index into failures, or -1. */
static int failure_find(int result)
{
	for (int i = 0; i < (int)(sizeof(failures) / sizeof(failures[0])); i++)
		if (failures[i].result == (result & 0xff))
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
	int failure = failure_find(result), error = tc_journal_errno(db, result);

	if (failure >= 0)
		tc_error("journal %s: cannot %s: %s", path, what, failures[failure].words);
	else
		tc_error("journal %s: cannot %s: %s (%s)", path, what, strerror(-error),
			 db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
	return error;
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

int tc_journal_check_version(sqlite3 *db, const char *path, bool *ret_empty)
{
	int64_t application, version, tables;
	int error = tc_journal_number(db, path, "PRAGMA application_id", &application);

	if (!error)
		error = tc_journal_number(db, path, "PRAGMA user_version", &version);
	if (!error)
		error = tc_journal_number(db, path, "SELECT count(*) FROM sqlite_schema", &tables);
	if (error)
		return error;

	*ret_empty = application == 0 && version == 0 && tables == 0;
	if (*ret_empty)
		return 0;
	if (application != TC_JOURNAL_APPLICATION_ID) {
		tc_error("journal %s: this is another program's database; give another path", path);
		return -EBADMSG;
	}
	if (version > TC_JOURNAL_SCHEMA_VERSION) {
		tc_error("journal %s: written by a newer Tocsin (schema %lld, this one knows %d)",
			 path, (long long)version, TC_JOURNAL_SCHEMA_VERSION);
		return -EPROTO;
	}
	return 0;
}

int tc_journal_create_schema(sqlite3 *db, const char *path)
{
	int result = sqlite3_exec(db, schema_sql, NULL, NULL, NULL);

	if (result == SQLITE_OK)
		return 0;
	int error = tc_journal_fail(db, result, path, "make its tables");
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return error;
}
