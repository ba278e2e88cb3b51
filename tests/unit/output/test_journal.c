/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "journal_fixture.h"
#include "json_check.h"
#include "told.h"

static int64_t number(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t result = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return result;
}

static void test_makes_private_files(void **state)
{
	struct place *place = *state;
	mode_t mask = umask(0);
	struct tc_journal *journal = open_journal(place->path);
	char wal[128], directory[128];
	struct stat info;

	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	snprintf(wal, sizeof(wal), "%s-wal", place->path);
	snprintf(directory, sizeof(directory), "%s/state", place->directory);
	assert_int_equal(stat(place->path, &info), 0);
	assert_int_equal(info.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(wal, &info), 0);
	assert_int_equal(info.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(directory, &info), 0);
	assert_int_equal(info.st_mode, S_IFDIR | 0700);
	tc_journal_close(journal);
	umask(mask);
}

static int check_row(const struct tc_journal_row *row, void *context)
{
	char *seq = json_member(row->json, "seq");

	assert_true(json_valid(row->json));
	assert_string_equal(seq, "1");
	free(seq);
	assert_int_equal(row->seq, 1);
	assert_string_equal(row->uuid, "018f3389-2ebb-7000-8000-000000000001");
	assert_true(row->time_ns == FIXTURE_TIME_NS);
	assert_int_equal(strlen(row->boot_id), 36);
	assert_string_equal(row->rule, "Shell \"one\"");
	assert_int_equal(row->priority, TC_PRIORITY_ERROR);
	assert_string_equal(row->kind, "exec");
	assert_true(row->has_cgroup_id && row->cgroup_id == 0xfffffffffffffff0);
	assert_true(row->has_pid && row->pid == 1234);
	assert_true(row->start_ns == 4000000000);
	assert_string_equal(row->comm, "s\\x1bh");
	assert_string_equal(row->exe, "/bin/\\xff\\n");
	assert_string_equal(row->output, "program /bin/\\xff\\n");
	(*(unsigned *)context)++;
	return 0;
}

static void test_row_has_what_the_alert_had(void **state)
{
	struct place *place = *state;
	_cleanup_journal_ struct tc_journal *journal = open_journal(place->path);
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);
	unsigned rows = 0;

	exec->header.cgroup_id = 0xfffffffffffffff0;
	memcpy(exec->header.comm.bytes, "s\x1bh", 4);
	fixture_slot(&fixture, &exec->exe, "/bin/\xff\n", 7);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	assert_int_equal(tc_journal_add(journal, &alert), 0);
	assert_int_equal(alert.seq, 1);
	assert_int_equal(tc_journal_pending(journal), 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(tc_journal_pending(journal), 0);
	assert_int_equal(tc_journal_reader_open(place->path, &reader), 0);
	assert_int_equal(tc_journal_reader_query(reader, &TC_JOURNAL_FILTER_ALL, check_row, &rows),
			 0);
	assert_int_equal(rows, 1);
}

static void test_only_committed_rows_are_seen(void **state)
{
	struct place *place = *state;
	_cleanup_journal_ struct tc_journal *journal = open_journal(place->path);

	add(journal, 0, 1);
	assert_int_equal(query(place->path, TC_JOURNAL_FILTER_ALL).count, 0);
	assert_int_equal(tc_journal_last_seq(journal), 0);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_seqs(query(place->path, TC_JOURNAL_FILTER_ALL), 1);
	assert_int_equal(tc_journal_last_seq(journal), 1);
}

static void test_numbers_go_on_and_are_never_given_again(void **state)
{
	struct place *place = *state;
	struct tc_journal *journal = open_journal(place->path);

	add(journal, 0, 1);
	add(journal, 0, 2);
	tc_journal_close(journal);
	journal = open_journal(place->path);
	assert_int_equal(add(journal, 0, 3), 3);
	tc_journal_close(journal);
	execute(place->path, "DELETE FROM entries");
	journal = open_journal(place->path);
	assert_int_equal(add(journal, 0, 4), 4);
	tc_journal_close(journal);
	assert_seqs(query(place->path, TC_JOURNAL_FILTER_ALL), 4);
}

