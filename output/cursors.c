/* SPDX-License-Identifier: Apache-2.0 */
#include "output/cursors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "output/journal_schema.h"
#include "output/safe_file.h"

/* In messages, before the path. */
#define NOUN "positions of outputs"

#define STRING_OF(macro) STRING_OF_(macro)
#define STRING_OF_(text) #text

/* How long a courier waits for `tocsin status`, which holds no lock for long. */
#define BUSY_MS 1000

struct tc_cursors {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *put;
	int64_t version;       /* of the schema that was found */
	pthread_mutex_t mutex; /* of all above: couriers are threads */
	bool failing;	       /* told already */
};

static const char schema_sql[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE outputs ("
	" name TEXT PRIMARY KEY NOT NULL,"
	" spec TEXT NOT NULL,"
	" durable INTEGER NOT NULL,"
	" active INTEGER NOT NULL,"
	" seq INTEGER NOT NULL,"
	" reached_seq INTEGER NOT NULL,"
	" updated_ns INTEGER NOT NULL,"
	" error TEXT,"
	" error_ns INTEGER NOT NULL,"
	" errors INTEGER NOT NULL,"
	" delivered INTEGER NOT NULL,"
	" suppressed INTEGER NOT NULL,"
	" journal BLOB"
	") WITHOUT ROWID;"
	"PRAGMA application_id = " STRING_OF(
		TC_CURSORS_APPLICATION_ID) ";"
					   "PRAGMA user_version = " STRING_OF(
						   TC_CURSORS_SCHEMA_VERSION) ";"
									      "COMMIT;";

/* Of version 1; and all. */
#define OLD_COLUMNS                                                                                \
	"name, spec, durable, active, seq, reached_seq, updated_ns, error, error_ns, errors, "     \
	"delivered, suppressed"
#define COLUMNS OLD_COLUMNS ", journal"

/* From version 1, whose cursors did not say of which journal they are. */
static const char migrate_sql[] = "BEGIN IMMEDIATE;"
				  "ALTER TABLE outputs ADD COLUMN journal BLOB;"
				  "PRAGMA user_version = 2;"
				  "COMMIT;";

char *tc_cursors_path(const char *journal_path)
{
	static const char usual[] = "journal.db";
	size_t length = strlen(journal_path), tail = strlen(usual);
	char *path;
	int r;

	if (length >= tail && strcmp(journal_path + length - tail, usual) == 0 &&
	    (length == tail || journal_path[length - tail - 1] == '/'))
		r = asprintf(&path, "%.*soutputs.db", (int)(length - tail), journal_path);
	else
		r = asprintf(&path, "%s.outputs", journal_path);
	return r < 0 ? NULL : path;
}

static int fail(struct tc_cursors *cursors, int result, const char *what)
{
	int error = tc_journal_errno(cursors->db, result);

	tc_error(NOUN " %s: cannot %s: %s", cursors->path, what,
		 result == SQLITE_FULL ? "the disk is full" : sqlite3_errmsg(cursors->db));
	return error;
}

static int number(struct tc_cursors *cursors, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(cursors->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? SQLITE_OK : result == SQLITE_DONE ? SQLITE_CORRUPT : result;
}

/* Whose database it is. 0 and whether it is empty; -EUCLEAN: damaged; -EBADMSG, -EPROTO or another
 * errno, logged. */
static int check_version(struct tc_cursors *cursors, bool *ret_empty)
{
	int64_t application, version, tables;
	int result = number(cursors, "PRAGMA application_id", &application);

	if (result == SQLITE_OK)
		result = number(cursors, "PRAGMA user_version", &version);
	if (result == SQLITE_OK)
		result = number(cursors, "SELECT count(*) FROM sqlite_schema", &tables);
	if ((result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB)
		return -EUCLEAN;
	if (result != SQLITE_OK)
		return fail(cursors, result, "read them");
	cursors->version = version;
	*ret_empty = application == 0 && version == 0 && tables == 0;
	if (*ret_empty)
		return 0;
	if (application != TC_CURSORS_APPLICATION_ID) {
		tc_error(NOUN " %s: this is another program's database; move it away",
			 cursors->path);
		return -EBADMSG;
	}
	if (version > TC_CURSORS_SCHEMA_VERSION) {
		tc_error(NOUN " %s: written by a newer Tocsin (schema %lld, this one "
			      "knows %d)",
			 cursors->path, (long long)version, TC_CURSORS_SCHEMA_VERSION);
		return -EPROTO;
	}
	return 0;
}

static int make_file(const struct tc_cursors *cursors)
{
	int fd = open(cursors->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	int error;

	if (fd < 0)
		return tc_error_return(-errno, NOUN " %s: cannot open the file", cursors->path);
	error = tc_safe_file(NOUN, cursors->path, "", fd);
	close(fd);
	return error;
}

/*
 * synchronous=NORMAL: after a power cut an output may go back to an earlier position and tell some
 * alerts again, which it may do anyway; a commit costs no wait for the disk.
 */
static int set_up(struct tc_cursors *cursors)
{
	static const char pragmas[] = "PRAGMA journal_mode = WAL;"
				      "PRAGMA synchronous = NORMAL;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cache_size = -128;"
				      "PRAGMA wal_autocheckpoint = 100;";
	static const char put_sql[] =
		"INSERT OR REPLACE INTO outputs (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)";
	bool empty = false;
	int error = check_version(cursors, &empty), result;

	if (error)
		return error;
	result = sqlite3_exec(cursors->db, pragmas, NULL, NULL, NULL);
	if (result == SQLITE_OK && empty)
		result = sqlite3_exec(cursors->db, schema_sql, NULL, NULL, NULL);
	else if (result == SQLITE_OK && cursors->version == 1)
		result = sqlite3_exec(cursors->db, migrate_sql, NULL, NULL, NULL);
	if (result == SQLITE_OK)
		cursors->version = TC_CURSORS_SCHEMA_VERSION;
	if (result == SQLITE_OK)
		result = sqlite3_prepare_v3(cursors->db, put_sql, -1, SQLITE_PREPARE_PERSISTENT,
					    &cursors->put, NULL);
	if ((result & 0xff) == SQLITE_CORRUPT)
		return -EUCLEAN;
	return result == SQLITE_OK ? 0 : fail(cursors, result, "set them up");
}

static int open_database(struct tc_cursors *cursors, int flags)
{
	int result =
		sqlite3_open_v2(cursors->path, &cursors->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (result != SQLITE_OK)
		return fail(cursors, result, "open them");
	sqlite3_extended_result_codes(cursors->db, 1);
	sqlite3_busy_timeout(cursors->db, BUSY_MS);
	return 0;
}

static void close_database(struct tc_cursors *cursors)
{
	sqlite3_finalize(cursors->put);
	sqlite3_close(cursors->db);
	cursors->put = NULL;
	cursors->db = NULL;
}

/* Moves a damaged database away, for whoever wants to look at it. */
static int set_aside(struct tc_cursors *cursors)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};

	close_database(cursors);
	tc_error(NOUN
		 " %s: the database is damaged; it is set aside as "
		 "%s.damaged, and outputs begin at the start of the journal: what they told before "
		 "they tell again",
		 cursors->path, cursors->path);
	for (size_t i = 0; i < 3; i++) {
		_cleanup_buffer_ struct tc_buffer from = {0}, to = {0};

		tc_buffer_printf(&from, "%s%s", cursors->path, suffixes[i]);
		tc_buffer_printf(&to, "%s.damaged%s", cursors->path, suffixes[i]);
		if (tc_buffer_failed(&from) || tc_buffer_failed(&to))
			return -ENOMEM;
		if (rename(from.bytes, to.bytes) && errno != ENOENT)
			return tc_error_return(-errno, NOUN " %s: cannot set it aside",
					       cursors->path);
	}
	return 0;
}

/* SQLite is told to follow no symbolic link; the directory may be reached by one. */
static int find_path(struct tc_cursors *cursors)
{
	char *real = NULL;
	int error = tc_safe_path(NOUN, cursors->path, &real);

	if (error)
		return error;
	free(cursors->path);
	cursors->path = real;
	return 0;
}

static int open_for_writing(struct tc_cursors *cursors)
{
	int error = make_file(cursors);

	if (!error)
		error = open_database(cursors, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
	if (!error)
		error = set_up(cursors);
	return error;
}

static int cursors_new(const char *journal_path, struct tc_cursors **ret_cursors)
{
	struct tc_cursors *cursors = calloc(1, sizeof(*cursors));

	if (!cursors)
		return -ENOMEM;
	pthread_mutex_init(&cursors->mutex, NULL);
	cursors->path = tc_cursors_path(journal_path);
	if (!cursors->path) {
		tc_cursors_close(cursors);
		return -ENOMEM;
	}
	*ret_cursors = cursors;
	return 0;
}

int tc_cursors_open(const char *journal_path, struct tc_cursors **ret_cursors, bool *ret_lost)
{
	struct tc_cursors *cursors;
	bool lost = false;
	int error = cursors_new(journal_path, &cursors);

	if (error)
		return error;
	error = find_path(cursors);
	if (!error)
		error = open_for_writing(cursors);
	if (error == -EUCLEAN) {
		lost = true;
		error = set_aside(cursors);
		if (!error)
			error = open_for_writing(cursors);
	}
	if (error) {
		tc_cursors_close(cursors);
		return error;
	}
	*ret_cursors = cursors;
	*ret_lost = lost;
	return 0;
}

int tc_cursors_open_readonly(const char *journal_path, struct tc_cursors **ret_cursors)
{
	struct tc_cursors *cursors;
	bool empty = false;
	int error = cursors_new(journal_path, &cursors);

	if (error)
		return error;
	error = access(cursors->path, F_OK) ? -errno : open_database(cursors, SQLITE_OPEN_READONLY);
	if (!error)
		error = check_version(cursors, &empty);
	if (error == -EUCLEAN)
		tc_error(NOUN " %s: the database is damaged; the agent sets it aside "
			      "when it starts",
			 cursors->path);
	if (!error && empty)
		error = -ENOENT;
	if (error) {
		tc_cursors_close(cursors);
		return error;
	}
	*ret_cursors = cursors;
	return 0;
}

void tc_cursors_close(struct tc_cursors *cursors)
{
	if (!cursors)
		return;
	close_database(cursors);
	pthread_mutex_destroy(&cursors->mutex);
	free(cursors->path);
	free(cursors);
}

int tc_cursors_retire(struct tc_cursors *cursors)
{
	int result = sqlite3_exec(cursors->db, "UPDATE outputs SET active = 0", NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : fail(cursors, result, "write them");
}

static int put(struct tc_cursors *cursors, const struct tc_cursor *cursor)
{
	sqlite3_stmt *statement = cursors->put;

	sqlite3_bind_text(statement, 1, cursor->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, cursor->spec, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 3, cursor->durable);
	sqlite3_bind_int(statement, 4, cursor->active);
	sqlite3_bind_int64(statement, 5, (int64_t)cursor->seq);
	sqlite3_bind_int64(statement, 6, (int64_t)cursor->reached_seq);
	sqlite3_bind_int64(statement, 7, (int64_t)cursor->updated_ns);
	sqlite3_bind_text(statement, 8, cursor->error, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 9, (int64_t)cursor->error_ns);
	sqlite3_bind_int64(statement, 10, (int64_t)cursor->errors);
	sqlite3_bind_int64(statement, 11, (int64_t)cursor->delivered);
	sqlite3_bind_int64(statement, 12, (int64_t)cursor->suppressed);
	sqlite3_bind_blob(statement, 13, cursor->journal, TC_HASH_BYTES, SQLITE_STATIC);
	int result = sqlite3_step(statement), reset = sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return result == SQLITE_DONE ? reset : result;
}

int tc_cursors_put(struct tc_cursors *cursors, const struct tc_cursor *cursor)
{
	int error = 0;

	pthread_mutex_lock(&cursors->mutex);
	int result = put(cursors, cursor);
	if (result != SQLITE_OK)
		error = cursors->failing ? tc_journal_errno(cursors->db, result)
					 : fail(cursors, result, "write them");
	else if (cursors->failing)
		tc_info(NOUN " %s: writing again", cursors->path);
	cursors->failing = error;
	pthread_mutex_unlock(&cursors->mutex);
	return error;
}

static void fill(sqlite3_stmt *statement, struct tc_cursor *ret_cursor)
{
	const void *journal = sqlite3_column_blob(statement, 12);
	bool known = sqlite3_column_bytes(statement, 12) == TC_HASH_BYTES;

	*ret_cursor = (struct tc_cursor){
		.name = (const char *)sqlite3_column_text(statement, 0),
		.spec = (const char *)sqlite3_column_text(statement, 1),
		.durable = sqlite3_column_int(statement, 2),
		.active = sqlite3_column_int(statement, 3),
		.seq = (uint64_t)sqlite3_column_int64(statement, 4),
		.reached_seq = (uint64_t)sqlite3_column_int64(statement, 5),
		.updated_ns = (uint64_t)sqlite3_column_int64(statement, 6),
		.error = (const char *)sqlite3_column_text(statement, 7),
		.error_ns = (uint64_t)sqlite3_column_int64(statement, 8),
		.errors = (uint64_t)sqlite3_column_int64(statement, 9),
		.delivered = (uint64_t)sqlite3_column_int64(statement, 10),
		.suppressed = (uint64_t)sqlite3_column_int64(statement, 11),
		.journal = known ? journal : NULL,
	};
}

#define EACH(columns) "SELECT " columns " FROM outputs WHERE ?1 IS NULL OR name = ?1 ORDER BY name"
static const char each_sql[] = EACH(COLUMNS), each_old_sql[] = EACH(OLD_COLUMNS ", NULL");

int tc_cursors_each(struct tc_cursors *cursors, const char *name, tc_cursor_callback callback,
		    void *context)
{
	/* Whoever only reads may find version 1. */
	bool has_journal = cursors->version >= 2;
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(cursors->db, has_journal ? each_sql : each_old_sql, -1,
					&statement, NULL),
	    stop = 0;

	if (result == SQLITE_OK)
		result = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	while (result == SQLITE_OK && !stop && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct tc_cursor cursor;

		fill(statement, &cursor);
		stop = callback(&cursor, context);
		result = SQLITE_OK;
	}
	if (!stop && result != SQLITE_DONE)
		stop = fail(cursors, result, "read them");
	sqlite3_finalize(statement);
	return stop;
}
