/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "fixture.h"
#include "output/output.h"
#include "told.h"

/* A directory, and the output's file in it. */
struct place {
	char *directory;
	char path[96];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	place->directory = fixture_directory();
	snprintf(place->path, sizeof(place->path), "%s/log/alerts.json", place->directory);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	fixture_directory_remove(place->directory);
	free(place);
	return 0;
}

static int open_with(const struct place *place, const char *settings, void **ret_state)
{
	const struct tc_output *output = tc_output_find("file");
	struct tc_output_settings *read = NULL;
	char spec[256];
	int error;

	snprintf(spec, sizeof(spec), "file:path=%s%s", place->path, settings);
	error = tc_output_settings_read(output, spec, &read);
	if (!error)
		error = tc_file_ops.open(read, ret_state);
	tc_output_settings_free(read);
	return error;
}

static void *open_output(const struct place *place, const char *settings)
{
	void *state = NULL;

	assert_int_equal(open_with(place, settings, &state), 0);
	return state;
}

/* Row N is the line "row N" and so many bytes of x. */
static int write_row(void *state, uint64_t seq, size_t padding)
{
	struct tc_journal_row row = {.seq = seq};
	char text[4096];
	int length = snprintf(text, sizeof(text), "row %llu ", (unsigned long long)seq);

	memset(text + length, 'x', padding);
	const struct tc_message message = {
		.row = &row, .bytes = text, .length = (size_t)length + padding};
	return tc_file_ops.write(state, &message);
}

/* As a courier does: what has no room waits for a flush. */
static void write_rows(void *state, uint64_t first, uint64_t last, size_t padding)
{
	uint64_t seq = 0;

	for (uint64_t i = first; i <= last; i++) {
		int error = write_row(state, i, padding);

		if (error == -EAGAIN) {
			assert_int_equal(tc_file_ops.flush(state, 0, &seq), 0);
			assert_int_equal(seq, i - 1);
			error = write_row(state, i, padding);
		}
		assert_int_equal(error, 0);
	}
}

static void flush(void *state, uint64_t expected_seq)
{
	uint64_t seq = 0;

	assert_int_equal(tc_file_ops.flush(state, 0, &seq), 0);
	assert_int_equal(seq, expected_seq);
}

/* Reads lines of a file; they must be rows from next on. Returns the number behind the last. */
static uint64_t check_rows(const char *path, uint64_t next)
{
	FILE *file = fopen(path, "r");
	char line[8192];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long seq = 0;

		assert_int_equal(line[strlen(line) - 1], '\n');
		assert_int_equal(sscanf(line, "row %llu ", &seq), 1);
		assert_int_equal(seq, next);
		next++;
	}
	fclose(file);
	return next;
}

static long size_of(const char *path)
{
	struct stat info;

	return stat(path, &info) ? -1 : (long)info.st_size;
}