static void test_stores_100000_rows(void **state)
{
	struct place *place = *state;
	struct tc_journal *journal = open_journal(place->path);

	for (uint32_t i = 1; i <= 100000; i++) {
		add(journal, i & 1, i);
		if (i % 1000 == 0)
			assert_int_equal(tc_journal_flush(journal), 0);
	}
	tc_journal_close(journal);
	assert_int_equal(number(place->path, "SELECT count(*) FROM entries"), 100000);
	assert_int_equal(number(place->path, "SELECT max(seq) FROM entries"), 100000);
	assert_int_equal(number(place->path,
				"SELECT count(*) FROM entries"
				" WHERE json_extract(json, '$.seq') = seq"
				" AND json_extract(json, '$.output_fields.\"proc.pid\"') = pid"),
			 100000);
	assert_int_equal(number(place->path, "SELECT count(*) = 1 FROM pragma_integrity_check"
					     " WHERE integrity_check = 'ok'"),
			 1);
}

static void test_batch_in_memory_is_bounded(void **state)
{
	struct place *place = *state;
	_cleanup_journal_ struct tc_journal *journal = open_journal(place->path);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	struct tc_alert notice = fixture_alert(&fixture, NULL);

	fixture_record(&fixture, TC_KIND_loss);
	for (unsigned i = 0; i < TC_JOURNAL_PENDING_MAX; i++)
		assert_int_equal(tc_journal_add(journal, &alert), 0);
	alert.seq = 0;
	assert_int_equal(tc_journal_add(journal, &alert), -ENOBUFS);
	assert_int_equal(alert.seq, 0);
	/* The agent can still say what it lost. */
	for (unsigned i = 0; i < TC_JOURNAL_PENDING_NOTICES; i++)
		assert_int_equal(tc_journal_add(journal, &notice), 0);
	assert_int_equal(tc_journal_add(journal, &notice), -ENOBUFS);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(tc_journal_add(journal, &alert), 0);
	assert_int_equal(alert.seq, TC_JOURNAL_PENDING_MAX + TC_JOURNAL_PENDING_NOTICES + 1);
}

/* Arguments and paths may be long, and their escapes longer. */
static void test_bytes_in_memory_are_bounded(void **state)
{
	struct place *place = *state;
	_cleanup_journal_ struct tc_journal *journal = open_journal(place->path);
	struct tc_exec *exec = fixture_record(&fixture, TC_KIND_exec);
	char path[20000];
	size_t bytes = 0;

	memset(path, 1, sizeof(path));
	fixture_slot(&fixture, &exec->exe, path, sizeof(path));
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	for (; bytes < TC_JOURNAL_BATCH_BYTES; bytes += alert.json_length)
		assert_int_equal(tc_journal_add(journal, &alert), 0);
	assert_true(tc_journal_due(journal));
	while (tc_journal_pending(journal) < 2000 && tc_journal_add(journal, &alert) == 0)
		bytes += alert.json_length;
	assert_true(bytes <= TC_JOURNAL_PENDING_BYTES + alert.json_length);
	assert_true(tc_journal_pending(journal) < 2000);
	add_notice(journal);
	assert_int_equal(tc_journal_flush(journal), 0);
	add(journal, 0, 1);
}

static void test_alert_gets_the_json_that_is_stored(void **state)
{
	struct place *place = *state;
	_cleanup_journal_ struct tc_journal *journal = open_journal(place->path);
	_cleanup_buffer_ struct tc_buffer json = {0};

	fixture_exec(&fixture);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	assert_int_equal(tc_journal_add(journal, &alert), 0);
	tc_format_json(&alert, &json);
	assert_int_equal(alert.json_length, json.length);
	assert_memory_equal(alert.json, json.bytes, json.length);
}

