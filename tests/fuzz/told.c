/* SPDX-License-Identifier: Apache-2.0 */
#include "told.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/names.h"
#include "agent/syscalls.h"
#include "rules/kernel/subject.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const fuzz_words[] = {
	"",	  "a",	    "ab",     "aab",	    "AB",	   "b",		 "bash",
	"sh",	  "/",	    "/etc",   "/etc/",	    "/etc/passwd", "etc/passwd", "//etc//passwd",
	"/tmp/x", "passwd", "*",      "a*",	    "?b",	   "[a-c]b",	 "[!a]*",
	"/e*/p*", "YWI=",   "-c",     "-abc",	    "--",	   "ab:c:",	 "a.b",
	"a|b",	  "(a|b)+", "^a.*b$", "6162",	    "é",	   "host",	 "regular",
	"a b",	  "\\",	    "0x1f",   "user.slice",
};
const char *const fuzz_numbers[] = {
	"0", "1", "2", "-1", "22", "443", "1000", "4294967295", "18446744073709551615",
};
const char *const fuzz_addresses[] = {
	"10.1.2.3", "10.0.0.0/8", "127.0.0.1", "::1", "2001:db8::1", "2001:db8::/32", "0.0.0.0/0",
};
const size_t fuzz_n_words = COUNT(fuzz_words);
const size_t fuzz_n_numbers = COUNT(fuzz_numbers);
const size_t fuzz_n_addresses = COUNT(fuzz_addresses);

void fuzz_told_init(struct fuzz_told *told)
{
	fuzz_need(tc_world_init(&told->world) == 0);
	fuzz_need(tc_event_init(&told->event) == 0);
}

void fuzz_told_done(struct fuzz_told *told)
{
	tc_event_done(&told->event);
	tc_world_done(&told->world);
}

/* Bytes that stay as long as the event. */
static void keep(struct fuzz_told *told, const void *bytes, size_t length, struct tc_value *value)
{
	char *copy = tc_arena_alloc(&told->event.arena, length + 1);

	fuzz_need(copy);
	memcpy(copy, bytes, length);
	value->bytes = copy;
	value->length = value->size = (uint32_t)length;
}

static void list_value(struct fuzz_told *told, struct fuzz_input *input, struct tc_value *value)
{
	char bytes[256];
	size_t length = 0;

	for (unsigned n = fuzz_below(input, 5); n; n--) {
		const char *word = fuzz_words[fuzz_below(input, (unsigned)fuzz_n_words)];

		memcpy(bytes + length, word, strlen(word) + 1);
		length += strlen(word) + 1;
	}
	keep(told, bytes, length, value);
}

static void address_value(struct fuzz_told *told, struct fuzz_input *input, struct tc_value *value)
{
	const char *text = fuzz_addresses[fuzz_below(input, (unsigned)fuzz_n_addresses)];
	char bytes[TC_IP_BYTES] = {[10] = (char)0xff, [11] = (char)0xff};
	char address[64];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (inet_pton(AF_INET, address, bytes + 12) != 1)
		fuzz_need(inet_pton(AF_INET6, address, bytes) == 1);
	keep(told, bytes, sizeof(bytes), value);
}

/* Strings of which only a part is known. */
static uint32_t take_flags(struct fuzz_input *input)
{
	static const uint32_t flags[] = {TC_VALUE_CUT, TC_VALUE_CUT | TC_VALUE_TAIL,
					 TC_VALUE_UNREADABLE};
	unsigned choice = fuzz_below(input, 16);

	return choice < COUNT(flags) ? flags[choice] : 0;
}

static struct tc_value take_value(struct fuzz_told *told, struct fuzz_input *input,
				  enum tc_type type)
{
	struct tc_value value = {.type = type};
	const char *word;

	switch (type) {
	case TC_TYPE_UINT:
		word = fuzz_numbers[fuzz_below(input, (unsigned)fuzz_n_numbers)];
		value.uint = strtoull(word, NULL, 10);
		break;
	case TC_TYPE_INT:
		value.sint = atoi(fuzz_numbers[fuzz_below(input, (unsigned)fuzz_n_numbers)]);
		break;
	case TC_TYPE_BOOL:
		value.yes = fuzz_byte(input) & 1;
		break;
	case TC_TYPE_LIST:
		list_value(told, input, &value);
		value.flags = take_flags(input);
		break;
	case TC_TYPE_IP:
		address_value(told, input, &value);
		break;
	default:
		word = fuzz_words[fuzz_below(input, (unsigned)fuzz_n_words)];
		keep(told, word, strlen(word), &value);
		value.flags = take_flags(input);
	}
	if (value.flags & TC_VALUE_CUT)
		value.size += 100;
	return value;
}

static const struct tc_kind_info *take_kind(struct fuzz_input *input)
{
	const struct tc_kind_info *kind = NULL;

	for (unsigned number = fuzz_byte(input); !kind; number++)
		kind = tc_kind_info(number % TC_KIND_LIMIT);
	return kind;
}

static bool is_decided(const struct tc_field *field, unsigned kind)
{
	return !(field->kinds >> kind & 1) || field->const_kinds >> kind & 1 ||
	       field->flags & TC_FIELD_CONSTANT || field->show == TC_SHOW_kind ||
	       strcmp(field->name, "evt.type") == 0;
}

