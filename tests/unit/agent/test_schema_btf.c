/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema's tables against what clang made of the same rows for the probes: the type information
 * (BTF) in the two BPF objects has every struct with its members, their places and sizes. And what
 * must hold for the rows among themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <ctype.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/schema.h"

#include "settings.h"

#include "tocsin_probes.skel.h"
#include "tocsin_probes_5_10.skel.h"

/* --- BTF --- */

static struct btf *parse_elf(const void *bytes, size_t size)
{
	char path[] = "/tmp/test_schema_btf.XXXXXX";
	int fd = mkstemp(path);
	struct btf *btf;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	btf = btf__parse_elf(path, NULL);
	unlink(path);
	assert_non_null(btf);
	return btf;
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	char type[64];
	int id;

	snprintf(type, sizeof(type), "tc_%s", name);
	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	return id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
}

/* The member's number, or -1. */
static int find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, members[i].name_off), name) == 0)
			return i;
	return -1;
}

static size_t wire_size(enum tc_wire wire)
{
	static const size_t sizes[] = {
		[TC_W_u16] = 2,
		[TC_W_u32] = 4,
		[TC_W_u64] = 8,
		[TC_W_s32] = 4,
		[TC_W_s64] = 8,
		[TC_W_slot] = sizeof(struct tc_slot),
		[TC_W_comm] = sizeof(struct tc_comm),
	};

	return sizes[wire];
}

static void assert_members(const struct btf *btf, const struct btf_type *type, const char *name,
			   const struct tc_member *members, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int place = find_member(btf, type, members[i].member);

		if (place < 0)
			fail_msg("the object's struct tc_%s has no %s", name, members[i].member);
		const struct btf_member *member = &btf_members(type)[place];

		if (member->offset != members[i].offset * 8U)
			fail_msg("%s.%s: %u bits in the object, byte %u in the table", name,
				 members[i].member, member->offset, members[i].offset);
		assert_int_equal(btf__resolve_size(btf, member->type), wire_size(members[i].wire));
	}
}

static void assert_kind(const struct btf *btf, const struct tc_kind_info *kind)
{
	const struct btf_type *type = find_struct(btf, kind->name);

	if (!type)
		fail_msg("the object has no struct tc_%s", kind->name);
	assert_int_equal(type->size, kind->fixed_size);
	assert_int_equal(btf_vlen(type), kind->n_members + 1); /* and the header */
	assert_members(btf, type, kind->name, kind->members, kind->n_members);
}

static void assert_object(const void *bytes, size_t size)
{
	struct btf *btf = parse_elf(bytes, size);
	unsigned n_header, n_kinds = 0;
	const struct tc_member *header = tc_header_members(&n_header);
	const struct btf_type *type = find_struct(btf, "record");

	assert_non_null(type);
	assert_int_equal(type->size, sizeof(struct tc_record));
	assert_int_equal(btf_vlen(type), n_header);
	assert_members(btf, type, "record", header, n_header);
	for (uint32_t number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);

		if (!kind)
			continue;
		assert_kind(btf, kind);
		n_kinds++;
	}
	assert_true(n_kinds > 20);
	btf__free(btf);
}

static void probes_and_tables_agree(void **state)
{
	size_t size;
	const void *bytes = tocsin_probes__elf_bytes(&size);

	assert_object(bytes, size);
}

static void probes_for_5_10_and_tables_agree(void **state)
{
	size_t size;
	const void *bytes = tocsin_probes_5_10__elf_bytes(&size);

	assert_object(bytes, size);
}

/* --- the rows among themselves --- */

typedef void (*member_check)(const struct tc_member *member, const char *where);

static void for_each_member(member_check check)
{
	unsigned n_header;
	const struct tc_member *header = tc_header_members(&n_header);

	for (unsigned i = 0; i < n_header; i++)
		check(&header[i], "header");
	for (uint32_t number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);

		for (unsigned i = 0; kind && i < kind->n_members; i++)
			check(&kind->members[i], kind->name);
	}
}

static struct {
	const char *name;
	enum tc_type type;
} seen[1024];
static unsigned n_seen;

