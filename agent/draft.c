/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/names.h"

/* Members of events that a real event always has, by the name in their struct. kind NONE: in every
 * kind that has such a member. */
static const struct {
	enum tc_kind kind;
	const char *member;
	uint64_t number;
} plain_rows[] = {
	{TC_KIND_NONE, "type", S_IFREG},
	{TC_KIND_rmdir, "type", S_IFDIR},
	{TC_KIND_open, "open_flags", O_WRONLY},
	{TC_KIND_open_read, "open_flags", O_RDONLY},
	{TC_KIND_create, "new_mode", 0644},
	{TC_KIND_mkdir, "new_mode", 0755},
	{TC_KIND_fork, "child_tgid", TC_PLAIN_PID + 1},
	{TC_KIND_fork, "child_vpid", TC_PLAIN_PID + 1},
	{TC_KIND_fork, "child_start_ns", TC_PLAIN_TIME_NS},
	{TC_KIND_exec, "vpid", TC_PLAIN_PID},
	{TC_KIND_exec, "net_ns", TC_PLAIN_NET_NS},
	{TC_KIND_exec, "uts_ns", 0xEFFFFFFEU},
	{TC_KIND_exec, "ipc_ns", 0xEFFFFFFFU},
	{TC_KIND_exec, "cgroup_ns", 0xEFFFFFFBU},
	{TC_KIND_trace, "target_tgid", 2 * TC_PLAIN_PID},
	{TC_KIND_signal, "target_tgid", 2 * TC_PLAIN_PID},
	{TC_KIND_NONE, "target_tid", 2 * TC_PLAIN_PID},
	{TC_KIND_NONE, "target_uid", 0},
	{TC_KIND_NONE, "target_start_ns", TC_PLAIN_START_NS},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int refuse(struct tc_draft_fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct tc_draft_fault *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	return -EINVAL;
}

const struct tc_member *tc_draft_member(const struct tc_draft *draft, const char *name)
{
	for (unsigned i = 0; i < draft->kind->n_members; i++)
		if (strcmp(draft->kind->members[i].member, name) == 0)
			return &draft->kind->members[i];
	return NULL;
}

static bool is_own(const struct tc_draft *draft, const struct tc_member *member)
{
	return member >= draft->kind->members &&
	       member < draft->kind->members + draft->kind->n_members;
}

static void know(struct tc_draft *draft, const struct tc_member *member)
{
	if (is_own(draft, member))
		draft->known |= 1ULL << (member - draft->kind->members);
}

bool tc_draft_knows(const struct tc_draft *draft, const struct tc_member *member)
{
	return is_own(draft, member) && draft->known >> (member - draft->kind->members) & 1;
}

bool tc_draft_lacks(const struct tc_draft *draft, const struct tc_member *member)
{
	return is_own(draft, member) && !tc_draft_knows(draft, member);
}

static void write_number(struct tc_draft *draft, const struct tc_member *member, uint64_t number)
{
	char *place = draft->bytes + member->offset;

	switch (member->wire) {
	case TC_W_u16:
		*(uint16_t *)place = (uint16_t)number;
		break;
	case TC_W_u32:
	case TC_W_s32:
		*(uint32_t *)place = (uint32_t)number;
		break;
	case TC_W_u64:
	case TC_W_s64:
		*(uint64_t *)place = number;
		break;
	case TC_W_slot:
	case TC_W_comm:
		break;
	}
}

void tc_draft_number(struct tc_draft *draft, const struct tc_member *member, uint64_t number)
{
	write_number(draft, member, number);
	know(draft, member);
}

/* The members of a kind, without those that name a file or say what was asked. */
static void begin_members(struct tc_draft *draft)
{
	const struct tc_kind_info *kind = draft->kind;

	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];

		if (member->show == TC_SHOW_yes)
			tc_draft_number(draft, member, 0);
		else if (member->wire == TC_W_u32)
			write_number(draft, member, TC_ABSENT_U32);
		/* -1 says that there is no such id: a value. */
		if (member->show == TC_SHOW_id)
			know(draft, member);
	}
	for (size_t i = 0; i < COUNT(plain_rows); i++) {
		const struct tc_member *member = tc_draft_member(draft, plain_rows[i].member);

		if (member && (!plain_rows[i].kind || plain_rows[i].kind == kind->kind))
			tc_draft_number(draft, member, plain_rows[i].number);
	}
}

void tc_draft_begin(struct tc_draft *draft, const struct tc_kind_info *kind)
{
	memset(draft->bytes, 0, kind->fixed_size);
	draft->kind = kind;
	draft->known = 0;
	draft->header = (struct tc_record){
		.kind = (uint16_t)kind->kind,
		.version = TC_RECORD_VERSION,
		.size = kind->fixed_size,
		.time_ns = TC_PLAIN_TIME_NS,
		.start_ns = TC_PLAIN_START_NS,
		.tgid = TC_PLAIN_PID,
		.tid = TC_PLAIN_PID,
		.ppid = TC_PLAIN_PID - 1,
		.mnt_ns = TC_PLAIN_MNT_NS,
		.pid_ns = 0xEFFFFFFCU,
		.user_ns = 0xEFFFFFFDU,
		.syscall = -1,
	};
	begin_members(draft);
}