static void write_file(const char *path, const char *text)
{
	char *slash = strrchr(path, '/');
	char directory[128];

	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	mkdir(directory, 0700);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Neither side opens it, both say the same. */
static void assert_refused(const char *path, int error)
{
	struct tc_journal *journal = NULL;
	struct tc_journal_reader *reader = NULL;

	assert_int_equal(tc_journal_open(path, &journal), error);
	assert_null(journal);
	assert_int_equal(tc_journal_reader_open(path, &reader), error);
	assert_null(reader);
}

static void test_refuses_a_file_that_is_no_database(void **state)
{
	const char *path = ((struct place *)*state)->path;
	char text[64] = "";

	write_file(path,
		   "root:x:0:0:root:/root:/bin/bash\nand more than a hundred bytes of text, so that"
		   " it is not taken for a file that is just too short\n");
	assert_refused(path, -EBADMSG);
	/* And it was not changed. */
	int fd = open(path, O_RDONLY);
	assert_true(read(fd, text, 32) == 32);
	close(fd);
	assert_string_equal(text, "root:x:0:0:root:/root:/bin/bash\n");
}

static void test_refuses_another_programs_database(void **state)
{
	const char *path = ((struct place *)*state)->path;

	write_file(path, "");
	execute(path, "CREATE TABLE entries (a); PRAGMA user_version = 1");
	assert_refused(path, -EBADMSG);
	assert_int_equal(
		number(path, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
		0);
}

static void test_refuses_a_newer_schema(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	execute(path, "PRAGMA user_version = 99");
	assert_refused(path, -EPROTO);
}

/* The name of the one damaged database beside a journal; heap memory. */
static char *find_damaged(const char *path)
{
	char pattern[160], *name;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s.damaged-*Z", path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	name = strdup(found.gl_pathv[0]);
	globfree(&found);
	return name;
}

/* A new journal goes on behind the damaged one, and its origin names that. */
static void assert_set_aside(const char *path, int64_t last_seq)
{
	char *damaged = find_damaged(path), sql[512];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM origin WHERE reason = 'damaged' AND seq = %lld"
		 " AND predecessor = '%s'",
		 (long long)last_seq, strrchr(damaged, '/') + 1);
	assert_int_equal(number(path, sql), 1);
	free(damaged);
}

static void spoil(const char *path, off_t from, size_t size)
{
	char garbage[8192];

	memset(garbage, 0xa5, sizeof(garbage));
	int fd = open(path, O_WRONLY);
	for (size_t done = 0; done < size;) {
		size_t part = size - done < sizeof(garbage) ? size - done : sizeof(garbage);

		assert_int_equal(pwrite(fd, garbage, part, from + (off_t)done), part);
		done += part;
	}
	close(fd);
}

static void test_damaged_database_is_set_aside(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal_reader *reader = NULL;

	fill(path);
	/* Page 1 behind its file header: the list of tables. */
	spoil(path, 100, 8092);
	assert_int_equal(tc_journal_reader_open(path, &reader), -EUCLEAN);
	struct tc_journal *journal = open_journal(path);
	/* Nothing could be read of it. */
	assert_int_equal(add(journal, 0, 1), 1);
	tc_journal_close(journal);
	assert_set_aside(path, 0);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 1);
}

static void test_numbers_go_on_behind_a_damaged_database(void **state)
{
	const char *path = ((struct place *)*state)->path;
	char sql[128];

	fill(path);
	/* The rows, but not what says how many there were. */
	snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = 'entries'");
	int64_t page = number(path, sql);
	spoil(path, (page - 1) * 8192, 8192);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 6);
	tc_journal_close(journal);
	assert_set_aside(path, 5);
}

/* A file whose beginning was lost in a power cut. */
static void test_zeroed_database_is_set_aside(void **state)
{
	const char *path = ((struct place *)*state)->path;
	static const char zeros[8192];

	fill(path);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), 0), sizeof(zeros));
	close(fd);
	tc_journal_close(open_journal(path));
	assert_set_aside(path, 0);
}

static void test_damage_while_writing_loses_nothing_of_the_batch(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);
	char garbage[4096];

	for (uint32_t i = 1; i <= 2000; i++)
		add(journal, 0, i);
	tc_journal_close(journal);
	journal = open_journal(path);
	memset(garbage, 0xa5, sizeof(garbage));
	int fd = open(path, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t at = 4096; at < size; at += 4096)
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), at), sizeof(garbage));
	close(fd);
	assert_int_equal(add(journal, 0, 1), 2001);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(tc_journal_pending(journal), 0);
	assert_int_equal(add(journal, 0, 2), 2002);
	tc_journal_close(journal);
	assert_set_aside(path, 2000);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 2001, 2002);
}

static void test_what_a_reader_suspects_is_set_aside(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	tc_journal_suspect(journal);
	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_set_aside(path, 5);
	/* Once in a while, not again and again. */
	tc_journal_suspect(journal);
	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_set_aside(path, 5);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 6, 7);
}

static void assert_origin(const char *path, const char *reason, int64_t seq)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM origin WHERE reason = '%s' AND seq = %lld"
		 " AND predecessor_head IS NOT NULL",
		 reason, (long long)seq);
	assert_int_equal(number(path, sql), 1);
}

