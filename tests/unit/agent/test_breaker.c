/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/breaker.h"

#define SECOND 1000000000ULL

/* How often the breaker opened while so much was stopped in a second. */
static unsigned stop(struct tc_breakers *breakers, const char *name, uint64_t second, unsigned n)
{
	unsigned opened = 0;

	for (unsigned i = 0; i < n; i++)
		opened += tc_breakers_count(breakers, tc_breakers_of(breakers, name),
					    second * SECOND + i);
	return opened;
}

static void what_is_more_than_the_limit_opens_it_once(void **state)
{
	struct tc_breakers breakers = {.limit = 10};

	for (uint64_t second = 1; second < 100; second++)
		assert_int_equal(stop(&breakers, "a", second, 10), 0);
	assert_int_equal(stop(&breakers, "a", 100, 50), 1);
	assert_int_equal(stop(&breakers, "a", 101, 50), 0);
	assert_true(tc_breakers_find(&breakers, "a")->open);
	assert_int_equal(tc_breakers_find(&breakers, "a")->total, 99 * 10 + 100);
	tc_breakers_done(&breakers);
}

static void each_rule_has_its_own(void **state)
{
	struct tc_breakers breakers = {.limit = 1};

	assert_int_equal(stop(&breakers, "a", 1, 1), 0);
	assert_int_equal(stop(&breakers, "b", 1, 1), 0);
	assert_int_equal(stop(&breakers, "a", 1, 1), 1);
	assert_false(tc_breakers_find(&breakers, "b")->open);
	assert_null(tc_breakers_find(&breakers, "c"));
	tc_breakers_done(&breakers);
}

static void closed_ones_can_open_again(void **state)
{
	struct tc_breakers breakers = {.limit = 2};

	assert_int_equal(stop(&breakers, "a", 1, 3), 1);
	assert_int_equal(tc_breakers_close(&breakers), 1);
	assert_int_equal(tc_breakers_close(&breakers), 0);
	assert_int_equal(stop(&breakers, "a", 1, 2), 0);
	assert_int_equal(stop(&breakers, "a", 1, 1), 1);
	tc_breakers_done(&breakers);
}

static void without_a_limit_none_opens(void **state)
{
	struct tc_breakers breakers = {0};

	assert_int_equal(stop(&breakers, "a", 1, 100000), 0);
	tc_breakers_done(&breakers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_more_than_the_limit_opens_it_once),
		cmocka_unit_test(each_rule_has_its_own),
		cmocka_unit_test(closed_ones_can_open_again),
		cmocka_unit_test(without_a_limit_none_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
