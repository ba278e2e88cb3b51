/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/names.h"

static struct tc_arena arena;

static void expect_words(enum tc_show show, uint64_t number, const char *words)
{
	struct tc_value value;

	tc_names_present(show, number, &arena, &value);
	if (!words) {
		assert_int_equal(value.type, TC_TYPE_NONE);
		return;
	}
	assert_int_equal(value.type, TC_TYPE_STRING);
	assert_int_equal(value.length, strlen(words));
	assert_memory_equal(value.bytes, words, value.length);
}

static void values_have_one_word(void **state)
{
	expect_words(TC_SHOW_mount_op, TC_MOUNT_BIND, "bind");
	expect_words(TC_SHOW_kind, TC_KIND_exec, "exec");
	expect_words(TC_SHOW_ptrace_request, 0x4206, "PTRACE_SEIZE");
}

static void unknown_values_are_numbers(void **state)
{
	expect_words(TC_SHOW_mount_op, 77, "0x4d");
	expect_words(TC_SHOW_kind, 63, NULL);
}

static void sets_are_joined(void **state)
{
	expect_words(TC_SHOW_open_flags, 01 | 0100 | 01000, "O_WRONLY|O_CREAT|O_TRUNC");
	expect_words(TC_SHOW_mode, 04755,
		     "S_ISUID|S_IRUSR|S_IWUSR|S_IXUSR|S_IRGRP|S_IXGRP|S_IROTH|S_IXOTH");
	expect_words(TC_SHOW_caps, 1ULL << 21 | 1, "CAP_CHOWN CAP_SYS_ADMIN");
	expect_words(TC_SHOW_open_flags, 0, "");
}

static void a_word_of_several_bits_wins_over_its_parts(void **state)
{
	expect_words(TC_SHOW_open_flags, 04010000, "O_SYNC");
	expect_words(TC_SHOW_open_flags, 010000, "O_DSYNC");
	expect_words(TC_SHOW_open_flags, 020200000 | 2, "O_RDWR|O_TMPFILE");
}

static void bits_without_a_word_are_told(void **state)
{
	expect_words(TC_SHOW_umount_flags, 2 | 0x100, "MNT_DETACH|0x100");
	expect_words(TC_SHOW_umount_flags, 0x100, "0x100");
}

static void every_word_fits(void **state)
{
	struct tc_value value;

	for (unsigned show = 0; show < TC_SHOW_MAX; show++) {
		if (!tc_names_has((enum tc_show)show))
			continue;
		tc_names_present((enum tc_show)show, ~0ULL, &arena, &value);
		assert_true(value.type == TC_TYPE_NONE ||
			    value.length == strnlen(value.bytes, 4096));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_one_word),
		cmocka_unit_test(unknown_values_are_numbers),
		cmocka_unit_test(sets_are_joined),
		cmocka_unit_test(a_word_of_several_bits_wins_over_its_parts),
		cmocka_unit_test(bits_without_a_word_are_told),
		cmocka_unit_test(every_word_fits),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	tc_arena_done(&arena);
	return failed;
}
