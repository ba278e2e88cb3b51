/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/decode.h"

struct exec_record {
	struct tc_exec exec;
	char tail[64];
};

static struct tc_event event;

/* A good exec record: path "/bin/x", arguments "x", "-a". */
static struct exec_record good_record(void)
{
	struct exec_record record = {.tail = "/bin/xx\0-a"};

	record.exec.header = (struct tc_record){.kind = TC_KIND_exec,
						.version = TC_RECORD_VERSION,
						.size = sizeof(struct tc_exec) + 11,
						.tgid = 7};
	record.exec.exe = (struct tc_slot){
		.size = 6, .offset = sizeof(struct tc_exec), .stored = 6, .flags = TC_SLOT_PRESENT};
	record.exec.argv = (struct tc_slot){.size = 5,
					    .offset = sizeof(struct tc_exec) + 6,
					    .stored = 5,
					    .flags = TC_SLOT_PRESENT};
	return record;
}

static void expect_refused(const struct exec_record *record, size_t size, const char *words)
{
	struct tc_decode_error error = {0};

	assert_int_equal(tc_decode(record, size, &event, &error), -EBADMSG);
	assert_non_null(strstr(error.reason, words));
}

static void a_good_record_is_read(void **state)
{
	struct exec_record record = good_record();
	struct tc_decode_error error;
	struct tc_value value;

	assert_int_equal(tc_decode(&record, record.exec.header.size, &event, &error), 0);
	assert_string_equal(event.kind->name, "exec");
	assert_true(tc_event_get(&event, tc_field_by_name("proc.exepath", 12), -1, &value));
	assert_int_equal(value.type, TC_TYPE_STRING);
	assert_int_equal(value.length, 6);
	assert_memory_equal(value.bytes, "/bin/x", 6);
	assert_true(tc_event_get(&event, tc_field_by_name("proc.argv", 9), -1, &value));
	assert_int_equal(value.type, TC_TYPE_LIST);
	assert_memory_equal(value.bytes, "x\0-a", 5);
	assert_true(tc_event_get(&event, tc_field_by_name("proc.pid", 8), -1, &value));
	assert_int_equal(value.uint, 7);
	assert_false(tc_event_get(&event, tc_field_by_name("mount.target", 12), -1, &value));
}

static void an_absent_number_is_no_value(void **state)
{
	struct tc_trace trace = {.header = {.kind = TC_KIND_trace,
					    .version = TC_RECORD_VERSION,
					    .size = sizeof(trace)},
				 .request = TC_ABSENT_U32,
				 .target_uid = 7};
	struct tc_exec exec = {.header = {.kind = TC_KIND_exec,
					  .version = TC_RECORD_VERSION,
					  .size = sizeof(exec)},
			       .loginuid = TC_ABSENT_U32};
	struct tc_decode_error error;
	struct tc_value value;

	assert_int_equal(tc_decode(&trace, sizeof(trace), &event, &error), 0);
	assert_false(tc_event_get(&event, tc_field_by_name("evt.arg.request", 15), -1, &value));
	assert_true(tc_event_get(&event, tc_field_by_name("target.uid", 10), -1, &value));
	assert_int_equal(value.uint, 7);
	assert_int_equal(tc_decode(&exec, sizeof(exec), &event, &error), 0);
	assert_true(tc_event_get(&event, tc_field_by_name("user.loginuid", 13), -1, &value));
	assert_int_equal(value.type, TC_TYPE_INT);
	assert_int_equal(value.sint, -1);
}

static void a_short_record_is_refused(void **state)
{
	struct exec_record record = good_record();

	for (size_t size = 0; size < record.exec.header.size; size++) {
		struct tc_decode_error error;
		void *exact =
			malloc(size + 1); /* so that the sanitizer sees a read behind the end */

		memcpy(exact, &record, size);
		assert_int_equal(tc_decode(exact, size, &event, &error), -EBADMSG);
		free(exact);
	}
}

static void a_wrong_header_is_refused(void **state)
{
	struct exec_record record = good_record();

	record.exec.header.version = 99;
	expect_refused(&record, record.exec.header.size, "version 99");
	record = good_record();
	record.exec.header.kind = 63;
	expect_refused(&record, record.exec.header.size, "unknown kind 63");
	record.exec.header.kind = 60000;
	expect_refused(&record, record.exec.header.size, "unknown kind 60000");
	record.exec.header.kind = TC_KIND_exec;
	record.exec.header.error = 0x80000000;
	expect_refused(&record, record.exec.header.size, "error 2147483648");
}

static void a_slot_outside_of_the_record_is_refused(void **state)
{
	struct exec_record record = good_record();

	record.exec.exe.offset = 0; /* the header is nobody's text */
	expect_refused(&record, record.exec.header.size, "exec.exe");
	record = good_record();
	record.exec.exe.stored = 60;
	record.exec.exe.size = 60;
	expect_refused(&record, record.exec.header.size, "exec.exe");
	record = good_record();
	record.exec.exe.offset = 0xffff;
	record.exec.exe.stored = 0xffff;
	expect_refused(&record, record.exec.header.size, "exec.exe");
	record = good_record();
	record.exec.exe.size = 2;
	expect_refused(&record, record.exec.header.size, "holds 6 of 2");
}

static void a_list_that_does_not_end_is_refused(void **state)
{
	struct exec_record record = good_record();

	record.exec.argv.stored = 4;
	expect_refused(&record, record.exec.header.size, "does not end in NUL");
}

static void flipped_bits_never_lead_astray(void **state)
{
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct exec_record record = good_record();
		struct tc_decode_error error;
		struct tc_value value;
		size_t size = record.exec.header.size;
		char *exact = malloc(size);

		for (int flips = 0; flips < 1 + round % 4; flips++)
			((unsigned char *)&record)[(size_t)rand() % size] ^=
				(unsigned char)(1 << rand() % 8);
		memcpy(exact, &record, size);
		if (tc_decode(exact, size, &event, &error) == 0) {
			const struct tc_kind_info *kind = event.kind;

			for (unsigned i = 0; i < kind->n_members; i++) {
				unsigned sum = 0;

				if (!tc_event_member(&event, &kind->members[i], &value) ||
				    value.type < TC_TYPE_STRING)
					continue;
				for (uint32_t byte = 0; byte < value.length; byte++)
					sum += (unsigned char)value.bytes[byte];
				assert_true(sum <= value.length * 255);
			}
		}
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_record_is_read),
		cmocka_unit_test(an_absent_number_is_no_value),
		cmocka_unit_test(a_short_record_is_refused),
		cmocka_unit_test(a_wrong_header_is_refused),
		cmocka_unit_test(a_slot_outside_of_the_record_is_refused),
		cmocka_unit_test(a_list_that_does_not_end_is_refused),
		cmocka_unit_test(flipped_bits_never_lead_astray),
	};
	int failed;

	if (tc_event_init(&event) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tc_event_done(&event);
	return failed;
}
