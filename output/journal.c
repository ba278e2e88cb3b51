/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "agent/value.h"
#include "output/format/text.h"
#include "output/journal_schema.h"

/* The columns, in the order of insert_sql. */
enum column {
	COLUMN_SEQ,
	COLUMN_UUID,
	COLUMN_TIME,
	COLUMN_BOOT,
	COLUMN_RULE,
	COLUMN_PRIORITY,
	COLUMN_KIND,
	COLUMN_JSON,
	COLUMN_FIELDS, /* from here on as in field_columns */
	COLUMN_MAX = COLUMN_FIELDS + 7,
};

static const char insert_sql[] =
	"INSERT INTO entries (seq, uuid, time_ns, boot_id, rule, priority, kind, json,"
	" cgroup_id, cgroup_path, container_id, pid, start_ns, comm, exe)"
	" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

/* Fields with a column of their own, so that a query finds them without reading JSON. */
static const char *const field_columns[COLUMN_MAX - COLUMN_FIELDS] = {
	"cgroup.id",	       "cgroup.path", "container.id", "proc.pid",
	"proc.start_boottime", "proc.name",   "proc.exepath",
};

/* A value of a row that waits. */
struct cell {
	enum { CELL_NULL, CELL_NUMBER, CELL_TEXT } type;
	union {
		int64_t number;
		struct {
			size_t offset, length; /* in journal->text */
		};
	};
};

struct row {
	struct cell cells[COLUMN_MAX];
};

struct tc_journal {
	char *path; /* as given: for messages */
	char *file; /* the same file by a path without symbolic links */
	sqlite3 *db;
	sqlite3_stmt *insert;
	const struct tc_field
		*fields[COLUMN_MAX - COLUMN_FIELDS]; /* NULL where the schema has none */
	char boot_id[TC_BOOT_ID_LENGTH + 1];	     /* "" when unknown */
	uint64_t last_seq;			     /* committed */
	struct row *rows;
	size_t n_rows, rows_size;
	struct tc_buffer text; /* bytes of all cells */
	int lock_fd;
	bool failing; /* the last flush failed */
};

/* --- the batch --- */

static void set_number(struct row *row, unsigned column, int64_t number)
{
	row->cells[column] = (struct cell){.type = CELL_NUMBER, .number = number};
}

/* Starts a text cell; what is appended to journal->text until end_text() is its content. */
static void begin_text(struct tc_journal *journal, struct row *row, unsigned column)
{
	row->cells[column] = (struct cell){.type = CELL_TEXT};
	row->cells[column].offset = journal->text.length;
}

static void end_text(struct tc_journal *journal, struct row *row, unsigned column)
{
	row->cells[column].length = journal->text.length - row->cells[column].offset;
}

static void set_text(struct tc_journal *journal, struct row *row, unsigned column, const char *text)
{
	begin_text(journal, row, column);
	tc_text_sanitize(&journal->text, text, strlen(text));
	end_text(journal, row, column);
}

static void set_field(struct tc_journal *journal, struct row *row, unsigned index,
		      struct tc_event *event)
{
	unsigned column = COLUMN_FIELDS + index;
	struct tc_value value;

	if (!journal->fields[index] || !tc_event_get(event, journal->fields[index], -1, &value))
		return;
	if (value.type == TC_TYPE_UINT || value.type == TC_TYPE_INT) {
		set_number(row, column, value.sint);
	} else if (value.type == TC_TYPE_STRING) {
		begin_text(journal, row, column);
		tc_text_escape(&journal->text, value.bytes, value.length);
		end_text(journal, row, column);
	}
}

static void fill_row(struct tc_journal *journal, struct row *row, const struct tc_alert *alert)
{
	*row = (struct row){0};
	set_number(row, COLUMN_SEQ, (int64_t)alert->seq);
	set_text(journal, row, COLUMN_UUID, alert->uuid);
	set_number(row, COLUMN_TIME, (int64_t)alert->time_ns);
	if (journal->boot_id[0])
		set_text(journal, row, COLUMN_BOOT, journal->boot_id);
	if (alert->rule)
		set_text(journal, row, COLUMN_RULE, alert->rule->name);
	set_number(row, COLUMN_PRIORITY, tc_alert_priority(alert));
	set_text(journal, row, COLUMN_KIND, alert->event->kind->name);
	for (unsigned i = 0; i < COLUMN_MAX - COLUMN_FIELDS; i++)
		set_field(journal, row, i, alert->event);
	begin_text(journal, row, COLUMN_JSON);
	tc_format_json(alert, &journal->text);
	end_text(journal, row, COLUMN_JSON);
}

