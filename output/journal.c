/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
	"cgroup.id",           "cgroup.path", "container.id", "proc.pid",
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
	char *path;
	sqlite3 *db;
	sqlite3_stmt *insert;
	const struct tc_field *fields[COLUMN_MAX - COLUMN_FIELDS]; /* NULL where the schema has none */
	char boot_id[37]; /* "" when unknown */
	uint64_t last_seq; /* committed */
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

static int reserve_row(struct tc_journal *journal)
{
	size_t size = journal->rows_size ? 2 * journal->rows_size : 64;
	struct row *rows;

	if (journal->n_rows >= TC_JOURNAL_PENDING_MAX)
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
	int error = reserve_row(journal);

	if (error)
		return error;
	numbered.seq = journal->last_seq + journal->n_rows + 1;
	fill_row(journal, &journal->rows[journal->n_rows], &numbered);
	if (tc_buffer_failed(&journal->text)) {
		journal->text.length = length;
		journal->text.failed = false;
		return -ENOMEM;
	}
	journal->n_rows++;
	alert->seq = numbered.seq;
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
		return sqlite3_bind_text64(journal->insert, place, journal->text.bytes + cell->offset,
					   cell->length, SQLITE_STATIC, SQLITE_UTF8);
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
	sqlite3_reset(journal->insert);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int commit_rows(struct tc_journal *journal)
{
	int result = sqlite3_exec(journal->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (size_t i = 0; i < journal->n_rows && result == SQLITE_OK; i++)
		result = insert_row(journal, &journal->rows[i]);
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

static int make_directory(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return tc_error_return(-ENOMEM, "journal %s", path);
	const char *directory = dirname(copy);
	int error = mkdir(directory, 0700) && errno != EEXIST ? -errno : 0;
	if (error)
		tc_error("journal %s: cannot make the directory %s: %s", path, directory,
			 strerror(-error));
	free(copy);
	return error;
}

static void tell_holder(const char *path, int fd)
{
	char holder[32] = "";
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? strspn(holder, "0123456789") : 0] = '\0';
	tc_error("journal %s: another agent writes it (process %s); stop that one, or give another path",
		 path, holder[0] ? holder : "unknown");
}

/*
 * A file of its own beside the database: SQLite's locks on the database are dropped when any descriptor of it is
 * closed (fcntl_locking(2)), and its exclusive mode would keep readers out.
 */
static int lock_take(const char *path, int *ret_fd)
{
	char *lock_path = NULL;

	if (asprintf(&lock_path, "%s.lock", path) < 0)
		return tc_error_return(-ENOMEM, "journal %s", path);
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(lock_path);
	if (fd < 0)
		return tc_error_return(-errno, "journal %s: cannot make its lock file", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int error = errno == EWOULDBLOCK ? -EBUSY : -errno;

		tell_holder(path, fd);
		close(fd);
		return error;
	}
	/* The number is only for the message above; the lock holds without it. */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", (int)getpid());
	*ret_fd = fd;
	return 0;
}

/* Makes a missing file, so that its mode is ours and not the umask's; SQLite gives its other files the same mode. */
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : tc_error_return(-errno, "journal %s: cannot make it", path);
	close(fd);
	return 0;
}

/*
 * synchronous=FULL: a commit is on the disk before an output tells it. NORMAL could take alerts back after a power
 * cut and give their numbers to others, and for batches of 1000 it is only 5 % faster.
 */
static int set_pragmas(struct tc_journal *journal)
{
	static const char pragmas[] = "PRAGMA synchronous = FULL;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cache_size = -4096;" /* KiB: a batch of 2000 */
				      "PRAGMA wal_autocheckpoint = 2000;" /* pages: 16 MB */
				      "PRAGMA journal_size_limit = 67108864;";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(journal->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	bool wal = result == SQLITE_ROW &&
		   strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
	sqlite3_finalize(statement);
	if (result == SQLITE_ROW && !wal) {
		tc_error("journal %s: this file system cannot do a write-ahead log; use a local one",
			 journal->path);
		return -EOPNOTSUPP;
	}
	if (result == SQLITE_ROW)
		result = sqlite3_exec(journal->db, pragmas, NULL, NULL, NULL);
	return result == SQLITE_OK ? 0 : tc_journal_fail(journal->db, result, journal->path, "set it up");
}

static int open_database(struct tc_journal *journal)
{
	bool empty = false;

	/* SQLite's counters of memory cost a global lock for each allocation; nobody reads them. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int result = sqlite3_open_v2(journal->path, &journal->db,
				     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (result != SQLITE_OK)
		return tc_journal_fail(journal->db, result, journal->path, "open it");
	sqlite3_extended_result_codes(journal->db, 1);
	sqlite3_busy_timeout(journal->db, TC_JOURNAL_BUSY_MS);
	/* Looked at before anything is changed: the file may be another program's. */
	int error = tc_journal_check_version(journal->db, journal->path, &empty);
	if (!error && sqlite3_db_readonly(journal->db, "main"))
		error = tc_error_return(-EROFS, "journal %s: cannot write", journal->path);
	/*
	 * Can only be chosen before the first page is written. A row is 1 to 2 KB: pages of 4 KB would hold few and be
	 * written with twice as many system calls, pages of 16 KB make small batches dear.
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
	int64_t last_seq;
	int error = tc_journal_number(
		journal->db, journal->path,
		"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0),"
		" coalesce((SELECT max(seq) FROM entries), 0))",
		&last_seq);

	if (error)
		return error;
	journal->last_seq = (uint64_t)last_seq;
	int result = sqlite3_prepare_v3(journal->db, insert_sql, -1, SQLITE_PREPARE_PERSISTENT,
					&journal->insert, NULL);
	return result == SQLITE_OK
		       ? 0
		       : tc_journal_fail(journal->db, result, journal->path, "write");
}

static void read_boot_id(char boot_id[37])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, boot_id, 36);

	boot_id[length == 36 ? 36 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void journal_free(struct tc_journal *journal)
{
	sqlite3_finalize(journal->insert);
	sqlite3_close(journal->db);
	if (journal->lock_fd >= 0)
		close(journal->lock_fd);
	free(journal->rows);
	tc_buffer_done(&journal->text);
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
	read_boot_id(journal->boot_id);

	int error = journal->path ? make_directory(path) : -ENOMEM;
	if (!error)
		error = lock_take(path, &journal->lock_fd);
	if (!error)
		error = make_file(path);
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
