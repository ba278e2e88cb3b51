/* SPDX-License-Identifier: Apache-2.0 */
/* A journal in a directory of its own for each test, and what to put into it. */
#ifndef TOCSIN_TESTS_OUTPUT_JOURNAL_FIXTURE_H
#define TOCSIN_TESTS_OUTPUT_JOURNAL_FIXTURE_H

#include <sqlite3.h>

#include "fixture.h"
#include "output/journal.h"
#include "output/journal_reader.h"

static const char rules_text[] = "- rule: Shell \"one\"\n"
				 "  desc: test\n"
				 "  condition: evt.kind = exec\n"
				 "  output: \"program %proc.exepath\"\n"
				 "  priority: ERROR\n"
				 "- rule: Other thing\n"
				 "  desc: test\n"
				 "  condition: evt.kind = exec\n"
				 "  output: \"other %proc.exepath\"\n"
				 "  priority: NOTICE\n";

static struct tc_ruleset *rules;
static struct fixture fixture;

/* Where the journal of a test lies. */
struct place {
	char *directory;
	char path[96];
};

static inline int group_setup(void **state)
{
	rules = fixture_rules(rules_text);
	fixture_init(&fixture);
	return 0;
}

static inline int group_teardown(void **state)
{
	tc_ruleset_free(rules);
	fixture_done(&fixture);
	return 0;
}

static inline int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	place->directory = fixture_directory();
	snprintf(place->path, sizeof(place->path), "%s/state/journal.db", place->directory);
	*state = place;
	return 0;
}

static inline int teardown(void **state)
{
	struct place *place = *state;

	fixture_directory_remove(place->directory);
	free(place);
	return 0;
}

static inline struct tc_journal *open_journal(const char *path)
{
	struct tc_journal *journal = NULL;

	assert_int_equal(tc_journal_open(path, &journal), 0);
	return journal;
}

/* Adds an exec with the first or second rule, a second after the one before. */
static inline uint64_t add(struct tc_journal *journal, unsigned rule, uint32_t pid)
{
	struct tc_exec *exec = fixture_exec(&fixture);

	exec->header.tgid = pid;
	exec->header.cgroup_id = pid;
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, rule));
	alert.time_ns = FIXTURE_TIME_NS + pid * 1000000000ULL;
	assert_int_equal(tc_journal_add(journal, &alert), 0);
	return alert.seq;
}

static inline uint64_t add_notice(struct tc_journal *journal)
{
	struct tc_loss *loss = fixture_record(&fixture, TC_KIND_loss);

	loss->count = 5;
	struct tc_alert notice = fixture_alert(&fixture, NULL);
	assert_int_equal(tc_journal_add(journal, &notice), 0);
	return notice.seq;
}

/* What a query gave: numbers of the rows, in order. */
struct result {
	uint64_t seqs[64];
	size_t count;
};

static inline int collect(const struct tc_journal_row *row, void *context)
{
	struct result *result = context;

	assert_true(result->count < 64);
	result->seqs[result->count++] = row->seq;
	return 0;
}

static inline struct result query(const char *path, struct tc_journal_filter filter)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct result result = {0};

	assert_int_equal(tc_journal_reader_open(path, &reader), 0);
	assert_int_equal(tc_journal_reader_query(reader, &filter, collect, &result), 0);
	return result;
}

#define assert_seqs(rows, ...)                                                                     \
	do {                                                                                       \
		const uint64_t expected_[] = {__VA_ARGS__};                                        \
		struct result result_ = (rows);                                                    \
		assert_int_equal(result_.count, sizeof(expected_) / sizeof(expected_[0]));         \
		assert_memory_equal(result_.seqs, expected_, sizeof(expected_));                   \
	} while (0)

static inline void execute(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline void fill(const char *path)
{
	struct tc_journal *journal = open_journal(path);

	add(journal, 0, 10); /* 1: error */
	add(journal, 1, 20); /* 2: notice */
	add_notice(journal); /* 3: warning, time of pid 0 */
	add(journal, 0, 30); /* 4 */
	add(journal, 1, 40); /* 5 */
	tc_journal_close(journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