static int reserve_row(struct tc_journal *journal, bool notice)
{
	size_t size = journal->rows_size ? 2 * journal->rows_size : 64;
	size_t limit = TC_JOURNAL_PENDING_MAX + (notice ? TC_JOURNAL_PENDING_NOTICES : 0);
	struct row *rows;

	if (journal->n_rows >= limit)
		return -ENOBUFS;
	if (journal->n_rows < journal->rows_size)
		return 0;
	rows = realloc(journal->rows, size * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	journal->rows = rows;
	journal->rows_size = size;
	return 0;
}

int tc_journal_add(struct tc_journal *journal, struct tc_alert *alert)
{
	size_t length = journal->text.length;
	struct tc_alert numbered = *alert;
	int error = reserve_row(journal, !alert->rule);
	struct row *row;

	if (error)
		return error;
	row = &journal->rows[journal->n_rows];
	numbered.seq = journal->last_seq + journal->n_rows + 1;
	fill_row(journal, row, &numbered);
	if (tc_buffer_failed(&journal->text)) {
		journal->text.length = length;
		journal->text.failed = false;
		return -ENOMEM;
	}
	journal->n_rows++;
	alert->seq = numbered.seq;
	alert->json = journal->text.bytes + row->cells[COLUMN_JSON].offset;
	alert->json_length = row->cells[COLUMN_JSON].length;
	return 0;
}

size_t tc_journal_pending(const struct tc_journal *journal)
{
	return journal->n_rows;
}

uint64_t tc_journal_last_seq(const struct tc_journal *journal)
{
	return journal->last_seq;
}

/* --- committing --- */

static int bind_cell(struct tc_journal *journal, int place, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NUMBER:
		return sqlite3_bind_int64(journal->insert, place, cell->number);
	case CELL_TEXT:
		return sqlite3_bind_text64(journal->insert, place,
					   journal->text.bytes + cell->offset, cell->length,
					   SQLITE_STATIC, SQLITE_UTF8);
	case CELL_NULL:
		break;
	}
	return sqlite3_bind_null(journal->insert, place);
}

static int insert_row(struct tc_journal *journal, const struct row *row)
{
	int result = SQLITE_OK;

	for (int i = 0; i < COLUMN_MAX && result == SQLITE_OK; i++)
		result = bind_cell(journal, i + 1, &row->cells[i]);
	if (result == SQLITE_OK)
		result = sqlite3_step(journal->insert);
	int reset = sqlite3_reset(journal->insert);
	return result == SQLITE_DONE ? reset : result;
}

