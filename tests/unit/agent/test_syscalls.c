/* SPDX-License-Identifier: Apache-2.0 */
/* Names and numbers of system calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "agent/schema.h"
#include "agent/syscalls.h"

static const struct {
	int32_t number;
	bool i386;
	const char *name;
} cases[] = {
	{0, false, "read"},
	{59, false, "execve"},
	{166, false, "umount2"},
	{257, false, "openat"},
	{335, false, "uretprobe"},
	{337, false, NULL},
	{450, false, "set_mempolicy_home_node"},
	{451, false, "cachestat"},
	{452, false, "fchmodat2"},
	{462, false, "mseal"},
	{463, false, "setxattrat"},
	{467, false, "open_tree_attr"},
	{469, false, "file_setattr"},
	{470, false, NULL},
	{-1, false, NULL},
	{INT32_MIN, false, NULL},
	{INT32_MAX, false, NULL},
	{5, true, "open"},
	{11, true, "execve"},
	{22, true, "umount"},
	{26, true, "ptrace"},
	{295, true, "openat"},
	{469, true, "file_setattr"},
	{17, true, "break"},
	{222, true, NULL},
	/* The wide twins of x86-64 calls; what x86-64 calls by the same name keeps it. */
	{198, true, "lchown"},
	{213, true, "setuid"},
	{221, true, "fcntl"},
	{180, true, "pread64"},
	{300, true, "fstatat64"},
	{-1, true, NULL},
	{INT32_MAX, true, NULL},
	/* x32: most calls have the number of their x86-64 twin. */
	{TC_SYSCALL_X32_BIT | 257, false, "openat"},
	{TC_SYSCALL_X32_BIT | 520, false, "execve"},
	{TC_SYSCALL_X32_BIT | 540, false, "process_vm_writev"},
	{TC_SYSCALL_X32_BIT | 547, false, "pwritev2"},
	{TC_SYSCALL_X32_BIT | 548, false, NULL},
};

static void numbers_have_names(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = tc_syscall_name(cases[i].number, cases[i].i386);

		if (!cases[i].name ? name != NULL : !name || strcmp(name, cases[i].name) != 0)
			fail_msg("%d: %s", cases[i].number, name ? name : "no name");
	}
}

static void names_have_numbers(void **state)
{
	assert_int_equal(tc_syscall_number("openat", false), 257);
	assert_int_equal(tc_syscall_number("openat", true), 295);
	assert_int_equal(tc_syscall_number("umount", false), -1);
	assert_int_equal(tc_syscall_number("", false), -1);
	for (int32_t number = 0; number < 470; number++) {
		const char *name = tc_syscall_name(number, false);

		if (name)
			assert_int_equal(tc_syscall_number(name, false), number);
	}
}

static void the_table_agrees_with_the_headers(void **state)
{
#ifdef __x86_64__
	assert_int_equal(tc_syscall_number("mount_setattr", false), SYS_mount_setattr);
	assert_int_equal(tc_syscall_number("process_vm_writev", false), SYS_process_vm_writev);
	assert_int_equal(tc_syscall_number("pivot_root", false), SYS_pivot_root);
#endif
}

static void io_uring_twins_have_names(void **state)
{
	assert_string_equal(tc_syscall_io_uring_name(257), "io_uring_openat");
	assert_string_equal(tc_syscall_io_uring_name(437), "io_uring_openat2");
	assert_null(tc_syscall_io_uring_name(-1));
	assert_null(tc_syscall_io_uring_name(470));
	assert_null(tc_syscall_io_uring_name(337));
}

/* evt.type can become every word that the schema promises, in one ABI or the other. */
static void every_system_call_of_the_schema_has_a_number(void **state)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);
		char words[512], *rest = words, *word;

		if (!info)
			continue;
		assert_true(strlen(info->syscalls) < sizeof(words));
		strcpy(words, info->syscalls);
		while ((word = strsep(&rest, " "))) {
			bool twin = strncmp(word, "io_uring_", 9) == 0 &&
				    tc_syscall_number(word + 9, false) >= 0;

			if (*word && !twin && tc_syscall_number(word, false) < 0 &&
			    tc_syscall_number(word, true) < 0)
				fail_msg("%s: %s is no system call", info->name, word);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_names),
		cmocka_unit_test(names_have_numbers),
		cmocka_unit_test(the_table_agrees_with_the_headers),
		cmocka_unit_test(io_uring_twins_have_names),
		cmocka_unit_test(every_system_call_of_the_schema_has_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
