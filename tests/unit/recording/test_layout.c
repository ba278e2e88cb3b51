/* SPDX-License-Identifier: Apache-2.0 */
/* Records of other versions become records of this one, member by member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "agent/decode.h"
#include "recording/layout.h"
#include "tests/unit/agent/make_record.h"

static struct tc_layout *read_layout(const char *text)
{
	struct tc_layout_fault fault;
	struct tc_layout *layout;

	assert_int_equal(tc_layout_read(text, strlen(text), &layout, &fault), 0);
	return layout;
}

static void records_of_this_version_are_left_alone(void **state)
{
	struct tc_buffer text = {0};
	union tc_layout_room room;
	const struct tc_record *record;
	struct tc_layout *layout;
	const char *kind;
	union made made;

	tc_layout_write(&text);
	layout = read_layout(text.bytes);
	assert_true(tc_layout_is_own(layout));
	for (unsigned number = 0; number < TC_KIND_LIMIT; number++)
		if (tc_kind_info(number))
			assert_int_equal(tc_layout_missing(layout, tc_kind_info(number)), 0);
	make_exec(&made, 7, SECOND, "x", "/bin/x");
	assert_int_equal(tc_layout_apply(layout, &made, made.header.size, &room, &record, &kind),
			 0);
	assert_ptr_equal(record, &made);
	/* What the decoder refuses it is not asked to lay out. */
	assert_int_equal(
		tc_layout_apply(layout, &made, made.header.size - 1, &room, &record, &kind),
		-EBADMSG);
	tc_layout_free(layout);
	tc_buffer_done(&text);
}

/* A version before this one: kinds have other numbers, members other places and widths; some are
 * missing, some are gone since. */
struct old_open {
	uint32_t size;
	uint16_t kind, version;
	uint64_t time_ns, start_ns;
	uint32_t tgid, fashion;
	struct tc_comm comm;
	struct tc_slot former, path;
	uint64_t open_flags;
	uint16_t dev;
	uint16_t zero[3];
	char bytes[32];
};

static const char old_layout[] = "version 1\n"
				 "header 48\n"
				 " u32 size 0\n u16 kind 4\n u16 version 6\n u64 time_ns 8\n"
				 " u64 start_ns 16\n u32 tgid 24\n u32 fashion 28\n comm comm 32\n"
				 "kind 300 open 88\n"
				 " slot former 48\n slot path 60\n u64 open_flags 72\n u16 dev 80\n"
				 " future what 0\n"
				 "kind 301 vanished 48\n";

static struct old_open old_open(void)
{
	struct old_open old = {.kind = 300,
			       .version = 1,
			       .time_ns = 5 * SECOND,
			       .start_ns = SECOND,
			       .tgid = 77,
			       .fashion = 1,
			       .comm = {"old"},
			       .open_flags = 0101,
			       .dev = 8};

	old.size = offsetof(struct old_open, bytes) + 16;
	memcpy(old.bytes, "former!!/tmp/old", 16);
	old.former = (struct tc_slot){8, 88, 8, TC_SLOT_PRESENT};
	old.path = (struct tc_slot){100, 96, 8, TC_SLOT_PRESENT | TC_SLOT_CUT};
	return old;
}

static void members_are_matched_by_name(void **state)
{
	struct tc_layout *layout = read_layout(old_layout);
	struct old_open old = old_open();
	union tc_layout_room room;
	const struct tc_record *record;
	const struct tc_open *open;
	struct tc_decode_error error;
	struct tc_event event;
	const char *kind;

	assert_int_equal(offsetof(struct old_open, bytes), 88);
	assert_false(tc_layout_is_own(layout));
	assert_int_equal(tc_layout_apply(layout, &old, old.size, &room, &record, &kind), 0);
	open = (const struct tc_open *)record;
	assert_int_equal(record->kind, TC_KIND_open);
	assert_int_equal(record->version, TC_RECORD_VERSION);
	assert_int_equal(record->size, sizeof(struct tc_open) + 16);
	assert_int_equal(record->time_ns, 5 * SECOND);
	assert_int_equal(record->tgid, 77);
	assert_string_equal(record->comm.bytes, "old");
	assert_int_equal(open->open_flags, 0101);
	assert_int_equal(open->dev, 8);
	assert_int_equal(open->path.size, 100);
	assert_int_equal(open->path.stored, 8);
	assert_int_equal(open->path.flags, TC_SLOT_PRESENT | TC_SLOT_CUT);
	assert_memory_equal((const char *)record + open->path.offset, "/tmp/old", 8);
	/* Not told then: no value now; of the header nothing. */
	assert_int_equal(open->mode, TC_ABSENT_U32);
	assert_int_equal(record->generation, 0);
	assert_int_equal(tc_event_init(&event), 0);
	assert_int_equal(tc_decode(record, record->size, &event, &error), 0);
	tc_event_done(&event);
	tc_layout_free(layout);
}

