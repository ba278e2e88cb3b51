/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup table: paths, units, renames, removal, bounds, and a look at this host's cgroups. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/enrich/cgroup.h"
#include "agent/enrich/cgroupfs.h"
#include "agent/enrich/host.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int set_up(void **state)
{
	*state = tc_cgroups_new();
	return 0;
}

static int tear_down(void **state)
{
	tc_cgroups_free(*state);
	return 0;
}

static void set(struct tc_cgroups *cgroups, uint64_t id, const char *path)
{
	assert_int_equal(tc_cgroups_set(cgroups, id, path, strlen(path), false), 0);
}

static void expect_path(struct tc_cgroups *cgroups, uint64_t id, const char *path)
{
	const struct tc_cgroup *cgroup = tc_cgroups_find(cgroups, id);

	assert_non_null(cgroup);
	assert_string_equal(cgroup->path, path);
	assert_int_equal(cgroup->path_length, strlen(path));
}

static const struct {
	const char *path, *unit, *slice;
} units[] = {
	{"/", "", ""},
	{"/init.scope", "init.scope", ""},
	{"/system.slice/ssh.service", "ssh.service", "system.slice"},
	{"/system.slice", "system.slice", "system.slice"},
	{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "x.service",
	 "app.slice"},
	{"/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice"},
	{"/system.slice/ssh.service/child", "ssh.service", "system.slice"},
	{"/system.slice/dbus.socket", "dbus.socket", "system.slice"},
	{"/system.slice/home.mount", "home.mount", "system.slice"},
	{"/system.slice/dev-disk-by\\x2duuid-1.swap", "dev-disk-by\\x2duuid-1.swap",
	 "system.slice"},
	{"/system.slice/_cgroup.service", "cgroup.service", "system.slice"},
	{"/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "system.slice"},
	{"/.service", "", ""},
	{"/_.service", "", ""},
	{"/docker/" ID, "", ""},
	{"/a.service/b", "a.service", ""},
	{"/line\nbreak.service", "line\nbreak.service", ""},
};

static void units_are_read_from_the_path(void **state)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const struct tc_cgroup *cgroup;

		set(*state, 5, units[i].path);
		cgroup = tc_cgroups_find(*state, 5);
		if (cgroup->unit.length != strlen(units[i].unit) ||
		    memcmp(cgroup->path + cgroup->unit.offset, units[i].unit,
			   cgroup->unit.length) != 0)
			fail_msg("%s: unit is %.*s", units[i].path, (int)cgroup->unit.length,
				 cgroup->path + cgroup->unit.offset);
		if (cgroup->slice.length != strlen(units[i].slice) ||
		    memcmp(cgroup->path + cgroup->slice.offset, units[i].slice,
			   cgroup->slice.length) != 0)
			fail_msg("%s: slice is %.*s", units[i].path, (int)cgroup->slice.length,
				 cgroup->path + cgroup->slice.offset);
	}
}

static void unknown_cgroups_are_not_found(void **state)
{
	assert_null(tc_cgroups_find(*state, 1));
	assert_null(tc_cgroups_see(*state, 1));
	assert_int_equal(tc_cgroups_counts(*state)->live, 0);
	tc_cgroups_remove(*state, 1);
}

static void a_rename_moves_everything_below(void **state)
{
	set(*state, 1, "/");
	set(*state, 2, "/a");
	set(*state, 3, "/a/b");
	set(*state, 4, "/a/b/docker-" ID ".scope");
	set(*state, 5, "/ab");
	set(*state, 6, "/a/b/old.service");
	tc_cgroups_remove(*state, 6);
	set(*state, 2, "/longer.slice");
	expect_path(*state, 2, "/longer.slice");
	expect_path(*state, 3, "/longer.slice/b");
	expect_path(*state, 4, "/longer.slice/b/docker-" ID ".scope");
	expect_path(*state, 5, "/ab");
	expect_path(*state, 6, "/longer.slice/b/old.service");
	const struct tc_cgroup *cgroup = tc_cgroups_find(*state, 4);
	assert_int_equal(cgroup->container.length, 64);
	assert_memory_equal(cgroup->path + cgroup->container.offset, ID, 64);
	assert_int_equal(cgroup->slice.length, strlen("longer.slice"));
	assert_int_equal(tc_cgroups_counts(*state)->live, 5);
}

