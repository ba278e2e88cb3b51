/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are read, and in what order. */
#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE(name)                                                                                 \
	"- rule: " name "\n  desc: d\n  priority: INFO\n  output: o\n  condition: fd.name = x\n"

struct place {
	char directory[64];
	char path[128];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->directory, "/tmp/tocsin-test-XXXXXX");
	*state = place;
	return mkdtemp(place->directory) ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
	int r = system(command);
	free(place);
	return r;
}

static const char *path_of(struct place *place, const char *name)
{
	snprintf(place->path, sizeof(place->path), "%s/%s", place->directory, name);
	return place->path;
}

static void write_file(struct place *place, const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(place, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_load_fails(const char *path, const char *code)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;

	assert_int_equal(tc_ruleset_load(&path, 1, &diagnostics, &set), -EINVAL);
	assert_null(set);
	assert_int_equal(diagnostics.errors, 1);
	assert_string_equal(diagnostics.items[0].code, code);
	assert_int_equal(diagnostics.items[0].line, 0);
	tc_diagnostics_done(&diagnostics);
}

static void directory_is_read_in_order_of_names(void **state)
{
	struct place *place = *state;
	struct tc_diagnostics diagnostics = {0};
	const char *path = place->directory;
	struct tc_ruleset *set;
	size_t n;

	write_file(place, "20-b.yaml", RULE("b"), 0644);
	write_file(place, "10-a.yml", RULE("a"), 0600);
	write_file(place, "notes.txt", "not rules", 0644);
	write_file(place, ".hidden.yaml", "not rules", 0644);
	assert_int_equal(tc_ruleset_load(&path, 1, &diagnostics, &set), 0);
	assert_int_equal(tc_ruleset_count(set), 2);
	assert_string_equal(tc_ruleset_at(set, 0)->name, "a");
	assert_string_equal(tc_ruleset_at(set, 1)->name, "b");
	assert_string_equal(tc_ruleset_at(set, 1)->file, path_of(place, "20-b.yaml"));
	assert_int_equal(tc_ruleset_at(set, 1)->line, 1);
	assert_null(tc_ruleset_at(set, 2));
	const struct tc_rule_file *files = tc_ruleset_files(set, &n);
	assert_int_equal(n, 2);
	assert_int_equal(files[0].n_rules, 1);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void directories_below_are_read(void **state)
{
	struct place *place = *state;
	struct tc_diagnostics diagnostics = {0};
	const char *path = place->directory;
	struct tc_ruleset *set;

	assert_int_equal(mkdir(path_of(place, "15-below"), 0755), 0);
	assert_int_equal(mkdir(path_of(place, "15-below/empty"), 0755), 0);
	assert_int_equal(mkdir(path_of(place, ".git"), 0755), 0);
	write_file(place, "20-b.yaml", RULE("c"), 0644);
	write_file(place, "10-a.yml", RULE("a"), 0600);
	write_file(place, "15-below/x.yaml", RULE("b"), 0644);
	write_file(place, ".git/x.yaml", "not rules", 0644);
	/* A link round in circles is not followed. */
	assert_int_equal(symlink("..", path_of(place, "15-below/up")), 0);
	assert_int_equal(tc_ruleset_load(&path, 1, &diagnostics, &set), 0);
	assert_int_equal(tc_ruleset_count(set), 3);
	assert_string_equal(tc_ruleset_at(set, 1)->name, "b");
	assert_string_equal(tc_ruleset_at(set, 1)->file, path_of(place, "15-below/x.yaml"));
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	assert_int_equal(chmod(path_of(place, "15-below"), 0777), 0);
	assert_load_fails(place->directory, "TC-R004");
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *place = *state;

	assert_load_fails(path_of(place, "missing.yaml"), "TC-R001");
	assert_load_fails(place->directory, "TC-R006");
	assert_int_equal(mkfifo(path_of(place, "fifo.yaml"), 0600), 0);
	assert_load_fails(place->path, "TC-R002");
	assert_load_fails(place->directory, "TC-R002");
	assert_load_fails("/dev/null", "TC-R002");
}

static void files_that_others_may_write_are_refused(void **state)
{
	struct place *place = *state;

	write_file(place, "a.yaml", RULE("a"), 0664);
	assert_load_fails(path_of(place, "a.yaml"), "TC-R004");
	assert_load_fails(place->directory, "TC-R004");
	write_file(place, "a.yaml", RULE("a"), 0646);
	assert_load_fails(path_of(place, "a.yaml"), "TC-R004");
	write_file(place, "a.yaml", RULE("a"), 0644);
	assert_int_equal(chmod(place->directory, 0777), 0);
	assert_load_fails(place->directory, "TC-R004");
}

static void files_of_others_are_refused(void **state)
{
	struct place *place = *state;

	if (geteuid())
		skip();
	write_file(place, "a.yaml", RULE("a"), 0644);
	assert_int_equal(chown(path_of(place, "a.yaml"), 12345, 0), 0);
	assert_load_fails(place->path, "TC-R003");
}

static void files_beyond_the_limit_are_told(void **state)
{
	struct place *place = *state;
	char name[32];

	for (unsigned i = 0; i < 10001; i++) {
		snprintf(name, sizeof(name), "%u.yaml", i);
		int fd = open(path_of(place, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		close(fd);
	}
	assert_load_fails(place->directory, "TC-R007");
}

static void file_and_its_directory_are_read_once(void **state)
{
	struct place *place = *state;
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set;
	size_t n;

	write_file(place, "a.yaml", RULE("a"), 0644);
	write_file(place, "b.yaml", RULE("b"), 0644);
	const char *paths[] = {path_of(place, "b.yaml"), place->directory, place->path};
	assert_int_equal(tc_ruleset_load(paths, 3, &diagnostics, &set), 0);
	tc_ruleset_files(set, &n);
	assert_int_equal(n, 2);
	assert_string_equal(tc_ruleset_at(set, 0)->name, "b");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void failed_load_leaves_the_set_alone(void **state)
{
	struct place *place = *state;
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = (struct tc_ruleset *)place;

	write_file(place, "a.yaml", "- rule: x\n", 0644);
	const char *path = path_of(place, "a.yaml");
	assert_int_equal(tc_ruleset_load(&path, 1, &diagnostics, &set), -EINVAL);
	assert_ptr_equal(set, place);
	tc_diagnostics_done(&diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(directories_below_are_read, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(directory_is_read_in_order_of_names, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(files_that_others_may_write_are_refused, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(files_of_others_are_refused, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(files_beyond_the_limit_are_told, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(file_and_its_directory_are_read_once, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(failed_load_leaves_the_set_alone, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
