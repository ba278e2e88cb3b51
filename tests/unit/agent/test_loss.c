/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/loss.h"

#define SECOND_NS 1000000000ULL

static void counted_losses_are_told_once(void **state)
{
	struct tc_loss_account account = {.received = 5};
	struct tc_ring_state ring = {.made = 12, .lost = {[TC_LOSS_RING_FULL] = 4, [TC_LOSS_NO_SCRATCH] = 3}};
	uint64_t lost[TC_LOSS_MAX];

	assert_true(tc_loss_find(&account, &ring, 12, true, SECOND_NS, lost));
	assert_int_equal(lost[TC_LOSS_RING_FULL], 4);
	assert_int_equal(lost[TC_LOSS_NO_SCRATCH], 3);
	assert_int_equal(lost[TC_LOSS_GAP], 0);
	assert_false(tc_loss_find(&account, &ring, 12, true, 10 * SECOND_NS, lost));
}

static void a_late_record_is_no_gap(void **state)
{
	struct tc_loss_account account = {.received = 9};
	struct tc_ring_state ring = {.made = 10};
	uint64_t lost[TC_LOSS_MAX];

	assert_false(tc_loss_find(&account, &ring, 10, true, SECOND_NS, lost));
	account.received = 10;
	assert_false(tc_loss_find(&account, &ring, 10, true, 5 * SECOND_NS, lost));
}

static void what_stays_away_is_a_gap(void **state)
{
	struct tc_loss_account account = {.received = 7};
	struct tc_ring_state ring = {.made = 10};
	uint64_t lost[TC_LOSS_MAX];

	assert_false(tc_loss_find(&account, &ring, 10, true, SECOND_NS, lost));
	account.received = 8; /* one of the three came late */
	assert_false(tc_loss_find(&account, &ring, 10, true, 2 * SECOND_NS, lost));
	assert_true(tc_loss_find(&account, &ring, 10, true, 3 * SECOND_NS, lost));
	assert_int_equal(lost[TC_LOSS_GAP], 2);
	assert_int_equal(account.received + account.told[TC_LOSS_GAP], ring.made);
	assert_false(tc_loss_find(&account, &ring, 10, true, 30 * SECOND_NS, lost));
}

static void a_ring_that_was_not_read_out_has_no_gap(void **state)
{
	struct tc_loss_account account = {.received = 1};
	struct tc_ring_state ring = {.made = 1000};
	uint64_t lost[TC_LOSS_MAX];

	for (uint64_t second = 1; second < 20; second++)
		assert_false(tc_loss_find(&account, &ring, 1000, false, second * SECOND_NS, lost));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_losses_are_told_once),
		cmocka_unit_test(a_late_record_is_no_gap),
		cmocka_unit_test(what_stays_away_is_a_gap),
		cmocka_unit_test(a_ring_that_was_not_read_out_has_no_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