static void a_removed_cgroup_is_found_for_a_while(void **state)
{
	char path[64];

	set(*state, 10, "/gone");
	tc_cgroups_remove(*state, 10);
	tc_cgroups_remove(*state, 10);
	tc_cgroups_trim(*state);
	expect_path(*state, 10, "/gone");
	assert_true(tc_cgroups_find(*state, 10)->flags & TC_CGROUP_REMOVED);
	for (uint64_t id = 100; id < 100000; id++) {
		snprintf(path, sizeof(path), "/x%llu", (unsigned long long)id);
		set(*state, id, path);
		tc_cgroups_remove(*state, id);
		tc_cgroups_trim(*state);
	}
	assert_null(tc_cgroups_find(*state, 10));
	assert_int_equal(tc_cgroups_counts(*state)->removed, TC_CGROUP_GRACE);
	assert_int_equal(tc_cgroups_counts(*state)->live, 0);
}

static void live_cgroups_are_bounded(void **state)
{
	for (uint64_t id = 1; id <= 70000; id++) {
		set(*state, id, "/x");
		tc_cgroups_trim(*state);
	}
	assert_int_equal(tc_cgroups_counts(*state)->live, 65536);
	assert_int_equal(tc_cgroups_counts(*state)->evicted, 70000 - 65536);
	assert_null(tc_cgroups_find(*state, 1));
	expect_path(*state, 70000, "/x");
}

static void a_cut_path_says_so_until_the_whole_is_known(void **state)
{
	assert_int_equal(tc_cgroups_set(*state, 7, "/begin", 6, true), 0);
	assert_true(tc_cgroups_find(*state, 7)->flags & TC_CGROUP_CUT);
	set(*state, 8, "/begin/below");
	set(*state, 7, "/beginning/of/something");
	assert_false(tc_cgroups_find(*state, 7)->flags & TC_CGROUP_CUT);
	/* It was not renamed: what looked like being below it is not. */
	expect_path(*state, 8, "/begin/below");
}

static void hostile_names_are_kept(void **state)
{
	char path[4096];

	memset(path, '\n', sizeof(path));
	path[0] = '/';
	assert_int_equal(tc_cgroups_set(*state, 7, path, sizeof(path), false), 0);
	assert_memory_equal(tc_cgroups_find(*state, 7)->path, path, sizeof(path));
	assert_int_equal(tc_cgroups_find(*state, 7)->path_length, sizeof(path));
}

static const struct {
	const char *path, *ancestor;
	bool within;
} within[] = {
	{"/a/b", "/a", true}, {"/a", "/a", true}, {"/ab", "/a", false},	 {"/", "/a", false},
	{"/a/b", "/", true},  {"/", "/", true},	  {"/a", "/a/b", false}, {"", "/", false},
};

static void a_path_is_within_its_ancestors(void **state)
{
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++)
		if (tc_cgroup_path_within(within[i].path, strlen(within[i].path),
					  within[i].ancestor,
					  strlen(within[i].ancestor)) != within[i].within)
			fail_msg("%s within %s", within[i].path, within[i].ancestor);
}