/* --- values --- */

/* Whether the wire has room for a number; 64 bits have for all. */
static bool fits(const struct tc_member *member, const struct tc_value *value)
{
	bool is_signed = value->type == TC_TYPE_INT;

	switch (member->wire) {
	case TC_W_u16:
		return value->uint <= UINT16_MAX;
	case TC_W_u32:
		/* The highest stands for none. */
		return is_signed ? value->sint >= -1 && value->sint < (int64_t)TC_ABSENT_U32
				 : value->uint < TC_ABSENT_U32;
	case TC_W_s32:
		return value->sint >= INT32_MIN && value->sint <= INT32_MAX;
	default:
		return true;
	}
}

static int put_number(struct tc_draft *draft, const struct tc_member *member,
		      const struct tc_value *value, struct tc_draft_fault *fault)
{
	if (!fits(member, value))
		return refuse(fault, "the number does not fit: a record has %u bits for it",
			      member->wire == TC_W_u16 ? 16 : 32);
	tc_draft_number(draft, member, value->uint);
	return 0;
}

static int put_words(struct tc_draft *draft, const struct tc_member *member,
		     const struct tc_value *value, struct tc_draft_fault *fault)
{
	const char *wrong, *near;
	uint64_t number;
	size_t length;

	if (tc_names_parse(member->show, value->bytes, value->length, &number, &wrong, &length)) {
		near = tc_names_nearest(member->show, wrong, length);
		if (near)
			snprintf(fault->hint, sizeof(fault->hint), "did you mean `%s`?", near);
		else
			snprintf(fault->hint, sizeof(fault->hint), "%s", tc_show_doc(member->show));
		return refuse(fault, "`%.*s` is none of its words", (int)length, wrong);
	}
	tc_draft_number(draft, member, number);
	return 0;
}

static int put_comm(struct tc_draft *draft, const struct tc_member *member,
		    const struct tc_value *value, struct tc_draft_fault *fault)
{
	char *place = draft->bytes + member->offset;

	if (value->length >= TC_COMM_MAX) {
		snprintf(fault->hint, sizeof(fault->hint), "rules would see `%.*s`",
			 TC_COMM_MAX - 1, value->bytes);
		return refuse(fault, "the kernel keeps %d bytes of a name", TC_COMM_MAX - 1);
	}
	memset(place, 0, TC_COMM_MAX);
	memcpy(place, value->bytes, value->length);
	know(draft, member);
	return 0;
}

static int put_slot(struct tc_draft *draft, const struct tc_member *member,
		    const struct tc_value *value, struct tc_draft_fault *fault)
{
	struct tc_slot *slot = (struct tc_slot *)(draft->bytes + member->offset);

	if (value->length > sizeof(draft->bytes) - draft->header.size)
		return refuse(fault, "%" PRIu32 " bytes are more than a record holds",
			      value->length);
	*slot = (struct tc_slot){
		.size = value->length,
		.offset = (uint16_t)draft->header.size,
		.stored = (uint16_t)value->length,
		.flags = TC_SLOT_PRESENT,
	};
	memcpy(draft->bytes + draft->header.size, value->bytes, value->length);
	draft->header.size += value->length;
	know(draft, member);
	return 0;
}

int tc_draft_put(struct tc_draft *draft, const struct tc_member *member,
		 const struct tc_value *value, struct tc_draft_fault *ret_fault)
{
	*ret_fault = (struct tc_draft_fault){0};
	if (member->wire == TC_W_slot)
		return put_slot(draft, member, value, ret_fault);
	if (member->wire == TC_W_comm)
		return put_comm(draft, member, value, ret_fault);
	switch (value->type) {
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		return put_number(draft, member, value, ret_fault);
	case TC_TYPE_BOOL:
		tc_draft_number(draft, member, value->yes);
		return 0;
	default:
		return put_words(draft, member, value, ret_fault);
	}
}

/* Some value of a type. */
static struct tc_value any_value(enum tc_type type, const char *text)
{
	static const char list[] = "one\0two", address[TC_IP_BYTES] = {[10] = -1, -1, 10, 1, 2, 3};
	struct tc_value value = {.type = type, .bytes = text, .length = (uint32_t)strlen(text)};

	switch (type) {
	case TC_TYPE_STRING:
		break;
	case TC_TYPE_LIST:
		value.bytes = list;
		value.length = sizeof(list);
		break;
	case TC_TYPE_IP:
		value.bytes = address;
		value.length = sizeof(address);
		break;
	default:
		return (struct tc_value){.type = type, .uint = 1};
	}
	value.size = value.length;
	return value;
}

void tc_draft_fill(struct tc_draft *draft, const char *text)
{
	const struct tc_kind_info *kind = draft->kind;
	struct tc_draft_fault ignored;

	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];
		struct tc_value value = any_value(tc_show_type(member->show), text);

		/* Where words stand for numbers the text is none of them. */
		if (tc_draft_put(draft, member, &value, &ignored) < 0)
			tc_draft_number(draft, member, 1);
	}
}
