/* SPDX-License-Identifier: Apache-2.0 */
/* What can be refused where: refuse.def says the same as the programs of probes.def. */
#include "fixture.h"

#include "agent/words.h"
#include "rules/kernel/refuse.h"

enum how { HOW_LSM, HOW_RAW_TP, HOW_TRACING };

static const struct program {
	const char *target;
	enum how how;
	uint64_t kinds;
} programs[] = {
#define TC_PROBE(group, program, how, target, n_args, source, kinds) {#target, HOW_##how, kinds},
#include "schema/probes.def"
};

#define N_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static bool is_program(const char *hook, size_t length, unsigned kind)
{
	for (size_t i = 0; i < N_PROGRAMS; i++)
		if (programs[i].how == HOW_LSM && programs[i].kinds & TC_KIND_BIT(kind) &&
		    tc_words_have(programs[i].target, hook, length))
			return true;
	return false;
}

static void a_hook_that_refuses_has_a_program(void **state)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const char *hook = tc_refuse_hook(kind);

		while (hook && *hook) {
			size_t length = strcspn(hook, " ");

			if (!is_program(hook, length, kind))
				fail_msg("%s: no program at %.*s", tc_kind_info(kind)->name,
					 (int)length, hook);
			hook += length;
			hook += strspn(hook, " ");
		}
	}
}

static void words_are_whole(void **state)
{
	assert_true(tc_words_have("one two three", "two", 3));
	assert_true(tc_words_have("one two three", "three", 5));
	assert_false(tc_words_have("one two three", "tw", 2));
	assert_false(tc_words_have("one two three", "one two", 7));
	assert_false(tc_words_have("", "one", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hook_that_refuses_has_a_program),
		cmocka_unit_test(words_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
