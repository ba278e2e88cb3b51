/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "journal_fixture.h"
#include "output/journal_verify.h"

#define ROWS 12

/* Twelve rows in three commits. */
static void fill_chain(const char *path)
{
	struct tc_journal *journal = open_journal(path);

	for (uint32_t i = 1; i <= ROWS; i++) {
		add(journal, i & 1, i);
		if (i == 5 || i == 10)
			assert_int_equal(tc_journal_flush(journal), 0);
	}
	tc_journal_close(journal);
}

static struct tc_verification verify(const char *path)
{
	struct tc_verification told;

	assert_int_equal(tc_journal_verify(path, NULL, &told), 0);
	return told;
}

static void assert_whole(const char *path, uint64_t rows)
{
	struct tc_verification told = verify(path);

	assert_string_equal(told.message, "");
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.rows, rows);
}

static void assert_finding(const char *path, enum tc_finding finding, int64_t seq,
			   int64_t until_seq)
{
	struct tc_verification told = verify(path);

	if (told.finding != finding || told.seq != seq || told.until_seq != until_seq)
		print_error("found %s: %s\n", tc_finding_name(told.finding), told.message);
	assert_string_equal(tc_finding_name(told.finding), tc_finding_name(finding));
	assert_int_equal(told.seq, seq);
	assert_int_equal(told.until_seq, until_seq);
	assert_true(strlen(told.message) > 10);
}

static void test_what_was_written_is_whole(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_verification told;

	tc_journal_close(open_journal(path));
	assert_whole(path, 0);
	fill_chain(path);
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.rows, ROWS);
	assert_int_equal(told.first_seq, 1);
	assert_int_equal(told.last_seq, ROWS);
	assert_int_equal(told.boots, 1);
	assert_int_equal(told.unchained, 0);
	assert_true(told.since_ns == FIXTURE_TIME_NS + 1000000000);
	assert_true(told.until_ns == FIXTURE_TIME_NS + ROWS * 1000000000ULL);
	assert_string_equal(told.reason, "new");
	assert_true(told.has_head);
	assert_int_equal(told.head_seq, ROWS);
	assert_int_equal(strlen(told.head_boot_id), 36);
	/* And it goes on behind what is there. */
	struct tc_journal *journal = open_journal(path);
	add_notice(journal);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_whole(path, ROWS + 1);
	tc_journal_close(journal);
}

/* Rows are stored many at a time, and what is left one by one; notices have fewer values. */
static void test_batches_of_any_size_are_whole(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);
	uint32_t rows = 0;

	for (uint32_t size = 1; size <= 50; size++) {
		for (uint32_t i = 0; i < size; i++) {
			uint64_t seq = i % 7 == 3 ? add_notice(journal) : add(journal, 0, rows + 1);

			assert_int_equal(seq, ++rows);
		}
		assert_int_equal(tc_journal_flush(journal), 0);
		assert_int_equal(tc_journal_last_seq(journal), rows);
	}
	tc_journal_close(journal);
	assert_whole(path, rows);
}

/* Every column of entries, and each of a row's neighbours, changed in any way. */
static void test_finds_a_change_in_any_column(void **state)
{
	static const char *const changes[] = {
		"uuid = replace(uuid, '0', '1')",
		"time_ns = time_ns + 1",
		"boot_id = NULL",
		"boot_id = upper(boot_id)",
		"rule = NULL",
		"rule = rule || ' '",
		"priority = priority + 1",
		"kind = 'loss'",
		"cgroup_id = 1000",
		"cgroup_id = NULL",
		"cgroup_path = ''",
		"container_id = 'x'",
		"pid = pid + 65536",
		"start_ns = -start_ns",
		"comm = CAST(comm AS BLOB)",
		"exe = '/bin/SH'",
		"json = replace(json, 'sh', 'SH')",
		"json = json || ' '",
		"hash = zeroblob(32)",
		"hash = NULL",
		"hash = hex(hash)",
		"pid = 1.5",
	};
	const char *path = ((struct place *)*state)->path;
	static const int rows[] = {1, 5, 6, ROWS};

	fill_chain(path);
	execute(path, "CREATE TABLE kept AS SELECT * FROM entries");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			char sql[160];

			snprintf(sql, sizeof(sql), "UPDATE entries SET %s WHERE seq = %d",
				 changes[i], rows[j]);
			execute(path, sql);
			assert_finding(path, TC_FINDING_CHANGED, rows[j], rows[j]);
			snprintf(sql, sizeof(sql),
				 "REPLACE INTO entries SELECT * FROM kept WHERE seq = %d", rows[j]);
			execute(path, sql);
		}
	}
	assert_whole(path, ROWS);
}