static void kinds_that_are_gone_are_told(void **state)
{
	struct tc_layout *layout = read_layout(old_layout);
	struct old_open old = old_open();
	union tc_layout_room room;
	const struct tc_record *record;
	const char *kind;

	old.kind = 301;
	assert_int_equal(tc_layout_apply(layout, &old, old.size, &room, &record, &kind), -ENOENT);
	assert_string_equal(kind, "vanished");
	old.kind = 302;
	assert_int_equal(tc_layout_apply(layout, &old, old.size, &room, &record, &kind), -EBADMSG);
	old.kind = 300;
	old.version = 2;
	assert_int_equal(tc_layout_apply(layout, &old, old.size, &room, &record, &kind), -EBADMSG);
	tc_layout_free(layout);
}

/* Whatever slots say, the decoder has the last word. */
static void hostile_slots_are_refused_by_the_decoder(void **state)
{
	struct tc_layout *layout = read_layout(old_layout);
	static const struct tc_slot slots[] = {
		{8, 0, 8, TC_SLOT_PRESENT},
		{8, 60, 8, TC_SLOT_PRESENT},
		{8, 0xffff, 8, TC_SLOT_PRESENT},
		{8, 97, 8, TC_SLOT_PRESENT},
		{0xffff, 88, 0xffff, TC_SLOT_PRESENT},
		{8, 87, 8, 0},
	};
	struct tc_event event;

	assert_int_equal(tc_event_init(&event), 0);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		struct old_open old = old_open();
		union tc_layout_room room;
		const struct tc_record *record;
		struct tc_decode_error error;
		const char *kind;

		old.path = slots[i];
		assert_int_equal(tc_layout_apply(layout, &old, old.size, &room, &record, &kind), 0);
		assert_int_equal(tc_decode(record, record->size, &event, &error), -EBADMSG);
	}
	tc_event_done(&event);
	tc_layout_free(layout);
}

/* The record's own members but one: what an image lacks is known. */
static void missing_members_are_told(void **state)
{
	const struct tc_kind_info *info = tc_kind_info(TC_KIND_open);
	struct tc_layout *layout = read_layout(old_layout);
	uint64_t missing = tc_layout_missing(layout, info);

	for (unsigned i = 0; i < info->n_members; i++) {
		const char *name = info->members[i].member;
		bool known = strcmp(name, "path") == 0 || strcmp(name, "dev") == 0 ||
			     strcmp(name, "open_flags") == 0;

		assert_int_equal(missing >> i & 1, !known);
	}
	tc_layout_free(layout);
}

static void wrong_layouts_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} rows[] = {
		{"", 1},
		{"nonsense\n", 1},
		{"version 1\nheader 5000\n", 2},
		{"version 1\n u32 size 0\n", 2},
		{"header 16\n u32 size 0\n u16 kind 4\n u16 version 15\n", 4},
		{"header 16\n u32 size 4294967295\n", 2},
		{"header 16\n u32 size 0\n u16 kind 4\n", 4},
		{"header 16\nheader 16\n", 2},
		{"header 16\nkind 1 a 8\n", 2},
		{"header 16\nkind 512 a 16\n", 2},
		{"header 16\nkind 1 a 16\nkind 1 b 16\n", 3},
		{"kind 1 a 16\n", 1},
		{"header 16\n u32\n", 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tc_layout_fault fault;
		struct tc_layout *layout;

		assert_int_equal(
			tc_layout_read(rows[i].text, strlen(rows[i].text), &layout, &fault),
			-EBADMSG);
		assert_int_equal(fault.line, rows[i].line);
		assert_int_not_equal(strlen(fault.reason), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_this_version_are_left_alone),
		cmocka_unit_test(members_are_matched_by_name),
		cmocka_unit_test(kinds_that_are_gone_are_told),
		cmocka_unit_test(hostile_slots_are_refused_by_the_decoder),
		cmocka_unit_test(missing_members_are_told),
		cmocka_unit_test(wrong_layouts_are_refused_with_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