/* A number of words, or of the types of files. */
static uint64_t take_number(struct fuzz_input *input, const struct tc_member *member)
{
	static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFSOCK, 0, S_IFREG};
	uint64_t number = 0, bits;
	const char *word;

	if (strcmp(member->member, "type") == 0)
		return types[fuzz_below(input, COUNT(types))] | fuzz_below(input, 512);
	for (unsigned n = fuzz_below(input, 4); n; n--) {
		unsigned place = fuzz_below(input, 32);

		while (place && !tc_names_at(member->show, place, &bits, &word))
			place /= 2;
		if (tc_names_at(member->show, place, &bits, &word))
			number = tc_names_joins(member->show) ? number | bits : bits;
	}
	return fuzz_below(input, 16) ? number : number + fuzz_byte(input);
}

/* Puts a value into the record, which then says as much of it as the value does. */
static void put(struct fuzz_told *told, struct fuzz_input *input, const struct tc_member *member)
{
	bool is_words = tc_names_has(member->show) || strcmp(member->member, "type") == 0;
	struct tc_draft_fault fault;
	struct tc_value value;

	if (told->is_seen && is_words && member->wire != TC_W_u16 && member->wire != TC_W_slot) {
		tc_draft_number(&told->draft, member, take_number(input, member));
		return;
	}
	value = take_value(told, input, tc_show_type(member->show));
	/* A word that the member does not have is not put. */
	if (tc_draft_put(&told->draft, member, &value, &fault) || member->wire != TC_W_slot ||
	    member->show == TC_SHOW_ip)
		return;
	struct tc_slot *slot = (struct tc_slot *)(told->draft.bytes + member->offset);

	slot->size = value.size;
	slot->flags |= value.flags & TC_VALUE_CUT ? TC_SLOT_CUT : 0;
	slot->flags |= value.flags & TC_VALUE_TAIL ? TC_SLOT_TAIL : 0;
	slot->flags |= value.flags & TC_VALUE_UNREADABLE ? TC_SLOT_UNREADABLE : 0;
}

/* Whether a hook, or who judges a cgroup, sees what the field says. */
static bool is_seen(const struct tc_field *field, unsigned kind)
{
	const struct tc_input input = {.field = field, .index = -1, .type = field->type};
	struct tc_subject subject;
	struct tc_place place;

	if (strcmp(field->name, "proc.exepath") == 0)
		return field->member[kind];
	return field->member[kind] || tc_subject_cgroup(&input) != TC_CGROUP_NOTHING ||
	       tc_subject_find(&input, kind, UINT64_MAX, &subject, &place) == TC_JUDGED;
}

static void state(struct fuzz_told *told, struct fuzz_input *input, const struct tc_field *field)
{
	const struct tc_member *member = field->member[told->event.record->kind];
	struct tc_value value;

	if (is_decided(field, told->event.record->kind))
		return;
	if (told->is_seen && is_seen(field, told->event.record->kind)) {
		if (member && strcmp(member->name, "cgroup.id") && member->show != TC_SHOW_verdict)
			put(told, input, member);
		return;
	}
	value = take_value(told, input, field->type);
	fuzz_need(tc_event_set(&told->event, field, -1, &value) == 0);
}

static const char *const cgroups[] = {"/", "/system.slice/ssh.service", "/user.slice",
				      "/user.slice/ab"};

void fuzz_told_see(struct fuzz_told *told)
{
	told->is_seen = true;
	for (size_t i = 0; i < COUNT(cgroups); i++)
		fuzz_need(tc_cgroups_set(told->world.cgroups, i + 1, cgroups[i], strlen(cgroups[i]),
					 false) == 0);
}

/* One of the system calls that lead to the kind, and a cgroup, or none. */
static void tell_header(struct fuzz_told *told, struct fuzz_input *input)
{
	const char *calls = told->event.kind->syscalls;
	struct tc_record *header = &told->draft.header;
	unsigned number = fuzz_below(input, 12);
	char name[64];

	header->cgroup_id = fuzz_below(input, COUNT(cgroups) + 1);
	told->event.cgroup = tc_cgroups_find(told->world.cgroups, header->cgroup_id);
	for (size_t length; *calls; calls += length, calls += strspn(calls, " ")) {
		length = strcspn(calls, " ");
		snprintf(name, sizeof(name), "%.*s", (int)length, calls);
		if (tc_syscall_number(name, false) < 0)
			continue;
		header->syscall = tc_syscall_number(name, false);
		if (!number--)
			break;
	}
}

struct tc_event *fuzz_told_next(struct fuzz_told *told, struct fuzz_input *input,
				const struct tc_field *const *fields, size_t n_fields)
{
	const struct tc_kind_info *kind = take_kind(input);

	tc_draft_begin(&told->draft, kind);
	tc_event_reset(&told->event, &told->draft.header, kind);
	told->event.world = &told->world;
	if (told->is_seen)
		tell_header(told, input);
	for (unsigned n = kind->n_members ? fuzz_below(input, 4) : 0; n; n--) {
		const struct tc_member *member = &kind->members[fuzz_below(input, kind->n_members)];

		put(told, input, member);
	}
	for (size_t i = 0; i < n_fields; i++)
		if (fuzz_below(input, 4))
			state(told, input, fields[i]);
	for (unsigned n = fuzz_below(input, 4); n; n--)
		state(told, input, tc_field_at(fuzz_below(input, tc_field_count())));
	return &told->event;
}

void fuzz_judge_all(struct tc_ruleset *set, const struct tc_written *written)
{
	static struct fuzz_told told;

	if (!tc_ruleset_count(set))
		return;
	if (!told.event.cache)
		fuzz_told_init(&told);
	fuzz_explain(set, written, NULL);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const uint8_t bytes[] = {(uint8_t)kind};
		struct fuzz_input input = {bytes, sizeof(bytes)};

		if (tc_kind_info(kind))
			fuzz_judge(set, fuzz_told_next(&told, &input, NULL, 0));
	}
	fuzz_explain(set, written, &told.event);
}