#define RESTORE "DELETE FROM entries; INSERT INTO entries SELECT * FROM kept;"
#define COPY_OF(seq, from)                                                                         \
	"INSERT INTO entries SELECT " seq ", uuid, time_ns, boot_id, rule, priority, kind, "       \
	"cgroup_id, cgroup_path, container_id, pid, start_ns, comm, exe, json, hash "              \
	"FROM entries WHERE seq = " from ";"
/* Swaps two rows: a number that is not used stands in between. */
#define SWAP(a, b)                                                                                 \
	"UPDATE entries SET seq = -1 WHERE seq = " a ";"                                           \
	"UPDATE entries SET seq = " a " WHERE seq = " b ";"                                        \
	"UPDATE entries SET seq = " b " WHERE seq = -1;"
#define SWAP_HASHES(a, b)                                                                          \
	"CREATE TEMP TABLE h AS SELECT seq, hash FROM entries;"                                    \
	"UPDATE entries SET hash = (SELECT hash FROM h WHERE h.seq = " a ") WHERE seq = " b ";"    \
	"UPDATE entries SET hash = (SELECT hash FROM h WHERE h.seq = " b ") WHERE seq = " a ";"
/* Makes room for a row: everything from a number on moves up. */
#define SHIFT_UP(seq)                                                                              \
	"UPDATE entries SET seq = -seq - 1 WHERE seq >= " seq ";"                                  \
	"UPDATE entries SET seq = -seq WHERE seq < 0;"
#define SHIFT_DOWN(seq)                                                                            \
	"UPDATE entries SET seq = -seq + 1 WHERE seq > " seq ";"                                   \
	"UPDATE entries SET seq = -seq WHERE seq < 0;"

static void test_finds_what_was_done_to_rows(void **state)
{
	static const struct {
		const char *sql;
		enum tc_finding finding;
		int64_t seq, until_seq;
	} cases[] = {
		{"DELETE FROM entries WHERE seq = 1", TC_FINDING_REMOVED, 1, 1},
		{"DELETE FROM entries WHERE seq = 7", TC_FINDING_REMOVED, 7, 7},
		{"DELETE FROM entries WHERE seq BETWEEN 4 AND 6", TC_FINDING_REMOVED, 4, 6},
		{"DELETE FROM entries WHERE seq IN (4, 6)", TC_FINDING_REMOVED, 4, 4},
		{"DELETE FROM entries WHERE seq = 6;" SHIFT_DOWN("6"), TC_FINDING_REMOVED, 6, 6},
		{SWAP("3", "4"), TC_FINDING_SWAPPED, 3, 4},
		{SWAP("3", "4") SWAP_HASHES("3", "4"), TC_FINDING_SWAPPED, 3, 4},
		{SWAP("2", "9"), TC_FINDING_SWAPPED, 2, 9},
		{SWAP("2", "9") SWAP_HASHES("2", "9"), TC_FINDING_SWAPPED, 2, 9},
		{SWAP("1", "12"), TC_FINDING_SWAPPED, 1, 12},
		{SWAP("11", "12"), TC_FINDING_SWAPPED, 11, 12},
		{SHIFT_UP("5") COPY_OF("5", "3"), TC_FINDING_INSERTED, 5, 5},
		{SHIFT_UP("1") COPY_OF("1", "3"), TC_FINDING_INSERTED, 1, 1},
		{SHIFT_UP("12") COPY_OF("12", "3"), TC_FINDING_INSERTED, 12, 12},
		{SHIFT_UP("5") COPY_OF("5", "3") SHIFT_UP("6") COPY_OF("6", "3"),
		 TC_FINDING_INSERTED, 5, 6},
		{COPY_OF("13", "3"), TC_FINDING_INSERTED, 13, 13},
		{COPY_OF("0", "3"), TC_FINDING_INSERTED, 0, 0},
		{COPY_OF("-5", "3"), TC_FINDING_INSERTED, -5, -5},
		{COPY_OF("20", "3"), TC_FINDING_REMOVED, 13, 19},
		{"DELETE FROM entries WHERE seq = 12", TC_FINDING_CUT, 12, 12},
		{"DELETE FROM entries WHERE seq > 3", TC_FINDING_CUT, 4, 12},
		{"DELETE FROM entries", TC_FINDING_CUT, 1, 12},
	};
	const char *path = ((struct place *)*state)->path;

	fill_chain(path);
	execute(path, "CREATE TABLE kept AS SELECT * FROM entries");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		execute(path, cases[i].sql);
		assert_finding(path, cases[i].finding, cases[i].seq, cases[i].until_seq);
		execute(path, RESTORE "UPDATE sqlite_sequence SET seq = 12 WHERE name = 'entries'");
		assert_whole(path, ROWS);
	}
}

