/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/pinned.h"

/* What the status asks; the rest needs a kernel: tests/safety/pins. */
static void assert_waiting(struct tc_ring_state state, uint64_t waiting, uint64_t lost)
{
	const struct tc_pinned pinned = {.is_known = true,
					 .rings = {.n_cpus = 1, .states = &state}};
	uint64_t now_waiting, now_lost;

	tc_pinned_waiting(&pinned, &now_waiting, &now_lost);
	assert_true(now_waiting == waiting);
	assert_true(now_lost == lost);
}

static void test_what_is_not_settled_waits(void **state)
{
	assert_waiting((struct tc_ring_state){.made = 10}, 10, 0);
	assert_waiting((struct tc_ring_state){.made = 10, .received = 4}, 6, 0);
	assert_waiting((struct tc_ring_state){.made = 10, .received = 10}, 0, 0);
}

static void test_what_was_lost_does_not_wait(void **state)
{
	assert_waiting((struct tc_ring_state){.made = 10,
					      .received = 4,
					      .lost = {[TC_LOSS_RING_FULL] = 5},
					      .told = {[TC_LOSS_RING_FULL] = 2}},
		       1, 3);
}

/* Told as a gap, and then there was no room for them. */
static void test_late_numbers_make_no_sum_less_than_nothing(void **state)
{
	assert_waiting((struct tc_ring_state){.made = 10,
					      .received = 8,
					      .lost = {[TC_LOSS_RING_FULL] = 2},
					      .told = {[TC_LOSS_GAP] = 2}},
		       0, 2);
	assert_waiting(
		(struct tc_ring_state){.made = 3, .received = 3, .told = {[TC_LOSS_GAP] = 1}}, 0,
		0);
}

static void test_it_enforces_while_it_has_programs_and_time(void **state)
{
	volatile struct tc_controls controls = {.kinds = 1, .enforce = 1};
	struct tc_pinned pinned = {.is_known = true, .n_links = 1, .controls = &controls};

	assert_true(tc_pinned_enforces(&pinned));
	controls.enforce_until_ns = 1;
	assert_false(tc_pinned_enforces(&pinned));
	controls.enforce_until_ns = UINT64_MAX;
	assert_true(tc_pinned_enforces(&pinned));
	controls.kinds = 0;
	assert_false(tc_pinned_enforces(&pinned));
	pinned.is_known = false; /* another version's: it may */
	assert_true(tc_pinned_enforces(&pinned));
	pinned.n_links = 0;
	assert_false(tc_pinned_enforces(&pinned));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_settled_waits),
		cmocka_unit_test(test_what_was_lost_does_not_wait),
		cmocka_unit_test(test_late_numbers_make_no_sum_less_than_nothing),
		cmocka_unit_test(test_it_enforces_while_it_has_programs_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
