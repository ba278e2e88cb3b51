/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as JSON Lines and back: nothing is lost, whatever the bytes are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "agent/cmd/trace_json.h"
#include "agent/draft.h"

static struct tc_draft draft;

/* The entry is what its line says; the line says it in words, or not. */
static void expect_same(uint16_t type, const void *bytes, size_t size, bool in_words)
{
	const struct tc_entry entry = {.type = type, .bytes = bytes, .size = size};
	struct tc_buffer line = {0}, body = {0};
	uint16_t found;
	char reason[128];

	trace_json_entry(&entry, true, &line);
	assert_false(tc_buffer_failed(&line));
	assert_ptr_equal(strchr(line.bytes, '\n'), line.bytes + line.length - 1);
	assert_int_equal(strncmp(line.bytes, "{\"entry\":", 9) != 0, in_words);
	assert_int_equal(trace_json_read(line.bytes, line.length, &found, &body, reason), 0);
	assert_int_equal(found, type);
	assert_int_equal(body.length, size);
	if (size)
		assert_memory_equal(body.bytes, bytes, size);
	tc_buffer_done(&line);
	tc_buffer_done(&body);
}

static void each_kind_of_record_has_words(void **state)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!tc_kind_info(kind))
			continue;
		tc_draft_begin(&draft, tc_kind_info(kind));
		draft.header.seq = UINT64_MAX;
		expect_same(TC_ENTRY_RECORD, draft.bytes, draft.header.size, true);
		tc_draft_fill(&draft, "/a\xff \\x41\"\n");
		expect_same(TC_ENTRY_RECORD, draft.bytes, draft.header.size, true);
	}
}

static void cut_and_unreadable_slots_are_told(void **state)
{
	tc_draft_begin(&draft, tc_kind_info(TC_KIND_exec));
	tc_draft_fill(&draft, "/bin/x");
	draft.exec.exe.size += 100;
	draft.exec.exe.flags |= TC_SLOT_CUT | TC_SLOT_TAIL;
	draft.exec.cwd.flags |= TC_SLOT_UNREADABLE;
	expect_same(TC_ENTRY_RECORD, draft.bytes, draft.header.size, true);
}

/* Slots that overlap, bytes behind the name's end, numbers that mean nothing: then the bytes. */
static void what_has_no_words_is_written_as_bytes(void **state)
{
	tc_draft_begin(&draft, tc_kind_info(TC_KIND_exec));
	tc_draft_fill(&draft, "/bin/x");
	draft.exec.cwd.offset = draft.exec.exe.offset;
	expect_same(TC_ENTRY_RECORD, draft.bytes, draft.header.size, false);
	tc_draft_begin(&draft, tc_kind_info(TC_KIND_exit));
	memcpy(draft.header.comm.bytes, "a\0b", 3);
	expect_same(TC_ENTRY_RECORD, draft.bytes, draft.header.size, false);
	expect_same(TC_ENTRY_RECORD, "abc", 3, false);
	expect_same(TC_ENTRY_PROCESS, "abc", 3, false);
	expect_same(77, "abc", 3, false);
	expect_same(77, "", 0, false);
}

static void any_bytes_come_back(void **state)
{
	srandom(1);
	for (unsigned n = 0; n < 2000; n++) {
		const struct tc_kind_info *kind = NULL;
		const struct tc_entry entry = {.type = TC_ENTRY_RECORD, .bytes = draft.bytes};
		struct tc_buffer line = {0}, body = {0};
		struct tc_entry changed = entry;
		char reason[128];
		uint16_t type;

		while (!kind)
			kind = tc_kind_info((uint32_t)random() % TC_KIND_LIMIT);
		tc_draft_begin(&draft, kind);
		tc_draft_fill(&draft, "/srv/a");
		changed.size = draft.header.size;
		for (unsigned i = 0; i < 3; i++)
			draft.bytes[(size_t)random() % changed.size] = (char)random();
		trace_json_entry(&changed, true, &line);
		assert_int_equal(trace_json_read(line.bytes, line.length, &type, &body, reason), 0);
		assert_int_equal(body.length, changed.size);
		assert_memory_equal(body.bytes, draft.bytes, changed.size);
		/* Lines that somebody changed are read, or refused. */
		line.bytes[(size_t)random() % line.length] = (char)random();
		assert_in_range(-trace_json_read(line.bytes, line.length, &type, &body, reason), 0,
				EINVAL);
		tc_buffer_done(&line);
		tc_buffer_done(&body);
	}
}

static void facts_have_words(void **state)
{
	struct tc_buffer body = {0}, label = {0};

	tc_named_put_number(&body, "id", UINT64_MAX);
	tc_named_put_text(&body, "path", "/a\xff\n");
	tc_named_put_text(&body, "path", "");
	tc_named_put_text(&label, "name", "x");
	tc_named_put_text(&label, "value", "y");
	tc_named_put_bytes(&body, "label", label.bytes, label.length);
	expect_same(TC_ENTRY_CONTAINER, body.bytes, body.length, true);
	tc_named_put_bytes(&body, "label", "no list", 7);
	expect_same(TC_ENTRY_CONTAINER, body.bytes, body.length, false);
	expect_same(TC_ENTRY_KNOWN, "", 0, true);
	tc_buffer_done(&body);
	tc_buffer_done(&label);
}

static void what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{"", "JSON: "},
		{"{", "JSON: "},
		{"[]", "not a JSON object"},
		{"{}", "neither a record nor a fact"},
		{"{\"record\":\"nothing\"}", "nothing: no kind of event"},
		{"{\"record\":\"exit\"}", "a record has header and members"},
		{"{\"record\":\"exit\",\"header\":{\"x\":1},\"members\":{}}", "x: no such member"},
		{"{\"record\":\"exit\",\"header\":{\"seq\":\"1\"},\"members\":{}}",
		 "seq: not a number"},
		{"{\"record\":\"exit\",\"header\":{\"comm\":\"0123456789abcdef\"},\"members\":{}}",
		 "comm: not a text of less than 16 bytes"},
		{"{\"cgroup\":1}", "not a list of pairs of name and value"},
		{"{\"cgroup\":[1]}", "not a pair of name and value"},
		{"{\"cgroup\":[[\"a\",null]]}", "a: neither a number nor a text"},
		{"{\"entry\":0,\"bytes\":\"\"}", "entry: not the type of an entry"},
		{"{\"cgroup\":[[\"a\",[[\"a\",[[\"a\",[[\"a\",[]]]]]]]]]}",
		 "not a list of pairs of name and value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tc_buffer body = {0};
		char reason[128] = "";
		uint16_t type;

		assert_int_equal(
			trace_json_read(cases[i].line, strlen(cases[i].line), &type, &body, reason),
			-EINVAL);
		assert_memory_equal(reason, cases[i].reason, strlen(cases[i].reason));
		tc_buffer_done(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_record_has_words),
		cmocka_unit_test(cut_and_unreadable_slots_are_told),
		cmocka_unit_test(what_has_no_words_is_written_as_bytes),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(facts_have_words),
		cmocka_unit_test(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