static void test_finds_what_was_done_to_the_marks(void **state)
{
	static const struct {
		const char *sql;
		enum tc_finding finding;
	} cases[] = {
		{"UPDATE origin SET time_ns = time_ns + 1", TC_FINDING_MARKS},
		{"UPDATE origin SET predecessor = 'other'", TC_FINDING_MARKS},
		{"UPDATE origin SET hash = zeroblob(32)", TC_FINDING_MARKS},
		{"DELETE FROM origin", TC_FINDING_MARKS},
		{"DROP TABLE origin", TC_FINDING_MARKS},
		{"DELETE FROM heads", TC_FINDING_MARKS},
		{"UPDATE heads SET time_ns = 0", TC_FINDING_MARKS},
		{"UPDATE heads SET boot_id = NULL", TC_FINDING_MARKS},
		{"UPDATE heads SET hash = zeroblob(32)", TC_FINDING_MARKS},
		{"UPDATE heads SET seal = zeroblob(32)", TC_FINDING_MARKS},
		{"UPDATE heads SET seq = 11", TC_FINDING_MARKS},
		{"INSERT INTO checkpoints VALUES (1, 1, 3, NULL, 3, 0, 5, NULL, 1, zeroblob(32))",
		 TC_FINDING_MARKS},
		{"DELETE FROM entries; DELETE FROM heads", TC_FINDING_CUT},
	};
	const char *path = ((struct place *)*state)->path;

	fill_chain(path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[128], command[320];

		snprintf(copy, sizeof(copy), "%s.copy", path);
		snprintf(command, sizeof(command), "cp '%s' '%s'", path, copy);
		assert_int_equal(system(command), 0);
		execute(copy, cases[i].sql);
		struct tc_verification told = verify(copy);
		assert_string_equal(tc_finding_name(told.finding),
				    tc_finding_name(cases[i].finding));
		unlink(copy);
	}
}

static void test_noted_head_must_be_there(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_verification told, later;
	struct tc_hash other = {{1, 2, 3}};

	fill_chain(path);
	told = verify(path);
	struct tc_journal *journal = open_journal(path);
	add(journal, 0, 50);
	tc_journal_close(journal);
	assert_int_equal(tc_journal_verify(path, &told.head, &later), 0);
	assert_int_equal(later.finding, TC_FINDING_NONE);
	assert_true(later.noted_found);
	assert_int_equal(later.noted_seq, ROWS);
	assert_int_equal(tc_journal_verify(path, &other, &later), 0);
	assert_int_equal(later.finding, TC_FINDING_NO_HEAD);
}

/* Rows that are put behind the last commit stay known when the agent goes on behind them. */
static void test_inserted_row_is_found_behind_which_the_agent_went_on(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill_chain(path);
	execute(path, COPY_OF("13", "3"));
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 14);
	tc_journal_close(journal);
	assert_finding(path, TC_FINDING_INSERTED, 13, 13);
}

