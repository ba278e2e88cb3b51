/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/queue.h"

static void push(struct tc_queue *queue, uint64_t time_ns, uint32_t size)
{
	unsigned char bytes[256];

	memset(bytes, (int)(time_ns & 0xff), size);
	assert_int_equal(tc_queue_push(queue, time_ns, bytes, size), 0);
}

/* The head is this record, with its own bytes. */
static void expect_head(const struct tc_queue *queue, uint64_t time_ns, uint32_t size)
{
	uint64_t head_ns;
	uint32_t head_size;
	const unsigned char *bytes = tc_queue_head(queue, &head_size, &head_ns);

	assert_non_null(bytes);
	assert_int_equal(head_ns, time_ns);
	assert_int_equal(head_size, size);
	assert_int_equal((uintptr_t)bytes % 8, 0);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], time_ns & 0xff);
}

static void records_come_out_in_the_order_of_time(void **state)
{
	static const uint64_t times[] = {10, 30, 20, 50, 40, 5};
	static const uint64_t sorted[] = {5, 10, 20, 30, 40, 50};
	struct tc_queue queue = {0};

	for (size_t i = 0; i < 6; i++)
		push(&queue, times[i], (uint32_t)(times[i] + 3));
	for (size_t i = 0; i < 6; i++) {
		expect_head(&queue, sorted[i], (uint32_t)(sorted[i] + 3));
		tc_queue_pop(&queue);
	}
	assert_null(tc_queue_head(&queue, &(uint32_t){0}, &(uint64_t){0}));
	tc_queue_done(&queue);
}

static void records_of_one_time_keep_their_order(void **state)
{
	struct tc_queue queue = {0};

	for (uint32_t size = 1; size <= 5; size++)
		push(&queue, 7, size);
	for (uint32_t size = 1; size <= 5; size++) {
		expect_head(&queue, 7, size);
		tc_queue_pop(&queue);
	}
	tc_queue_done(&queue);
}

static void a_long_life_needs_little_memory(void **state)
{
	struct tc_queue queue = {0};
	uint64_t time_ns = 1;

	for (; time_ns <= 100; time_ns++)
		push(&queue, time_ns, 64);
	for (; time_ns <= 200000; time_ns++) { /* never empty: 100 wait all the time */
		push(&queue, time_ns, 64);
		expect_head(&queue, time_ns - 100, 64);
		tc_queue_pop(&queue);
	}
	assert_true(queue.capacity < 1024 * 1024);
	assert_int_equal(tc_queue_bytes(&queue), 100 * 64);
	assert_int_equal(tc_queue_last_time(&queue), 200000);
	tc_queue_done(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_out_in_the_order_of_time),
		cmocka_unit_test(records_of_one_time_keep_their_order),
		cmocka_unit_test(a_long_life_needs_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