static void test_removed_while_it_is_written(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal_report report;
	char beside[128];

	fill(path);
	struct tc_journal *journal = open_journal(path);
	tc_journal_set_floor(journal, 2);
	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(unlink(path), 0);
	add(journal, 0, 2);
	struct redirection saved = redirect(1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_non_null(strstr(restore(&saved), "it was removed"));
	assert_origin(path, "removed", 6);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 7);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.undelivered_aside, 4);

	/* All of it, and nothing to commit: it is noticed all the same. */
	tc_journal_close(journal);
	journal = open_journal(path);
	unlink(path);
	snprintf(beside, sizeof(beside), "%s-wal", path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s.lock", path);
	unlink(beside);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_origin(path, "removed", 7);
	/* Nobody else takes it for one that is free. */
	struct tc_journal *second = NULL;
	assert_int_equal(tc_journal_open(path, &second), -EBUSY);
	tc_journal_close(journal);
}

static void test_replaced_while_it_is_written(void **state)
{
	const char *path = ((struct place *)*state)->path;
	char other[128], sql[256];

	fill(path);
	snprintf(other, sizeof(other), "%s.other", path);
	fill(other);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(rename(other, path), 0);
	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_origin(path, "replaced", 5);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 6);
	snprintf(sql, sizeof(sql), "%s.replaced-*Z", path);
	glob_t found;
	assert_int_equal(glob(sql, 0, NULL, &found), 0);
	assert_int_equal(number(found.gl_pathv[0], "SELECT count(*) FROM entries"), 5);
	globfree(&found);
	/* At once again: it is waited a little, and nothing is lost at the end. */
	unlink(path);
	add(journal, 0, 2);
	assert_int_equal(tc_journal_flush(journal), -ENOENT);
	tc_journal_close(journal);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 7);
}

/* As version 1 made it. */
static void downgrade(const char *path)
{
	execute(path, "ALTER TABLE entries DROP COLUMN hash; DROP TABLE origin; DROP TABLE heads;"
		      "DROP TABLE checkpoints; DROP INDEX entries_find;"
		      "PRAGMA user_version = 1");
}

static void test_journal_of_version_1_is_brought_up_to_date(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	downgrade(path);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 1, 2, 3, 4, 5);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 6);
	tc_journal_close(journal);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 1, 2, 3, 4, 5, 6);
	assert_int_equal(number(path, "PRAGMA user_version"), TC_JOURNAL_SCHEMA_VERSION);
	assert_int_equal(
		number(path, "SELECT count(*) FROM origin WHERE seq = 5 AND reason = 'migrated'"),
		1);
	assert_int_equal(number(path, "SELECT count(*) FROM entries WHERE hash IS NULL"), 5);
	assert_int_equal(number(path, "SELECT length(hash) FROM entries WHERE seq = 6"), 32);
}

static void test_migration_that_fails_changes_nothing(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = NULL;

	fill(path);
	downgrade(path);
	execute(path, "CREATE TABLE heads (a)");
	assert_true(tc_journal_open(path, &journal) < 0);
	assert_int_equal(number(path, "PRAGMA user_version"), 1);
	assert_int_equal(
		number(path,
		       "SELECT count(*) FROM pragma_table_info('entries') WHERE name = 'hash'"),
		0);
	execute(path, "DROP TABLE heads");
	tc_journal_close(open_journal(path));
}

static void assert_not_opened(const char *path, int error)
{
	struct tc_journal *journal = NULL;

	assert_int_equal(tc_journal_open(path, &journal), error);
	assert_null(journal);
}