static void test_cut_is_found_behind_which_the_agent_went_on(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill_chain(path);
	execute(path, "DELETE FROM entries WHERE seq > 10;"
		      "UPDATE sqlite_sequence SET seq = 10 WHERE name = 'entries'");
	assert_finding(path, TC_FINDING_CUT, 11, 12);
	struct tc_journal *journal = open_journal(path);
	assert_int_equal(add(journal, 0, 1), 13);
	tc_journal_close(journal);
	assert_finding(path, TC_FINDING_REMOVED, 11, 12);
}

static void test_rows_of_version_1_are_told(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_verification told;

	fill_chain(path);
	execute(path, "ALTER TABLE entries DROP COLUMN hash; DROP TABLE origin; DROP TABLE heads;"
		      "DROP TABLE checkpoints; DROP INDEX entries_find;"
		      "PRAGMA user_version = 1");
	assert_int_equal(tc_journal_verify(path, NULL, &told), -ENODATA);
	struct tc_journal *journal = open_journal(path);
	add(journal, 0, 50);
	add(journal, 0, 51);
	tc_journal_close(journal);
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.rows, ROWS + 2);
	assert_int_equal(told.unchained, ROWS);
	assert_int_equal(told.origin_seq, ROWS);
	assert_string_equal(told.reason, "migrated");
	execute(path, "DELETE FROM entries WHERE seq = 13");
	assert_finding(path, TC_FINDING_REMOVED, 13, 13);
}

static void test_clock_that_is_set_back_breaks_nothing(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_verification told;
	struct tc_journal *journal = open_journal(path);

	add(journal, 0, 100);
	add(journal, 0, 3);
	add(journal, 0, 50);
	tc_journal_close(journal);
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_true(told.since_ns == FIXTURE_TIME_NS + 3 * 1000000000ULL);
	assert_true(told.until_ns == FIXTURE_TIME_NS + 100 * 1000000000ULL);
	assert_seqs(query(path, TC_JOURNAL_FILTER_ALL), 1, 2, 3);
}

static void test_damaged_page_is_a_finding(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);
	char garbage[8192];

	for (uint32_t i = 1; i <= 200; i++)
		add(journal, 0, i);
	tc_journal_close(journal);
	memset(garbage, 0xa5, sizeof(garbage));
	int fd = open(path, O_WRONLY);
	off_t middle = lseek(fd, 0, SEEK_END) / 8192 / 2 * 8192;
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), middle), sizeof(garbage));
	close(fd);
	struct tc_verification told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_DAMAGED);
	assert_true(told.seq > 0 && told.seq < 200);
}

/* --- retention --- */

static void add_many(struct tc_journal *journal, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		add(journal, 0, 100);
	assert_int_equal(tc_journal_flush(journal), 0);
}

/* Steps until retention has nothing to do. */
static void settle(struct tc_journal *journal)
{
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(tc_journal_flush(journal), 0);
}

static void test_retention_by_count_leaves_a_whole_chain(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal_report report;
	struct tc_verification told;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);

	tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = 100, .tell_ns = 1});
	for (unsigned i = 0; i < 30; i++) {
		add_many(journal, 50);
		assert_int_equal(verify(path).finding, TC_FINDING_NONE);
	}
	settle(journal);
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.rows, 100);
	assert_int_equal(told.first_seq, 1401);
	assert_int_equal(told.taken, 1400);
	assert_int_equal(told.taken_seq, 1400);
	assert_int_equal(told.undelivered, 0);
	assert_int_equal(told.checkpoints, 1);

	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.pruned.first_seq, 1);
	assert_int_equal(report.pruned.last_seq, 1400);
	assert_int_equal(report.pruned.rows, 1400);
	assert_int_equal(report.pruned.undelivered, 0);
	assert_false(tc_journal_take_report(journal, &report));
	/* The notice of it is committed; what is taken later has a checkpoint of its own. */
	add_many(journal, 50);
	settle(journal);
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.checkpoints, 2);
	assert_int_equal(told.first_seq, 1451);
}