static int commit_rows(struct tc_journal *journal)
{
	int result = sqlite3_exec(journal->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	int before = sqlite3_total_changes(journal->db);

	for (size_t i = 0; i < journal->n_rows && result == SQLITE_OK; i++)
		result = insert_row(journal, &journal->rows[i]);
	/* A trigger may have swallowed rows (fewer changes) or taken them back (more: its own are
	 * counted). */
	if (result == SQLITE_OK &&
	    (unsigned)sqlite3_total_changes(journal->db) - (unsigned)before != journal->n_rows)
		result = SQLITE_CONSTRAINT;
	if (result == SQLITE_OK)
		result = sqlite3_exec(journal->db, "COMMIT", NULL, NULL, NULL);
	return result;
}

int tc_journal_flush(struct tc_journal *journal)
{
	if (!journal->n_rows)
		return 0;

	int result = commit_rows(journal);
	if (result != SQLITE_OK) {
		/* Told before ROLLBACK, which changes the message. */
		int error = journal->failing
				    ? tc_journal_errno(journal->db, result)
				    : tc_journal_fail(journal->db, result, journal->path, "write");

		journal->failing = true;
		if (!sqlite3_get_autocommit(journal->db))
			sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
		return error;
	}
	if (journal->failing)
		tc_info("journal %s: writing again; the %zu alerts that waited are stored",
			journal->path, journal->n_rows);
	journal->failing = false;
	journal->last_seq += journal->n_rows;
	journal->n_rows = 0;
	tc_buffer_reset(&journal->text);
	return 0;
}

/* --- opening --- */

/*
 * Whoever may write the journal, or swap its files for others, may tell the reader of it anything:
 * it must be ours or root's, and nobody else may write it. what is "" or a name with a blank behind
 * it.
 */
static int check_owner(const struct tc_journal *journal, const char *what, const struct stat *info)
{
	bool shared = S_ISDIR(info->st_mode) && info->st_mode & S_ISVTX && info->st_uid == 0;

	if (info->st_uid != 0 && info->st_uid != geteuid()) {
		tc_error("journal %s: %sbelongs to user %u; it must be root's or that of the agent",
			 journal->path, what, info->st_uid);
		return -EPERM;
	}
	if (info->st_mode & (S_IWGRP | S_IWOTH) && !shared) {
		tc_error("journal %s: %scan be written by others (mode %04o); take that away with "
			 "chmod go-w",
			 journal->path, what, info->st_mode & 07777);
		return -EPERM;
	}
	return 0;
}

/* An open file: a regular one that is safe to write. */
static int check_file(const struct tc_journal *journal, const char *what, int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return tc_error_return(-errno, "journal %s: %scannot look at it", journal->path,
				       what);
	if (!S_ISREG(info.st_mode)) {
		tc_error("journal %s: %sis not a regular file; give another path", journal->path,
			 what);
		return -EPERM;
	}
	return check_owner(journal, what, &info);
}

/*
 * Makes the directory when it is missing, looks whether it is safe, and finds its name without
 * symbolic links: SQLite is told to follow none.
 */
static int find_directory(struct tc_journal *journal)
{
	char *for_directory = strdup(journal->path), *for_name = strdup(journal->path);
	char *directory = NULL, *real = NULL;
	int error = for_directory && for_name ? 0 : -ENOMEM;
	struct stat info;

	if (!error) {
		directory = dirname(for_directory);
		if (mkdir(directory, 0700) && errno != EEXIST)
			error = tc_error_return(-errno, "journal %s: cannot make the directory %s",
						journal->path, directory);
	}
	if (!error) {
		real = realpath(directory, NULL);
		if (!real || stat(real, &info))
			error = tc_error_return(-errno, "journal %s: directory %s", journal->path,
						directory);
	}
	if (!error)
		error = check_owner(journal, "its directory ", &info);
	if (!error && asprintf(&journal->file, "%s/%s", real, basename(for_name)) < 0) {
		journal->file = NULL;
		error = -ENOMEM;
	}
	free(real);
	free(for_name);
	free(for_directory);
	return error;
}

static void tell_holder(const char *path, int fd)
{
	char holder[32] = "";
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? strspn(holder, "0123456789") : 0] = '\0';
	tc_error("journal %s: another agent writes it (process %s); stop that one, or give another "
		 "path",
		 path, holder[0] ? holder : "unknown");
}

/*
 * A file of its own beside the database: SQLite's locks on the database are dropped when any
 * descriptor of it is closed (fcntl_locking(2)), and its exclusive mode would keep readers out.
 */
static int lock_take(const struct tc_journal *journal, int *ret_fd)
{
	char *lock_path = NULL;

	if (asprintf(&lock_path, "%s.lock", journal->file) < 0)
		return tc_error_return(-ENOMEM, "journal %s", journal->path);
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	free(lock_path);
	if (fd < 0)
		return tc_error_return(-errno, "journal %s: cannot make its lock file",
				       journal->path);
	int error = check_file(journal, "its lock file ", fd);
	if (!error && flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		tell_holder(journal->path, fd);
	}
	if (error) {
		close(fd);
		return error;
	}
	/* The number is only for the message above; the lock holds without it. */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", (int)getpid());
	*ret_fd = fd;
	return 0;
}

/* Makes a missing file, so that its mode is ours and not the umask's; SQLite gives its other files
 * the same mode. */
static int make_file(const struct tc_journal *journal)
{
	int fd = open(journal->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0
				       : tc_error_return(-errno, "journal %s: cannot make it",
							 journal->path);
	close(fd);
	return 0;
}

/* The database and what SQLite keeps beside it, if it is there: all of it is believed when it is
 * opened. */
static int check_files(const struct tc_journal *journal)
{
	static const struct {
		const char *suffix, *what;
	} files[] = {{"", ""},
		     {"-wal", "its -wal file "},
		     {"-shm", "its -shm file "},
		     {"-journal", "its -journal file "}};
	int error = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !error; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s%s", journal->file, files[i].suffix) >=
		    (int)sizeof(path))
			return tc_error_return(-ENAMETOOLONG, "journal %s", journal->path);
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 && errno == ELOOP)
			return tc_error_return(-ELOOP, "journal %s: %sis a symbolic link",
					       journal->path, files[i].what);
		if (fd < 0)
			return tc_error_return(-errno, "journal %s: %scannot be opened",
					       journal->path, files[i].what);
		error = check_file(journal, files[i].what, fd);
		close(fd);
	}
	return error;
}