static void test_writes_lines(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, "");
	struct stat info;

	write_rows(output, 1, 3, 10);
	assert_int_equal(size_of(place->path), 0);
	flush(output, 3);
	assert_int_equal(check_rows(place->path, 1), 4);
	tc_file_ops.close(output);
	output = open_output(place, ",sync=never");
	write_rows(output, 4, 5000, 100);
	flush(output, 5000);
	tc_file_ops.close(output);
	assert_int_equal(check_rows(place->path, 1), 5001);
	assert_int_equal(stat(place->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void test_sync_always_needs_no_flush(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, ",sync=always");

	assert_int_equal(write_row(output, 1, 0), 0);
	assert_int_equal(check_rows(place->path, 1), 2);
	flush(output, 1);
	tc_file_ops.close(output);
}

static const char *refused(const struct place *place, const char *settings, int expected)
{
	struct redirection saved = redirect(1);
	void *output = NULL;
	int error = open_with(place, settings, &output);
	const char *told = restore(&saved);

	assert_int_equal(error, expected);
	return told;
}

static void test_refuses_wrong_settings(void **state)
{
	struct place *place = *state, none = {.path = ""};

	assert_non_null(strstr(refused(&none, "", -EINVAL), "it needs a path: file:path="));
	assert_non_null(strstr(refused(place, ",rotate.size=big", -EINVAL),
			       "rotate.size=big: it must be a size such as"));
	assert_non_null(strstr(refused(place, ",rotate.age=old", -EINVAL),
			       "rotate.age=old: it must be a duration such as"));
	assert_non_null(strstr(refused(place, ",rotate.keep=0", -EINVAL), "from 1 to 10000"));
	assert_non_null(strstr(refused(place, ",rotate.size=0", -EINVAL), "above 0"));
	assert_non_null(strstr(refused(place, ",rotate.names=odd", -EINVAL), "numbered timed"));
}

static void test_refuses_unsafe_files(void **state)
{
	struct place *place = *state;
	char log[128], other[128];

	snprintf(log, sizeof(log), "%s/log", place->directory);
	snprintf(other, sizeof(other), "%s/other", place->directory);
	mkdir(log, 0700);
	assert_int_equal(symlink(other, place->path), 0);
	assert_non_null(strstr(refused(place, "", -ELOOP), "it is a symbolic link"));
	assert_int_equal(access(other, F_OK), -1);
	unlink(place->path);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_non_null(strstr(refused(place, "", -EPERM), "not a regular file"));
	unlink(place->path);
	close(open(place->path, O_CREAT | O_WRONLY, 0600));
	chmod(place->path, 0622);
	assert_non_null(strstr(refused(place, "", -EPERM), "can be written by others (mode 0622)"));
	chmod(place->path, 0600);
	chmod(log, 0777);
	assert_non_null(strstr(refused(place, "", -EPERM), "its directory can be written by"));
	chmod(log, 0700);
	void *output = open_output(place, "");
	assert_non_null(strstr(refused(place, "", -EBUSY), "another agent or output writes it"));
	tc_file_ops.close(output);
	if (geteuid() == 0) {
		assert_int_equal(chown(place->path, 12345, 0), 0);
		assert_non_null(strstr(refused(place, "", -EPERM), "belongs to user 12345"));
	}
}

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_torn_line_is_mended(void **state)
{
	struct place *place = *state;
	struct redirection saved;
	void *output = open_output(place, "");

	write_rows(output, 1, 2, 0);
	flush(output, 2);
	tc_file_ops.close(output);
	append(place->path, "row 3 and then the pow");
	saved = redirect(1);
	output = open_output(place, "");
	assert_non_null(strstr(restore(&saved), "its last line is torn"));
	write_rows(output, 3, 3, 0);
	flush(output, 3);
	tc_file_ops.close(output);
	assert_int_equal(check_rows(place->path, 1), 4);

	/* Nothing of a file without any line is taken for torn and thrown away. */
	assert_int_equal(truncate(place->path, 0), 0);
	append(place->path, "a secret");
	saved = redirect(1);
	output = open_output(place, "");
	restore(&saved);
	tc_file_ops.close(output);
	assert_int_equal(size_of(place->path), strlen("a secret\n"));
}

static void test_rotates_by_size(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, ",rotate.size=1000,rotate.keep=3");
	char path[128];
	uint64_t next;

	/* Lines of 100 bytes at least: at most nine fit. */
	write_rows(output, 1, 60, 92);
	flush(output, 60);
	snprintf(path, sizeof(path), "%s.4", place->path);
	assert_int_equal(size_of(path), -1);
	snprintf(path, sizeof(path), "%s.3", place->path);
	FILE *file = fopen(path, "r");
	unsigned long long first = 0;
	assert_int_equal(fscanf(file, "row %llu ", &first), 1);
	fclose(file);
	next = first;
	for (unsigned i = 3; i > 0; i--) {
		snprintf(path, sizeof(path), "%s.%u", place->path, i);
		assert_true(size_of(path) > 800 && size_of(path) <= 1000);
		next = check_rows(path, next);
	}
	assert_int_equal(check_rows(place->path, next), 61);
	assert_true(first > 20);
	/* A line that is larger than a file may be has one of its own. */
	write_rows(output, 61, 62, 3000);
	flush(output, 62);
	assert_int_equal(check_rows(place->path, 62), 63);
	tc_file_ops.close(output);
	/* What an earlier, larger keep has left goes. */
	output = open_output(place, ",rotate.size=1000,rotate.keep=1");
	write_rows(output, 63, 63, 10);
	flush(output, 63);
	tc_file_ops.close(output);
	snprintf(path, sizeof(path), "%s.1", place->path);
	assert_int_equal(check_rows(path, 62), 63);
	snprintf(path, sizeof(path), "%s.2", place->path);
	assert_int_equal(size_of(path), -1);
}

