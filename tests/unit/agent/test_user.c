/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/enrich/user.h"

struct fixture {
	struct tc_users *users;
	char root[32];
};

static void put(struct fixture *fixture, const char *name, const char *text)
{
	char path[128], fresh[160];
	FILE *file;

	/* As useradd does: a new file takes the old one's place. */
	snprintf(path, sizeof(path), "%s/etc/%s", fixture->root, name);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	file = fopen(fresh, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(rename(fresh, path), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char etc[64];

	fixture->users = tc_users_new();
	strcpy(fixture->root, "/tmp/tocsin-users-XXXXXX");
	assert_non_null(mkdtemp(fixture->root));
	snprintf(etc, sizeof(etc), "%s/etc", fixture->root);
	assert_int_equal(mkdir(etc, 0700), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"/etc/passwd", "/etc/group", "/etc", ""};
	struct fixture *fixture = *state;
	char path[128];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", fixture->root, names[i]);
		remove(path);
	}
	tc_users_free(fixture->users);
	free(fixture);
	return 0;
}

static void expect_user(struct fixture *fixture, uint32_t uid, const char *expected)
{
	uint32_t length = 0;
	const char *name = tc_users_name(fixture->users, uid, &length);

	if (!expected) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, expected);
	assert_int_equal(length, strlen(expected));
}

static void names_are_found_by_number(void **state)
{
	struct fixture *fixture = *state;
	uint32_t length;

	put(fixture, "passwd",
	    "root:x:0:0:root:/root:/bin/bash\n"
	    "zoe:x:1000:1000::/home/zoe:/bin/sh\n"
	    "daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
	    "nobody:x:65534:65534::/:/usr/sbin/nologin\n"
	    "big:x:4294967294:0::/:/bin/sh");
	put(fixture, "group", "wheel:x:10:zoe,root\nroot:x:0:\n");
	expect_user(fixture, 0, NULL);
	assert_int_equal(tc_users_refresh(fixture->users, fixture->root), 0);
	expect_user(fixture, 0, "root");
	expect_user(fixture, 1, "daemon");
	expect_user(fixture, 1000, "zoe");
	expect_user(fixture, 65534, "nobody");
	expect_user(fixture, 4294967294U, "big");
	expect_user(fixture, 2, NULL);
	expect_user(fixture, UINT32_MAX, NULL);
	assert_string_equal(tc_users_group(fixture->users, 10, &length), "wheel");
	assert_int_equal(length, 5);
	assert_null(tc_users_group(fixture->users, 1000, &length));
}

static void the_first_of_several_names_wins(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "passwd",
	    "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\na:x:5:0:::\nb:x:5:0:::\nc:x:5:0:::\n");
	assert_int_equal(tc_users_refresh(fixture->users, fixture->root), 0);
	expect_user(fixture, 0, "root");
	expect_user(fixture, 5, "a");
}

static void broken_lines_are_passed_over(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "passwd",
	    "\n:x:1:\nnocolon\none:x\n+nis::2:::\n-no:x:3:\n#root:x:4:\nneg:x:-5:\nword:x:six:"
	    "\nbig:x:4294967296:\n"
	    "tail:x:7a:\nempty:x::\ngood:x:8:8::/:\n");
	assert_int_equal(tc_users_refresh(fixture->users, fixture->root), 0);
	for (uint32_t uid = 0; uid < 8; uid++)
		expect_user(fixture, uid, NULL);
	expect_user(fixture, UINT32_MAX - 4, NULL);
	expect_user(fixture, 8, "good");
}

static void a_changed_file_is_read_again(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "passwd", "a:x:1:1:::\n");
	tc_users_refresh(fixture->users, fixture->root);
	expect_user(fixture, 1, "a");
	put(fixture, "passwd", "b:x:1:1:::\n");
	tc_users_refresh(fixture->users, fixture->root);
	expect_user(fixture, 1, "b");
}

static void a_file_that_is_gone_leaves_its_names(void **state)
{
	struct fixture *fixture = *state;
	char path[64];

	put(fixture, "passwd", "a:x:1:1:::\n");
	tc_users_refresh(fixture->users, fixture->root);
	snprintf(path, sizeof(path), "%s/etc/passwd", fixture->root);
	unlink(path);
	assert_int_equal(tc_users_refresh(fixture->users, fixture->root), 0);
	expect_user(fixture, 1, "a");
}

static void the_users_of_this_host_are_read(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(tc_users_refresh(fixture->users, ""), 0);
	expect_user(fixture, 0, "root");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_found_by_number),
		TEST(the_first_of_several_names_wins),
		TEST(broken_lines_are_passed_over),
		TEST(a_changed_file_is_read_again),
		TEST(a_file_that_is_gone_leaves_its_names),
		TEST(the_users_of_this_host_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