static void test_finds_what_was_done_behind_a_checkpoint(void **state)
{
	static const struct {
		const char *sql;
		enum tc_finding finding;
		int64_t seq;
	} cases[] = {
		{"DELETE FROM entries WHERE seq = 401", TC_FINDING_REMOVED, 401},
		{"UPDATE entries SET pid = 1 WHERE seq = 401", TC_FINDING_CHANGED, 401},
		{COPY_OF("400", "450"), TC_FINDING_INSERTED, 400},
		{"UPDATE checkpoints SET seq = 399", TC_FINDING_MARKS, 399},
		{"UPDATE checkpoints SET hash = zeroblob(32)", TC_FINDING_MARKS, 400},
		{"UPDATE checkpoints SET count = 1", TC_FINDING_MARKS, 400},
		{"DELETE FROM checkpoints", TC_FINDING_REMOVED, 1},
	};
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);

	tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = 100});
	add_many(journal, 500);
	settle(journal);
	tc_journal_close(journal);
	assert_whole(path, 100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[128], command[320];

		snprintf(copy, sizeof(copy), "%s.copy", path);
		snprintf(command, sizeof(command), "cp '%s' '%s'", path, copy);
		assert_int_equal(system(command), 0);
		execute(copy, cases[i].sql);
		struct tc_verification told = verify(copy);
		assert_string_equal(tc_finding_name(told.finding),
				    tc_finding_name(cases[i].finding));
		assert_int_equal(told.seq, cases[i].seq);
		unlink(copy);
	}
}

static void test_retention_by_age(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	uint64_t second = 1000000000, age = tc_clock_real_now_ns() - FIXTURE_TIME_NS;

	/* Rows are as old as 2024, a second apart; one in the middle says it is younger. */
	for (uint32_t i = 1; i <= 100; i++)
		add(journal, 0, i == 60 ? 95 : i);
	tc_journal_set_retention(journal, &(struct tc_retention){.max_age_ns = age - 50 * second});
	assert_int_equal(tc_journal_flush(journal), 0);
	struct tc_verification told = verify(path);
	assert_true(told.first_seq >= 50 && told.first_seq < 60);
	/* What is behind a younger row stays until that one is too old. */
	tc_journal_set_retention(journal, &(struct tc_retention){.max_age_ns = age - 70 * second});
	settle(journal);
	assert_int_equal(verify(path).first_seq, 60);
	tc_journal_set_retention(journal, &(struct tc_retention){.max_age_ns = age - 200 * second});
	settle(journal);
	/* The newest row stays whatever its age. */
	told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.rows, 1);
}

static void test_age_and_count_spare_what_is_not_delivered(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	struct tc_journal_report report;

	add_many(journal, 1000);
	tc_journal_set_floor(journal, 300);
	tc_journal_set_retention(
		journal, &(struct tc_retention){.max_rows = 10, .max_age_ns = 1, .tell_ns = 1});
	settle(journal);
	assert_int_equal(verify(path).first_seq, 301);
	assert_int_equal(verify(path).undelivered, 0);
	tc_journal_set_floor(journal, 1000);
	settle(journal);
	assert_int_equal(verify(path).rows, 1);
	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.pruned.rows, 999);
	assert_int_equal(report.pruned.undelivered, 0);
}

static int64_t file_size(const char *path)
{
	int fd = open(path, O_RDONLY);
	int64_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

static void test_size_takes_what_is_not_delivered_and_says_so(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);
	struct tc_journal_report report;

	add_many(journal, 20000);
	tc_journal_close(journal);
	int64_t before = file_size(path);
	assert_true(before > 12 << 20);

	journal = open_journal(path);
	tc_journal_set_floor(journal, 100);
	tc_journal_set_retention(journal,
				 &(struct tc_retention){.max_bytes = 4 << 20, .tell_ns = 1});
	settle(journal);
	struct tc_verification told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_true(told.rows > 1000 && told.rows < 8000);
	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.pruned.rows, 20000 - told.rows);
	assert_int_equal(report.pruned.undelivered, 20000 - told.rows - 100);
	assert_int_equal(told.undelivered, report.pruned.undelivered);
	tc_journal_close(journal);
	/* The space was given back, but for some pages that new rows will use. */
	assert_true(file_size(path) < 8 << 20);
}