static unsigned count_files(const struct place *place)
{
	char path[128];
	unsigned count = 0;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/log", place->directory);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

static void test_rotates_to_timed_names(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, ",rotate.size=1000,rotate.names=timed,rotate.keep=4");
	char path[128];

	/* A name that looks like one of them and is none. */
	snprintf(path, sizeof(path), "%s-notes", place->path);
	append(path, "keep me\n");
	write_rows(output, 1, 100, 92);
	flush(output, 100);
	tc_file_ops.close(output);
	assert_int_equal(count_files(place), 1 + 4 + 1);
	assert_int_equal(size_of(path), strlen("keep me\n"));
}

static void test_rotates_by_age(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, ",rotate.age=2s");
	char path[128];

	snprintf(path, sizeof(path), "%s.1", place->path);
	write_rows(output, 1, 2, 0);
	flush(output, 2);
	assert_int_equal(size_of(path), -1);
	usleep(2100000);
	write_rows(output, 3, 3, 0);
	flush(output, 3);
	tc_file_ops.close(output);
	assert_int_equal(check_rows(path, 1), 3);
	assert_int_equal(check_rows(place->path, 3), 4);
}

static void test_rotation_that_fails_loses_nothing(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, ",rotate.size=1000,rotate.keep=1");
	struct redirection saved;
	char path[128];

	snprintf(path, sizeof(path), "%s.1", place->path);
	assert_int_equal(mkdir(path, 0700), 0);
	saved = redirect(1);
	write_rows(output, 1, 100, 92);
	flush(output, 100);
	tc_file_ops.close(output);
	assert_non_null(strstr(restore(&saved), "cannot rotate it: Is a directory; it grows on"));
	assert_int_equal(check_rows(place->path, 1), 101);
}

static void test_reopens_when_asked(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, "");
	char moved[128];

	snprintf(moved, sizeof(moved), "%s.moved", place->path);
	write_rows(output, 1, 2, 0);
	flush(output, 2);
	assert_int_equal(rename(place->path, moved), 0);
	write_rows(output, 3, 3, 0);
	flush(output, 3);
	write_rows(output, 4, 4, 0);
	tc_file_ops.reopen(output);
	flush(output, 4);
	assert_int_equal(check_rows(moved, 1), 4);
	assert_int_equal(check_rows(place->path, 4), 5);
	/* A file that is gone altogether is made again by itself. */
	unlink(place->path);
	write_rows(output, 5, 5, 0);
	flush(output, 5);
	assert_int_equal(check_rows(place->path, 5), 6);
	tc_file_ops.close(output);
}

/* A file may not become larger than the limit: as on a full disk, a write ends in the middle. */
static void test_full_disk_tears_no_line(void **state)
{
	struct place *place = *state;
	void *output = open_output(place, "");
	struct rlimit before, limit;
	struct redirection saved;
	uint64_t seq = 0;
	int first, second;

	write_rows(output, 1, 5, 92);
	flush(output, 5);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 777;
	saved = redirect(1);
	setrlimit(RLIMIT_FSIZE, &limit);
	write_rows(output, 6, 15, 92);
	first = tc_file_ops.flush(output, 0, &seq);
	tc_file_ops.reset(output);
	write_rows(output, 6, 15, 92);
	second = tc_file_ops.flush(output, 0, &seq);
	tc_file_ops.reset(output);
	setrlimit(RLIMIT_FSIZE, &before);
	const char *told = restore(&saved);

	assert_int_equal(first, -EFBIG);
	assert_int_equal(second, -EFBIG);
	assert_int_equal(seq, 5);
	assert_int_equal(check_rows(place->path, 1), 6);
	char *line = strstr(told, "cannot write: File too large");
	assert_non_null(line);
	assert_null(strstr(line + 1, "cannot write"));
	saved = redirect(1);
	write_rows(output, 6, 15, 92);
	flush(output, 15);
	assert_non_null(strstr(restore(&saved), "writing again"));
	assert_int_equal(check_rows(place->path, 1), 16);
	tc_file_ops.close(output);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writes_lines),
		TEST(test_sync_always_needs_no_flush),
		TEST(test_refuses_wrong_settings),
		TEST(test_refuses_unsafe_files),
		TEST(test_torn_line_is_mended),
		TEST(test_rotates_by_size),
		TEST(test_rotates_to_timed_names),
		TEST(test_rotates_by_age),
		TEST(test_rotation_that_fails_loses_nothing),
		TEST(test_reopens_when_asked),
		TEST(test_full_disk_tears_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