static void check_type(const struct tc_member *member, const char *where)
{
	if (!member->name[0])
		return;
	for (unsigned i = 0; i < n_seen; i++) {
		if (strcmp(seen[i].name, member->name) == 0) {
			if (seen[i].type != tc_show_type(member->show))
				fail_msg("%s has two types, the other one in %s", member->name,
					 where);
			return;
		}
	}
	assert_true(n_seen < sizeof(seen) / sizeof(seen[0]));
	seen[n_seen].name = member->name;
	seen[n_seen++].type = tc_show_type(member->show);
}

/* Words may differ (evt.arg.flags of open and rename), but what a rule can do with a name does not.
 */
static void a_name_has_one_type(void **state)
{
	n_seen = 0;
	for_each_member(check_type);
	assert_true(n_seen > 50);
}

static void assert_name(const char *name)
{
	assert_true(name[0] != '\0');
	for (const char *c = name; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '.' &&
		    *c != '_')
			fail_msg("%s: a name is made of [a-z0-9._]", name);
}

static void check_documented(const struct tc_member *member, const char *where)
{
	if (!member->doc || strlen(member->doc) < 8)
		fail_msg("%s.%s has no documentation", where, member->member);
}

static void all_is_documented(void **state)
{
	for_each_member(check_documented);
	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);

		assert_name(field->name);
		if (!field->doc || strlen(field->doc) < 8)
			fail_msg("%s has no documentation", field->name);
	}
	for (uint32_t number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);

		if (!kind)
			continue;
		assert_name(kind->name);
		assert_true(strlen(kind->doc) >= 8);
	}
}

static uint64_t numbers; /* of kinds, as bits */

static void count_kind(const char *name, unsigned number)
{
	if (number == 0 || number >= TC_KIND_LIMIT)
		fail_msg("%s has number %u", name, number);
	if (numbers & TC_KIND_BIT(number))
		fail_msg("%s has the number of another kind, %u", name, number);
	numbers |= TC_KIND_BIT(number);
}

static void kinds_have_numbers_of_their_own(void **state)
{
	numbers = 0;
#define TC_EVENT(name, number, family, traits, syscalls, doc) count_kind(#name, number);
#include "schema/events.def"
	assert_true(numbers == tc_kinds_all());
}

/* Fields of the header are found by the name of the member: a kind's own member of that name would
 * be shown in its place. */
static void no_member_hides_the_header(void **state)
{
	unsigned n_header;
	const struct tc_member *header = tc_header_members(&n_header);

	for (uint32_t number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);

		for (unsigned i = 0; kind && i < kind->n_members; i++)
			for (unsigned j = 0; j < n_header; j++)
				if (strcmp(kind->members[i].member, header[j].member) == 0)
					fail_msg("%s.%s hides the header's", kind->name,
						 kind->members[i].member);
	}
}

/*
 * The most that a slot may hold. Text is bounded by TC_TEXT_MAX in exec, which has arguments as
 * well, and by TC_PATH_MAX elsewhere (probes/lib/slot.h).
 */
static uint32_t slot_max(const struct tc_member *member, bool has_args)
{
	if (member->show == TC_SHOW_args)
		return TC_ARGS_MAX;
	if (member->show == TC_SHOW_ip)
		return TC_IP_BYTES;
	return member->show == TC_SHOW_text && has_args ? TC_TEXT_MAX : TC_PATH_MAX;
}

static void slots_fit_the_tail(void **state)
{
	for (uint32_t number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);
		bool has_args = false;
		uint32_t sum = 0;

		for (unsigned i = 0; kind && i < kind->n_members; i++)
			has_args |= kind->members[i].show == TC_SHOW_args;
		for (unsigned i = 0; kind && i < kind->n_members; i++)
			if (kind->members[i].wire == TC_W_slot)
				sum += slot_max(&kind->members[i], has_args);
		if (kind && sum > TC_TAIL_MAX)
			fail_msg("the slots of %s may hold %u bytes, more than %u", kind->name, sum,
				 TC_TAIL_MAX);
		if (kind)
			assert_true(kind->fixed_size <= TC_FIXED_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_and_tables_agree),
		cmocka_unit_test(probes_for_5_10_and_tables_agree),
		cmocka_unit_test(a_name_has_one_type),
		cmocka_unit_test(all_is_documented),
		cmocka_unit_test(kinds_have_numbers_of_their_own),
		cmocka_unit_test(no_member_hides_the_header),
		cmocka_unit_test(slots_fit_the_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