/* What was not told when the agent ended is told by the next one. */
static void test_what_was_taken_is_told_after_a_restart(void **state)
{
	const char *path = ((struct place *)*state)->path;
	struct tc_journal *journal = open_journal(path);
	struct tc_journal_report report;

	add_many(journal, 500);
	tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = 100});
	settle(journal);
	assert_false(tc_journal_take_report(journal, &report));
	tc_journal_close(journal);
	journal = open_journal(path);
	tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = 100, .tell_ns = 1});
	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.pruned.rows, 400);
	tc_journal_close(journal);
	/* The notice was not committed: it is told again. */
	journal = open_journal(path);
	tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = 100, .tell_ns = 1});
	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_true(tc_journal_take_report(journal, &report));
	add_many(journal, 1);
	tc_journal_close(journal);
	journal = open_journal(path);
	assert_false(tc_journal_take_report(journal, &report));
	usleep(20000);
	assert_false(tc_journal_take_report(journal, &report));
	tc_journal_close(journal);
}

static void test_retention_takes_rows_of_version_1(void **state)
{
	const char *path = ((struct place *)*state)->path;

	fill_chain(path);
	execute(path, "ALTER TABLE entries DROP COLUMN hash; DROP TABLE origin; DROP TABLE heads;"
		      "DROP TABLE checkpoints; DROP INDEX entries_find;"
		      "PRAGMA user_version = 1");
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	add_many(journal, 8);
	for (unsigned keep = 19; keep >= 2; keep--) {
		tc_journal_set_retention(journal, &(struct tc_retention){.max_rows = keep});
		settle(journal);
		assert_whole(path, keep);
	}
}

static void test_rows_in_a_damaged_database_that_were_not_delivered_are_told(void **state)
{
	const char *path = ((struct place *)*state)->path;
	_cleanup_journal_ struct tc_journal *journal = open_journal(path);
	struct tc_journal_report report;

	add_many(journal, 50);
	tc_journal_set_floor(journal, 20);
	tc_journal_suspect(journal);
	assert_int_equal(tc_journal_flush(journal), 0);
	assert_true(tc_journal_take_report(journal, &report));
	assert_int_equal(report.undelivered_aside, 30);
	assert_int_equal(report.pruned.rows, 0);
	tc_journal_set_floor(journal, 20);
	assert_false(tc_journal_take_report(journal, &report));
	add_many(journal, 3);
	struct tc_verification told = verify(path);
	assert_int_equal(told.finding, TC_FINDING_NONE);
	assert_int_equal(told.first_seq, 51);
	assert_string_equal(told.reason, "damaged");
	assert_non_null(strstr(told.predecessor, "journal.db.damaged-"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_written_is_whole),
		TEST(test_batches_of_any_size_are_whole),
		TEST(test_finds_a_change_in_any_column),
		TEST(test_finds_what_was_done_to_rows),
		TEST(test_finds_what_was_done_to_the_marks),
		TEST(test_noted_head_must_be_there),
		TEST(test_inserted_row_is_found_behind_which_the_agent_went_on),
		TEST(test_cut_is_found_behind_which_the_agent_went_on),
		TEST(test_rows_of_version_1_are_told),
		TEST(test_clock_that_is_set_back_breaks_nothing),
		TEST(test_damaged_page_is_a_finding),
		TEST(test_retention_by_count_leaves_a_whole_chain),
		TEST(test_finds_what_was_done_behind_a_checkpoint),
		TEST(test_retention_by_age),
		TEST(test_age_and_count_spare_what_is_not_delivered),
		TEST(test_size_takes_what_is_not_delivered_and_says_so),
		TEST(test_what_was_taken_is_told_after_a_restart),
		TEST(test_retention_takes_rows_of_version_1),
		TEST(test_rows_in_a_damaged_database_that_were_not_delivered_are_told),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