/* Reads this host's cgroups; passed over where cgroup v2 is not mounted. */
static void the_cgroups_of_this_host_are_read(void **state)
{
	struct tc_host *host = tc_host_new("", 0);
	char path[TC_CGROUP_PATH_MAX];
	const struct tc_cgroup *root;
	size_t length;
	uint64_t id;
	struct tc_cgroupfs *fs;
	int error = tc_cgroups_scan(*state, host);

	if (error == -ENOENT) {
		tc_host_free(host);
		skip();
	}
	assert_int_equal(error, 0);
	assert_int_equal(tc_cgroupfs_open(&fs), 0);
	id = tc_cgroupfs_id(fs, "/");
	root = tc_cgroups_find(*state, id);
	assert_non_null(root);
	assert_string_equal(root->path, "/");
	assert_int_equal(tc_cgroupfs_id(fs, "/no/such/cgroup"), 0);

	error = tc_cgroupfs_path(fs, id, path, &length);
	if (error == 0) {
		assert_string_equal(path, "/");
		assert_int_equal(length, 1);
		assert_int_equal(tc_cgroupfs_path(fs, UINT64_MAX - 5, path, &length), -ESTALE);
	} else {
		assert_int_equal(error, -EPERM);
	}
	tc_cgroupfs_close(fs);
	/* Not found is remembered. */
	assert_null(tc_cgroups_see(*state, UINT64_MAX - 5));
	assert_null(tc_cgroups_find(*state, UINT64_MAX - 5));
	assert_null(tc_cgroups_see(*state, UINT64_MAX - 5));
	tc_host_free(host);
}

static int check_visited(void *data, uint64_t id, const char *path, size_t length)
{
	struct tc_cgroupfs *fs = data;
	char found[TC_CGROUP_PATH_MAX];
	size_t found_length;
	int error = tc_cgroupfs_path(fs, id, found, &found_length);

	assert_int_equal(strlen(path), length);
	if (error == 0) {
		assert_string_equal(found, path);
		assert_int_equal(tc_cgroupfs_id(fs, path), id);
	}
	return 0;
}

static void ids_lead_to_paths_and_back(void **state)
{
	struct tc_cgroupfs *fs;

	if (tc_cgroupfs_open(&fs) < 0)
		skip();
	assert_int_equal(tc_cgroupfs_walk(fs, check_visited, fs), 0);
	tc_cgroupfs_close(fs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* What a watcher was told: +path and -id. */
struct heard {
	struct tc_cgroup_watcher watcher;
	char text[512];
};

static void hear_changed(void *context, struct tc_cgroup *cgroup)
{
	struct heard *heard = context;

	strncat(heard->text, "+", sizeof(heard->text) - strlen(heard->text) - 1);
	strncat(heard->text, cgroup->path, sizeof(heard->text) - strlen(heard->text) - 1);
}

static void hear_gone(void *context, uint64_t id)
{
	struct heard *heard = context;
	size_t length = strlen(heard->text);

	snprintf(heard->text + length, sizeof(heard->text) - length, "-%llu",
		 (unsigned long long)id);
}

static void a_watcher_is_told_of_what_changes(void **state)
{
	struct heard heard = {.watcher = {hear_changed, hear_gone, &heard}};
	struct tc_cgroups *cgroups = *state;

	set(cgroups, 1, "/before");
	tc_cgroups_watch(cgroups, &heard.watcher);
	set(cgroups, 2, "/a");
	set(cgroups, 3, "/a/b");
	set(cgroups, 3, "/a/b");
	assert_string_equal(heard.text, "+/a+/a/b");
	heard.text[0] = '\0';
	set(cgroups, 2, "/c");
	assert_string_equal(heard.text, "+/c+/c/b");
	heard.text[0] = '\0';
	tc_cgroups_learned(cgroups, tc_cgroups_find(cgroups, 3));
	tc_cgroups_remove(cgroups, 3);
	tc_cgroups_remove(cgroups, 3);
	assert_string_equal(heard.text, "+/c/b-3");
	heard.text[0] = '\0';
	tc_cgroups_each(cgroups, hear_changed, &heard);
	assert_string_equal(heard.text, "+/before+/c");
	tc_cgroups_watch(cgroups, NULL);
	set(cgroups, 4, "/unheard");
	assert_string_equal(heard.text, "+/before+/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(units_are_read_from_the_path),
		TEST(unknown_cgroups_are_not_found),
		TEST(a_rename_moves_everything_below),
		TEST(a_removed_cgroup_is_found_for_a_while),
		TEST(a_watcher_is_told_of_what_changes),
		TEST(live_cgroups_are_bounded),
		TEST(a_cut_path_says_so_until_the_whole_is_known),
		TEST(hostile_names_are_kept),
		TEST(a_path_is_within_its_ancestors),
		TEST(the_cgroups_of_this_host_are_read),
		TEST(ids_lead_to_paths_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