/*
 * synchronous=FULL: a commit is on the disk before an output tells it. NORMAL could take alerts
 * back after a power cut and give their numbers to others, and for batches of 1000 it is only 5 %
 * faster.
 */
static int set_pragmas(struct tc_journal *journal)
{
	static const char pragmas[] = "PRAGMA synchronous = FULL;"
				      "PRAGMA trusted_schema = OFF;"
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
			journal->path);
		return -EOPNOTSUPP;
	}
	if (result == SQLITE_ROW)
		result = sqlite3_exec(journal->db, pragmas, NULL, NULL, NULL);
	return result == SQLITE_OK
		       ? 0
		       : tc_journal_fail(journal->db, result, journal->path, "set it up");
}

static int open_database(struct tc_journal *journal)
{
	bool empty = false;

	/* SQLite's counters of memory cost a global lock for each allocation; nobody reads them. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int result = sqlite3_open_v2(
		journal->file, &journal->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(journal->db, result, journal->path, "open it");
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_timeout(journal->db, TC_JOURNAL_BUSY_MS);
	/* Looked at before anything is changed: the file may be another program's. */
	int error = tc_journal_check_version(journal->db, journal->path, &empty);
	if (!error && sqlite3_db_readonly(journal->db, "main"))
		error = tc_error_return(-EROFS, "journal %s: cannot write", journal->path);
	/*
	 * Can only be chosen before the first page is written. A row is 1 to 2 KB: pages of 4 KB
	 * would hold few and be written with twice as many system calls, pages of 16 KB make small
	 * batches dear.
	 */
	if (!error && empty)
		sqlite3_exec(journal->db, "PRAGMA page_size = 8192", NULL, NULL, NULL);
	if (!error)
		error = set_pragmas(journal);
	if (!error && empty)
		error = tc_journal_create_schema(journal->db, journal->path);
	return error;
}

static int prepare(struct tc_journal *journal)
{
	int64_t last_seq, triggers;
	int error = tc_journal_number(journal->db, journal->path,
				      "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'",
				      &triggers);

	if (!error && triggers) {
		tc_error("journal %s: it has triggers, which Tocsin did not make and which could "
			 "change what is "
			 "stored; move it away, and the agent makes a new one",
			 journal->path);
		error = -EBADMSG;
	}
	if (!error)
		error = tc_journal_number(journal->db, journal->path,
					  "SELECT max(coalesce((SELECT seq FROM sqlite_sequence "
					  "WHERE name = 'entries'), 0),"
					  " coalesce((SELECT max(seq) FROM entries), 0))",
					  &last_seq);
	if (error)
		return error;
	journal->last_seq = (uint64_t)last_seq;
	/* From here on this thread drains the rings: what cannot be committed at once is tried
	 * again. */
	sqlite3_busy_timeout(journal->db, TC_JOURNAL_FLUSH_BUSY_MS);
	int result = sqlite3_prepare_v3(journal->db, insert_sql, -1, SQLITE_PREPARE_PERSISTENT,
					&journal->insert, NULL);
	return result == SQLITE_OK ? 0
				   : tc_journal_fail(journal->db, result, journal->path, "write");
}

static void journal_free(struct tc_journal *journal)
{
	sqlite3_finalize(journal->insert);
	sqlite3_close(journal->db);
	if (journal->lock_fd >= 0)
		close(journal->lock_fd);
	free(journal->rows);
	tc_buffer_done(&journal->text);
	free(journal->file);
	free(journal->path);
	free(journal);
}

int tc_journal_open(const char *path, struct tc_journal **ret_journal)
{
	struct tc_journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	journal->lock_fd = -1;
	journal->path = strdup(path);
	for (unsigned i = 0; i < COLUMN_MAX - COLUMN_FIELDS; i++)
		journal->fields[i] = tc_field_by_name(field_columns[i], strlen(field_columns[i]));
	tc_clock_boot_id(journal->boot_id);

	int error = journal->path ? find_directory(journal) : -ENOMEM;
	if (!error)
		error = lock_take(journal, &journal->lock_fd);
	if (!error)
		error = make_file(journal);
	if (!error)
		error = check_files(journal);
	if (!error)
		error = open_database(journal);
	if (!error)
		error = prepare(journal);
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
	if (tc_journal_flush(journal))
		tc_error("journal %s: %zu alerts could not be stored and are lost", journal->path,
			 journal->n_rows);
	journal_free(journal);
}
