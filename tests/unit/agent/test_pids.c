/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/enrich/pids.h"
#include "agent/enrich/process.h"

#define N_PIDS 3000

static struct tc_process processes[N_PIDS];

static void test_an_empty_table_knows_nobody(void **state)
{
	struct tc_pids pids = {0};

	assert_null(tc_pids_find(&pids, 1));
	tc_pids_remove(&pids, 1);
	tc_pids_done(&pids);
}

static void test_an_entry_takes_the_place_of_the_one_before(void **state)
{
	struct tc_pids pids = {0};

	assert_int_equal(tc_pids_set(&pids, 7, &processes[0]), 0);
	assert_int_equal(tc_pids_set(&pids, 7, &processes[1]), 0);
	assert_ptr_equal(tc_pids_find(&pids, 7), &processes[1]);
	assert_int_equal(pids.count, 1);
	tc_pids_done(&pids);
}

/* Adds and removes at random and compares with a plain array after each step. */
static void test_what_is_removed_hides_nobody(void **state)
{
	static struct tc_process *wanted[N_PIDS];
	struct tc_pids pids = {0};
	uint32_t random = 1;

	for (unsigned step = 0; step < 100000; step++) {
		uint32_t pid;

		random = random * 1664525 + 1013904223;
		pid = (random >> 8) % N_PIDS;
		if (random >> 31) {
			assert_int_equal(tc_pids_set(&pids, pid, &processes[pid]), 0);
			wanted[pid] = &processes[pid];
		} else {
			tc_pids_remove(&pids, pid);
			wanted[pid] = NULL;
		}
		for (unsigned i = 0; i < 16; i++)
			assert_ptr_equal(tc_pids_find(&pids, (pid + i) % N_PIDS),
					 wanted[(pid + i) % N_PIDS]);
	}
	for (unsigned pid = 0; pid < N_PIDS; pid++)
		assert_ptr_equal(tc_pids_find(&pids, pid), wanted[pid]);
	tc_pids_done(&pids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_table_knows_nobody),
		cmocka_unit_test(test_an_entry_takes_the_place_of_the_one_before),
		cmocka_unit_test(test_what_is_removed_hides_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