/* Whoever can write the journal can write into it that nothing happened. */
static void test_refuses_what_others_can_write(void **state)
{
	const char *path = ((struct place *)*state)->path;
	char directory[128], wal[128];

	if (geteuid() != 0)
		skip();
	fill(path);
	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
	snprintf(wal, sizeof(wal), "%s-wal", path);

	assert_int_equal(chown(path, 12345, 0), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, 0660), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(chmod(path, 0602), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(chmod(path, 0644), 0);

	assert_int_equal(chmod(directory, 0777), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chown(directory, 12345, 0), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(chown(directory, 0, 0), 0);

	write_file(wal, "planted");
	assert_int_equal(chown(wal, 12345, 0), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(unlink(wal), 0);

	/* As /tmp: others cannot move our file away. */
	assert_int_equal(chmod(directory, 01777), 0);
	tc_journal_close(open_journal(path));
}

static void test_refuses_what_is_no_regular_file(void **state)
{
	const char *path = ((struct place *)*state)->path;
	char other[128];

	fill(path);
	snprintf(other, sizeof(other), "%s.moved", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_not_opened(path, -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_not_opened(path, -EPERM);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_not_opened(path, -EPERM);
}

static void test_directory_may_be_a_symbolic_link(void **state)
{
	struct place *place = *state;
	char link[128], path[160], target[128];

	fill(place->path);
	snprintf(target, sizeof(target), "%s/state", place->directory);
	snprintf(link, sizeof(link), "%s/link", place->directory);
	snprintf(path, sizeof(path), "%s/journal.db", link);
	assert_int_equal(symlink(target, link), 0);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 6);
	tc_journal_close(journal);
	assert_int_equal(query(place->path, TC_JOURNAL_FILTER_ALL).count, 6);
}

static void test_refuses_a_journal_with_triggers(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill(path);
	execute(path, "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END");
	assert_not_opened(path, -EBADMSG);
}

/* A trigger that comes while the agent writes; tells what is stored of a batch of two. */
static void swallow(const char *path, const char *trigger)
{
	struct tc_journal *journal = open_journal(path);
	char sql[256];

	add(journal, 0, 1);
	assert_int_equal(tc_journal_flush(journal), 0);
	snprintf(sql, sizeof(sql), "CREATE TRIGGER t %s", trigger);
	execute(path, sql);
	add(journal, 0, 2);
	add(journal, 0, 3);
	assert_int_equal(tc_journal_flush(journal), -EBADMSG);
	assert_int_equal(tc_journal_pending(journal), 2);
	assert_int_equal(number(path, "SELECT count(*) FROM entries"), 1);
	execute(path, "DROP TRIGGER t");
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_int_equal(number(path, "SELECT count(*) FROM entries"), 3);
	execute(path, "DELETE FROM entries");
	tc_journal_close(journal);
}

static void test_rows_that_a_trigger_swallows_are_not_called_stored(void **state)
{
	const char *path = ((struct place *)*state)->path;

	swallow(path, "BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END");
	swallow(path, "AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE seq = NEW.seq; END");
}

static void test_empty_file_has_no_rows(void **state)
{
	const char *path = ((struct place *)*state)->path;

	write_file(path, "");
	assert_int_equal(query(path, TC_JOURNAL_FILTER_ALL).count, 0);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 1);
	tc_journal_close(journal);
}

static void test_second_agent_is_refused(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *first = open_journal(path), *second = NULL;

	assert_int_equal(tc_journal_open(path, &second), -EBUSY);
	add(first, 0, 1);
	assert_int_equal(tc_journal_flush(first), 0);
	tc_journal_close(first);
	tc_journal_close(open_journal(path));
}

/* Runs in a child: what it returns is its exit status. */
static int in_child(int (*function)(const char *path), const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(function(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int open_as_nobody(const char *path)
{
	struct tc_journal *journal = NULL;

	if (setgid(65534) || setuid(65534))
		return 255;
	return -tc_journal_open(path, &journal);
}

static void test_directory_that_cannot_be_written(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct place *place = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(place->directory, 0755), 0);
	assert_int_equal(in_child(open_as_nobody, path), EACCES);
	fill(path);
	assert_int_equal(in_child(open_as_nobody, path), EACCES);
	struct tc_journal *journal = NULL;
	assert_int_equal(tc_journal_open("/proc/tocsin/journal.db", &journal), -ENOENT);
}

/* Commits 500 rows, then is killed while the next batch is being filled or written. */
static int write_and_die(const char *path)
{
	struct tc_journal *journal = NULL;

	if (tc_journal_open(path, &journal))
		return 1;
	for (uint32_t i = 1; i <= 500; i++)
		add(journal, 0, i);
	if (tc_journal_flush(journal))
		return 2;
	for (uint32_t i = 501; i <= 900; i++)
		add(journal, 0, i);
	kill(getpid(), SIGKILL);
	return 3;
}

static void test_survives_sigkill_with_a_batch_open(void **state)
{
	const char *path = ((struct place *)*state)->path;

	assert_int_equal(in_child(write_and_die, path), 256 + SIGKILL);
	assert_int_equal(number(path, "SELECT count(*) FROM entries"), 500);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 501);
	tc_journal_close(journal);
}

/* Writes batches of 50 until killed; tells each committed number through the pipe. */
static void write_for_ever(const char *path, int fd)
{
	struct tc_journal *journal = NULL;

	if (tc_journal_open(path, &journal))
		_exit(1);
	for (uint32_t i = 1;; i++) {
		add(journal, 0, i);
		if (i % 50)
			continue;
		if (tc_journal_flush(journal))
			_exit(2);
		uint64_t seq = tc_journal_last_seq(journal);
		if (write(fd, &seq, sizeof(seq)) != sizeof(seq))
			_exit(3);
	}
}

static void test_survives_sigkill_at_any_moment(void **state)
{
	const char *path = ((struct place *)*state)->path;
	uint64_t told = 0, seq;

	srand(4);
	for (unsigned round = 0; round < 10; round++) {
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_for_ever(path, fds[1]);
		close(fds[1]);
		assert_int_equal(read(fds[0], &seq, sizeof(seq)), sizeof(seq));
		usleep((unsigned)rand() % 30000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		told = seq;
		while (read(fds[0], &seq, sizeof(seq)) == sizeof(seq))
			told = seq;
		close(fds[0]);

		int64_t stored = number(path, "SELECT max(seq) FROM entries");
		assert_true((uint64_t)stored >= told);
		/* No hole, and no half batch. */
		assert_int_equal(number(path, "SELECT count(*) FROM entries"), stored);
		assert_int_equal(stored % 50, 0);
		assert_int_equal(number(path, "SELECT count(*) = 1 FROM pragma_integrity_check"
					      " WHERE integrity_check = 'ok'"),
				 1);
	}
	assert_true(told >= 500);
}

/* On a file system of 1 MiB: fills it, makes room, goes on; no number is missing. Exit status 77:
 * may not mount. */
static int fill_the_disk(const char *path)
{
	char filler[140], directory[128];
	struct tc_journal *journal = NULL;
	int error = 0;

	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
	snprintf(filler, sizeof(filler), "%s/filler", directory);
	mkdir(directory, 0700);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", directory, "tmpfs", 0, "size=4m"))
		return 77;
	write_file(filler, "");
	if (truncate(filler, 0) || tc_journal_open(path, &journal))
		return 1;
	int fd = open(filler, O_WRONLY);
	static char block[2 << 20];
	memset(block, 1, sizeof(block));
	if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
		return 2;

	uint32_t i = 1;
	for (; i < 20000 && !error; i++) {
		add(journal, 0, i);
		if (i % 100 == 0)
			error = tc_journal_flush(journal);
	}
	if (error != -ENOSPC || tc_journal_pending(journal) == 0)
		return 3;
	if (ftruncate(fd, 0) || tc_journal_flush(journal))
		return 4;
	uint64_t last = tc_journal_last_seq(journal);
	tc_journal_close(journal);
	if (last != i - 1 || (uint64_t)number(path, "SELECT count(*) FROM entries") != last)
		return 5;
	return 0;
}

static void test_full_disk_delays_and_loses_nothing(void **state)
{
	int status = in_child(fill_the_disk, ((struct place *)*state)->path);

	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_makes_private_files),
		TEST(test_row_has_what_the_alert_had),
		TEST(test_only_committed_rows_are_seen),
		TEST(test_numbers_go_on_and_are_never_given_again),
		TEST(test_stores_100000_rows),
		TEST(test_batch_in_memory_is_bounded),
		TEST(test_bytes_in_memory_are_bounded),
		TEST(test_alert_gets_the_json_that_is_stored),
		TEST(test_refuses_a_file_that_is_no_database),
		TEST(test_refuses_another_programs_database),
		TEST(test_refuses_a_newer_schema),
		TEST(test_damaged_database_is_set_aside),
		TEST(test_numbers_go_on_behind_a_damaged_database),
		TEST(test_removed_while_it_is_written),
		TEST(test_replaced_while_it_is_written),
		TEST(test_zeroed_database_is_set_aside),
		TEST(test_damage_while_writing_loses_nothing_of_the_batch),
		TEST(test_what_a_reader_suspects_is_set_aside),
		TEST(test_journal_of_version_1_is_brought_up_to_date),
		TEST(test_migration_that_fails_changes_nothing),
		TEST(test_refuses_what_others_can_write),
		TEST(test_refuses_what_is_no_regular_file),
		TEST(test_directory_may_be_a_symbolic_link),
		TEST(test_refuses_a_journal_with_triggers),
		TEST(test_rows_that_a_trigger_swallows_are_not_called_stored),
		TEST(test_empty_file_has_no_rows),
		TEST(test_second_agent_is_refused),
		TEST(test_directory_that_cannot_be_written),
		TEST(test_survives_sigkill_with_a_batch_open),
		TEST(test_survives_sigkill_at_any_moment),
		TEST(test_full_disk_delays_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
