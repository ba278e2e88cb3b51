/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "journal_fixture.h"
#include "output/cursors.h"
#include "told.h"

static struct tc_cursors *open_cursors(const char *path, bool expect_lost)
{
	struct tc_cursors *cursors = NULL;
	bool lost = !expect_lost;

	assert_int_equal(tc_cursors_open(path, &cursors, &lost), 0);
	assert_int_equal(lost, expect_lost);
	return cursors;
}

static void make_directory(const struct place *place)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/state", place->directory);
	assert_int_equal(mkdir(path, 0700), 0);
}

static const struct tc_hash kafka_journal = {.bytes = {9, 8, 7, [31] = 6}};

static int check_kafka(const struct tc_cursor *cursor, void *context)
{
	assert_string_equal(cursor->name, "kafka");
	assert_string_equal(cursor->spec, "kafka:topic=x");
	assert_true(cursor->durable);
	assert_int_equal(cursor->active, *(bool *)context);
	assert_int_equal(cursor->seq, 42);
	assert_int_equal(cursor->reached_seq, 43);
	assert_int_equal(cursor->updated_ns, 7);
	assert_string_equal(cursor->error, "away");
	assert_int_equal(cursor->error_ns, 6);
	assert_int_equal(cursor->errors, 3);
	assert_int_equal(cursor->delivered, 40);
	assert_int_equal(cursor->suppressed, 2);
	assert_memory_equal(cursor->journal, &kafka_journal, sizeof(kafka_journal));
	return 5;
}

static const struct tc_cursor kafka = {.name = "kafka",
				       .spec = "kafka:topic=x",
				       .durable = true,
				       .active = true,
				       .seq = 42,
				       .reached_seq = 43,
				       .updated_ns = 7,
				       .error = "away",
				       .error_ns = 6,
				       .errors = 3,
				       .delivered = 40,
				       .suppressed = 2,
				       .journal = &kafka_journal};

static int count(const struct tc_cursor *cursor, void *context)
{
	++*(unsigned *)context;
	return 0;
}

static void test_keeps_what_was_put(void **state)
{
	struct place *place = *state;
	struct tc_cursor other = {.name = "other", .spec = "stdout", .seq = 1};
	struct tc_cursors *cursors;
	bool active = true;
	unsigned n = 0;
	struct stat info;
	char path[128];

	make_directory(place);
	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_put(cursors, &other), 0);
	other.seq = 2;
	assert_int_equal(tc_cursors_put(cursors, &other), 0);
	assert_int_equal(tc_cursors_put(cursors, &kafka), 0);
	tc_cursors_close(cursors);

	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_kafka, &active), 5);
	assert_int_equal(tc_cursors_each(cursors, NULL, count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(tc_cursors_each(cursors, "none", count, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(tc_cursors_retire(cursors), 0);
	active = false;
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_kafka, &active), 5);
	tc_cursors_close(cursors);

	snprintf(path, sizeof(path), "%s/state/outputs.db", place->directory);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void test_name_of_the_database(void **state)
{
	static const char *const pairs[][2] = {
		{"/var/lib/tocsin/journal.db", "/var/lib/tocsin/outputs.db"},
		{"journal.db", "outputs.db"},
		{"/x/my-journal.db", "/x/my-journal.db.outputs"},
		{"other.db", "other.db.outputs"},
	};

	for (size_t i = 0; i < 4; i++) {
		char *path = tc_cursors_path(pairs[i][0]);

		assert_string_equal(path, pairs[i][1]);
		free(path);
	}
}

static void test_none_yet(void **state)
{
	struct place *place = *state;
	struct tc_cursors *cursors = NULL;

	assert_int_equal(tc_cursors_open_readonly(place->path, &cursors), -ENOENT);
	make_directory(place);
	assert_int_equal(tc_cursors_open_readonly(place->path, &cursors), -ENOENT);
	assert_null(cursors);
}

/* Writes bytes over the start of the file. */
static void spoil(const char *path, size_t size)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		fputc('x', file);
	fclose(file);
}

static void test_damage_is_set_aside(void **state)
{
	struct place *place = *state;
	struct tc_cursors *cursors;
	struct redirection saved;
	const char *told;
	char path[128];
	unsigned n = 0;

	make_directory(place);
	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_put(cursors, &kafka), 0);
	tc_cursors_close(cursors);
	snprintf(path, sizeof(path), "%s/state/outputs.db", place->directory);
	spoil(path, 5000);

	saved = redirect(1);
	cursors = open_cursors(place->path, true);
	told = restore(&saved);
	assert_non_null(strstr(told, "the database is damaged; it is set aside as "));
	assert_int_equal(tc_cursors_each(cursors, NULL, count, &n), 0);
	assert_int_equal(n, 0);
	tc_cursors_close(cursors);
	strcat(path, ".damaged");
	assert_int_equal(access(path, F_OK), 0);
}

static int check_old(const struct tc_cursor *cursor, void *context)
{
	assert_int_equal(cursor->seq, 42);
	assert_int_equal(cursor->suppressed, 2);
	assert_null(cursor->journal);
	return 5;
}

static void test_database_of_version_1_is_brought_up_to_date(void **state)
{
	struct place *place = *state;
	struct tc_cursors *cursors;
	bool active = true;
	char path[128];

	make_directory(place);
	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_put(cursors, &kafka), 0);
	tc_cursors_close(cursors);
	snprintf(path, sizeof(path), "%s/state/outputs.db", place->directory);
	execute(path, "ALTER TABLE outputs DROP COLUMN journal; PRAGMA user_version = 1");

	/* Whoever reads changes nothing. */
	assert_int_equal(tc_cursors_open_readonly(place->path, &cursors), 0);
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_old, NULL), 5);
	tc_cursors_close(cursors);
	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_old, NULL), 5);
	assert_int_equal(tc_cursors_put(cursors, &kafka), 0);
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_kafka, &active), 5);
	tc_cursors_close(cursors);
	cursors = open_cursors(place->path, false);
	assert_int_equal(tc_cursors_each(cursors, "kafka", check_kafka, &active), 5);
	tc_cursors_close(cursors);
}

static void test_foreign_and_newer_are_refused(void **state)
{
	struct place *place = *state;
	struct tc_cursors *cursors = NULL;
	struct redirection saved;
	char path[128];
	bool lost;
	int error;

	make_directory(place);
	snprintf(path, sizeof(path), "%s/state/outputs.db", place->directory);
	execute(path, "CREATE TABLE t (a); PRAGMA application_id = 5");
	saved = redirect(1);
	error = tc_cursors_open(place->path, &cursors, &lost);
	assert_non_null(strstr(restore(&saved), "another program's database"));
	assert_int_equal(error, -EBADMSG);
	execute(path, "PRAGMA application_id = 1414480719; PRAGMA user_version = 99");
	saved = redirect(1);
	error = tc_cursors_open(place->path, &cursors, &lost);
	assert_non_null(strstr(restore(&saved), "newer Tocsin (schema 99, this one knows 2)"));
	assert_int_equal(error, -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeps_what_was_put),
		TEST(test_name_of_the_database),
		TEST(test_none_yet),
		TEST(test_damage_is_set_aside),
		TEST(test_database_of_version_1_is_brought_up_to_date),
		TEST(test_foreign_and_newer_are_refused),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
