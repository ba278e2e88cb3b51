/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/loss.h"

#define SECOND_NS 1000000000ULL

/* A look at a ring that was read out, a tenth of a second after the one before. */
static struct tc_loss_look look_at(uint64_t made, uint64_t now_ns)
{
	return (struct tc_loss_look){.state = {.made = made},
				     .read_out = true,
				     .now_ns = now_ns,
				     .last_ns = now_ns - SECOND_NS / 10};
}

static void counted_losses_are_told_once(void **state)
{
	struct tc_loss_account account = {.received = 5};
	struct tc_loss_look look = look_at(12, SECOND_NS);
	struct tc_losses losses;

	look.state.lost[TC_LOSS_RING_FULL] = 4;
	look.state.lost[TC_LOSS_NO_SCRATCH] = 3;
	assert_true(tc_loss_find(&account, &look, &losses));
	assert_int_equal(losses.count[TC_LOSS_RING_FULL], 4);
	assert_int_equal(losses.count[TC_LOSS_NO_SCRATCH], 3);
	assert_int_equal(losses.count[TC_LOSS_GAP], 0);
	assert_int_equal(losses.since_ns[TC_LOSS_RING_FULL], look.last_ns);
	look.now_ns = 10 * SECOND_NS;
	assert_false(tc_loss_find(&account, &look, &losses));
}

static void a_late_record_is_no_gap(void **state)
{
	struct tc_loss_account account = {.received = 9};
	struct tc_loss_look look = look_at(10, SECOND_NS);
	struct tc_losses losses;

	assert_false(tc_loss_find(&account, &look, &losses));
	account.received = 10;
	look = look_at(10, 5 * SECOND_NS);
	assert_false(tc_loss_find(&account, &look, &losses));
}

static void what_stays_away_is_a_gap(void **state)
{
	struct tc_loss_account account = {.received = 7};
	struct tc_loss_look look = look_at(10, SECOND_NS);
	struct tc_losses losses;

	assert_false(tc_loss_find(&account, &look, &losses));
	account.received = 8; /* one of the three came late */
	look = look_at(10, 2 * SECOND_NS);
	assert_false(tc_loss_find(&account, &look, &losses));
	look = look_at(10, 4 * SECOND_NS);
	assert_true(tc_loss_find(&account, &look, &losses));
	assert_int_equal(losses.count[TC_LOSS_GAP], 2);
	assert_int_equal(losses.since_ns[TC_LOSS_GAP], SECOND_NS - SECOND_NS / 10);
	assert_int_equal(account.received + account.told[TC_LOSS_GAP], 10);
	look = look_at(10, 40 * SECOND_NS);
	assert_false(tc_loss_find(&account, &look, &losses));
}

/* Records that came in while the ring was read must not stand in for one that is missing. */
static void newer_records_do_not_hide_a_gap(void **state)
{
	struct tc_loss_account account = {0};
	struct tc_losses losses;
	uint64_t told = 0;

	for (uint64_t second = 1; second <= 10; second++) {
		struct tc_loss_look look = look_at(100 * second, second * SECOND_NS);

		look.ahead = 1;
		account.received = 100 * second - 1 + look.ahead; /* number 0 never comes */
		if (tc_loss_find(&account, &look, &losses))
			told += losses.count[TC_LOSS_GAP];
	}
	assert_int_equal(told, 1);
}

static void a_ring_that_was_not_read_out_tells_no_gap_but_forgets_none(void **state)
{
	struct tc_loss_account account = {.received = 9};
	struct tc_loss_look look = look_at(10, SECOND_NS);
	struct tc_losses losses;

	assert_false(tc_loss_find(&account, &look, &losses));
	for (uint64_t second = 2; second < 20; second++) {
		look = look_at(1000, second * SECOND_NS);
		look.read_out = false;
		assert_false(tc_loss_find(&account, &look, &losses));
	}
	account.received = 999;
	look = look_at(1000, 20 * SECOND_NS);
	assert_true(tc_loss_find(&account, &look, &losses));
	assert_int_equal(losses.count[TC_LOSS_GAP], 1);
}

static void the_final_look_tells_all(void **state)
{
	struct tc_loss_account account = {.received = 9};
	struct tc_loss_look look = look_at(10, SECOND_NS);
	struct tc_losses losses;

	look.final = true;
	assert_true(tc_loss_find(&account, &look, &losses));
	assert_int_equal(losses.count[TC_LOSS_GAP], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_losses_are_told_once),
		cmocka_unit_test(a_late_record_is_no_gap),
		cmocka_unit_test(what_stays_away_is_a_gap),
		cmocka_unit_test(newer_records_do_not_hide_a_gap),
		cmocka_unit_test(a_ring_that_was_not_read_out_tells_no_gap_but_forgets_none),
		cmocka_unit_test(the_final_look_tells_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
