/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/trace_json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/schema.h"
#include "agent/value.h"
#include "output/format/json_writer.h"

/* Named values in named values in a line that somebody wrote. */
#define DEPTH_MAX 4

/* Facts by the word of their lines. */
static const char *const fact_words[] = {
	[TC_ENTRY_USERS] = "users",	      [TC_ENTRY_SERVICES] = "services",
	[TC_ENTRY_CGROUP] = "cgroup",	      [TC_ENTRY_PROCESS] = "process",
	[TC_ENTRY_START] = "start",	      [TC_ENTRY_CONTAINER] = "container",
	[TC_ENTRY_GENERATION] = "generation", [TC_ENTRY_TIME] = "time",
	[TC_ENTRY_KNOWN] = "known",
};
#define FACT_WORDS (sizeof(fact_words) / sizeof(fact_words[0]))

/* --- records, to JSON --- */

static uint64_t number_at(const void *record, const struct tc_member *member)
{
	static const uint8_t sizes[] = {
		[TC_W_u16] = 2, [TC_W_u32] = 4, [TC_W_s32] = 4, [TC_W_u64] = 8, [TC_W_s64] = 8};
	uint64_t number = 0;

	memcpy(&number, (const char *)record + member->offset, sizes[member->wire]);
	return number;
}

static void write_text(struct tc_json *json, const struct tc_member *member, const char *bytes,
		       size_t length)
{
	if (member->show != TC_SHOW_args || !length) {
		tc_json_bytes(json, bytes, length);
		return;
	}
	tc_json_array_begin(json);
	for (size_t at = 0; at < length;) {
		size_t size = strnlen(bytes + at, length - at);

		tc_json_bytes(json, bytes + at, size);
		at += size + 1;
	}
	tc_json_array_end(json);
}

static void write_slot(struct tc_json *json, const struct tc_record *record,
		       const struct tc_member *member)
{
	const struct tc_slot *slot = (const void *)((const char *)record + member->offset);
	const char *bytes = (const char *)record + slot->offset;

	if (!slot->flags) {
		tc_json_null(json);
		return;
	}
	if (slot->flags == TC_SLOT_PRESENT && slot->size == slot->stored) {
		write_text(json, member, bytes, slot->stored);
		return;
	}
	tc_json_object_begin(json);
	tc_json_key(json, "value");
	write_text(json, member, bytes, slot->stored);
	tc_json_key(json, "size");
	tc_json_uint(json, slot->size);
	tc_json_key(json, "flags");
	tc_json_uint(json, slot->flags);
	tc_json_object_end(json);
}

static void write_number(struct tc_json *json, const void *record, const struct tc_member *member)
{
	uint64_t number = number_at(record, member);

	if (member->wire == TC_W_s32)
		tc_json_int(json, (int32_t)number);
	else if (member->wire == TC_W_s64)
		tc_json_int(json, (int64_t)number);
	else
		tc_json_uint(json, number);
}

static void write_header(struct tc_json *json, const struct tc_record *record)
{
	unsigned count;
	const struct tc_member *members = tc_header_members(&count);

	tc_json_key(json, "header");
	tc_json_object_begin(json);
	for (unsigned i = 0; i < count; i++) {
		/* These follow from the rest. */
		if (members[i].offset < offsetof(struct tc_record, seq))
			continue;
		tc_json_key(json, members[i].member);
		if (members[i].wire == TC_W_comm)
			tc_json_bytes(json, record->comm.bytes,
				      strnlen(record->comm.bytes, TC_COMM_MAX));
		else
			write_number(json, record, &members[i]);
	}
	tc_json_object_end(json);
}

struct placed {
	const struct tc_member *member;
	uint16_t offset;
};

static int by_offset(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->member < y->member ? -1 : x->member > y->member;
}

/* Numbers, then slots in the order of their bytes. */
static void write_members(struct tc_json *json, const struct tc_record *record,
			  const struct tc_kind_info *kind)
{
	struct placed slots[64];
	size_t n_slots = 0;

	tc_json_key(json, "members");
	tc_json_object_begin(json);
	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];
		const struct tc_slot *slot = (const void *)((const char *)record + member->offset);

		if (member->wire == TC_W_slot) {
			slots[n_slots++] = (struct placed){member, slot->offset};
			continue;
		}
		tc_json_key(json, member->member);
		if (member->wire == TC_W_comm)
			tc_json_bytes(json, (const char *)record + member->offset,
				      strnlen((const char *)record + member->offset, TC_COMM_MAX));
		else
			write_number(json, record, member);
	}
	qsort(slots, n_slots, sizeof(slots[0]), by_offset);
	for (size_t i = 0; i < n_slots; i++) {
		tc_json_key(json, slots[i].member->member);
		write_slot(json, record, slots[i].member);
	}
	tc_json_object_end(json);
}

static void write_record(struct tc_json *json, const struct tc_record *record,
			 const struct tc_kind_info *kind)
{
	tc_json_key(json, "record");
	tc_json_string(json, kind->name);
	write_header(json, record);
	write_members(json, record, kind);
}

/* --- records, from JSON --- */

struct reader {
	char *reason; /* 128 bytes */
	unsigned depth;
};

static int refuse(struct reader *reader, const char *what, const char *name)
{
	snprintf(reader->reason, 128, "%s%s%s", name, *name ? ": " : "", what);
	return -EINVAL;
}

static int read_number(struct reader *reader, struct json_object *value,
		       const struct tc_member *member, char *record)
{
	static const uint8_t sizes[] = {
		[TC_W_u16] = 2, [TC_W_u32] = 4, [TC_W_s32] = 4, [TC_W_u64] = 8, [TC_W_s64] = 8};
	uint64_t number;

	if (!json_object_is_type(value, json_type_int))
		return refuse(reader, "not a number", member->member);
	number = member->wire == TC_W_s32 || member->wire == TC_W_s64
			 ? (uint64_t)json_object_get_int64(value)
			 : json_object_get_uint64(value);
	memcpy(record + member->offset, &number, sizes[member->wire]);
	return 0;
}

/* Appends what a text, or a list of them, says. */
static int read_bytes(struct reader *reader, struct json_object *value, const char *name,
		      struct tc_buffer *bytes)
{
	if (json_object_is_type(value, json_type_string)) {
		tc_text_unescape(bytes, json_object_get_string(value),
				 (size_t)json_object_get_string_len(value));
		return 0;
	}
	if (!json_object_is_type(value, json_type_array))
		return refuse(reader, "not a text", name);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *item = json_object_array_get_idx(value, i);

		if (!json_object_is_type(item, json_type_string))
			return refuse(reader, "not a list of texts", name);
		tc_text_unescape(bytes, json_object_get_string(item),
				 (size_t)json_object_get_string_len(item));
		tc_buffer_add_char(bytes, '\0');
	}
	return 0;
}

static int read_comm(struct reader *reader, struct json_object *value,
		     const struct tc_member *member, char *record)
{
	_cleanup_buffer_ struct tc_buffer bytes = {0};

	if (!json_object_is_type(value, json_type_string) ||
	    read_bytes(reader, value, member->member, &bytes) < 0 || bytes.length >= TC_COMM_MAX)
		return refuse(reader, "not a text of less than 16 bytes", member->member);
	memcpy(record + member->offset, bytes.bytes ?: "", bytes.length);
	return 0;
}

/* Its bytes go behind the record. */
static int read_slot(struct reader *reader, struct json_object *value,
		     const struct tc_member *member, struct tc_buffer *record)
{
	struct tc_slot slot = {.flags = TC_SLOT_PRESENT};
	struct json_object *text = value;
	size_t begin = record->length;
	int error;

	if (!value)
		return 0;
	if (json_object_is_type(value, json_type_object))
		text = json_object_object_get(value, "value");
	error = read_bytes(reader, text, member->member, record);
	if (error < 0)
		return error;
	if (record->length > TC_RECORD_MAX)
		return refuse(reader, "too long for a record", member->member);
	slot.offset = (uint16_t)begin;
	slot.stored = (uint16_t)(record->length - begin);
	slot.size = slot.stored;
	if (text != value) {
		slot.size = (uint32_t)json_object_get_uint64(json_object_object_get(value, "size"));
		slot.flags =
			(uint32_t)json_object_get_uint64(json_object_object_get(value, "flags"));
	}
	memcpy(record->bytes + member->offset, &slot, sizeof(slot));
	return 0;
}

static const struct tc_member *member_named(const struct tc_member *members, unsigned count,
					    const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(members[i].member, name) == 0)
			return &members[i];
	return NULL;
}

static int read_members(struct reader *reader, struct json_object *values,
			const struct tc_member *members, unsigned count, struct tc_buffer *record)
{
	int error = 0;

	if (!json_object_is_type(values, json_type_object))
		return refuse(reader, "a record has header and members", "");
	json_object_object_foreach(values, name, value)
	{
		const struct tc_member *member = member_named(members, count, name);

		if (!member)
			error = refuse(reader, "no such member", name);
		else if (member->wire == TC_W_slot)
			error = read_slot(reader, value, member, record);
		else if (member->wire == TC_W_comm)
			error = read_comm(reader, value, member, record->bytes);
		else
			error = read_number(reader, value, member, record->bytes);
		if (error < 0 || tc_buffer_failed(record))
			break;
	}
	return error;
}

/* Appends a record to body. */
static int read_record(struct reader *reader, struct json_object *line, struct tc_buffer *body)
{
	static const char zeros[TC_FIXED_MAX];
	_cleanup_buffer_ struct tc_buffer record = {0};
	const char *name = json_object_get_string(json_object_object_get(line, "record")) ?: "";
	const struct tc_kind_info *kind = tc_kind_by_name(name);
	const struct tc_member *header;
	unsigned n_header;
	int error;

	if (!kind)
		return refuse(reader, "no kind of event", name);
	header = tc_header_members(&n_header);
	tc_buffer_add(&record, zeros, kind->fixed_size);
	if (tc_buffer_failed(&record))
		return -ENOMEM;
	error = read_members(reader, json_object_object_get(line, "header"), header, n_header,
			     &record);
	if (error == 0)
		error = read_members(reader, json_object_object_get(line, "members"), kind->members,
				     kind->n_members, &record);
	if (error < 0)
		return error;
	if (tc_buffer_failed(&record))
		return -ENOMEM;
	((struct tc_record *)record.bytes)->kind = (uint16_t)kind->kind;
	((struct tc_record *)record.bytes)->version = TC_RECORD_VERSION;
	((struct tc_record *)record.bytes)->size = (uint32_t)record.length;
	tc_buffer_add(body, record.bytes, record.length);
	return 0;
}

/* --- named values --- */

static bool is_list(const struct tc_named *named)
{
	return tc_named_is(named, "label") || tc_named_is(named, "pod_label") ||
	       tc_named_is(named, "mount");
}

static void write_list(struct tc_json *json, const struct tc_named_list *list, bool own_layout,
		       unsigned depth);

static void write_program(struct tc_json *json, const struct tc_named *named)
{
	const struct tc_kind_info *kind;
	union tc_layout_room room;

	/* Named values are not aligned. */
	memcpy(room.bytes, named->bytes, named->length);
	kind = tc_layout_own_kind(room.bytes, named->length);
	if (!kind) {
		tc_json_bytes(json, named->bytes, named->length);
		return;
	}
	tc_json_object_begin(json);
	write_record(json, &room.header, kind);
	tc_json_object_end(json);
}

/* Bytes that are lists in too many lists stay bytes: nobody who reads takes more. */
static void write_value(struct tc_json *json, const struct tc_named *named, bool own_layout,
			unsigned depth)
{
	const struct tc_named_list inner = {named->bytes, named->length};

	if (!named->bytes) {
		tc_json_uint(json, named->number);
	} else if (is_list(named) && depth < DEPTH_MAX) {
		write_list(json, &inner, own_layout, depth + 1);
	} else if (own_layout && tc_named_is(named, "exec") &&
		   named->length <= sizeof(union tc_layout_room)) {
		write_program(json, named);
	} else {
		tc_json_bytes(json, named->bytes, named->length);
	}
}

/* An array of pairs: names may come again, and their order counts. */
static void write_list(struct tc_json *json, const struct tc_named_list *list, bool own_layout,
		       unsigned depth)
{
	struct tc_named_list rest = *list;
	struct tc_named named;

	tc_json_array_begin(json);
	while (tc_named_next(&rest, &named) > 0) {
		tc_json_array_begin(json);
		tc_json_bytes(json, named.name, named.name_length);
		write_value(json, &named, own_layout, depth);
		tc_json_array_end(json);
	}
	tc_json_array_end(json);
}

static int read_list(struct reader *reader, struct json_object *list, struct tc_buffer *body);

static int read_value(struct reader *reader, const char *name, struct json_object *value,
		      struct tc_buffer *body)
{
	_cleanup_buffer_ struct tc_buffer bytes = {0};
	int error = 0;

	if (json_object_is_type(value, json_type_int)) {
		tc_named_put_number(body, name, json_object_get_uint64(value));
		return 0;
	}
	if (json_object_is_type(value, json_type_string))
		error = read_bytes(reader, value, name, &bytes);
	else if (json_object_is_type(value, json_type_array))
		error = read_list(reader, value, &bytes);
	else if (json_object_is_type(value, json_type_object))
		error = read_record(reader, value, &bytes);
	else
		error = refuse(reader, "neither a number nor a text", name);
	if (error == 0 && tc_buffer_failed(&bytes))
		error = -ENOMEM;
	if (error == 0)
		tc_named_put_bytes(body, name, bytes.bytes, bytes.length);
	return error;
}

/* A name ends at its first NUL: it has none. */
static int read_name(struct reader *reader, struct json_object *text, struct tc_buffer *name)
{
	if (!json_object_is_type(text, json_type_string) ||
	    read_bytes(reader, text, "", name) < 0 || name->length >= TC_NAMED_NAME_MAX ||
	    (name->length && memchr(name->bytes, '\0', name->length)))
		return refuse(reader, "not a name", "");
	tc_buffer_add_char(name, '\0');
	return tc_buffer_failed(name) ? -ENOMEM : 0;
}

static int read_pair(struct reader *reader, struct json_object *pair, struct tc_buffer *body)
{
	_cleanup_buffer_ struct tc_buffer name = {0};
	int error;

	if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
		return refuse(reader, "not a pair of name and value", "");
	error = read_name(reader, json_object_array_get_idx(pair, 0), &name);
	return error < 0 ? error
			 : read_value(reader, name.bytes, json_object_array_get_idx(pair, 1), body);
}

/* Appends the pairs to body. */
static int read_list(struct reader *reader, struct json_object *list, struct tc_buffer *body)
{
	int error = 0;

	if (!json_object_is_type(list, json_type_array) || ++reader->depth > DEPTH_MAX)
		return refuse(reader, "not a list of pairs of name and value", "");
	for (size_t i = 0; i < json_object_array_length(list) && error == 0; i++)
		error = read_pair(reader, json_object_array_get_idx(list, i), body);
	reader->depth--;
	return error;
}

/* --- lines --- */

static void write_words(struct tc_json *json, const struct tc_entry *entry, bool own_layout)
{
	const struct tc_named_list list = {entry->bytes, entry->size};

	tc_json_object_begin(json);
	if (entry->type == TC_ENTRY_RECORD) {
		write_record(json, entry->bytes, tc_layout_own_kind(entry->bytes, entry->size));
	} else {
		tc_json_key(json, fact_words[entry->type]);
		write_list(json, &list, own_layout, 1);
	}
	tc_json_object_end(json);
}

/* Whether a line is read as what it was made of. */
static bool says(const struct tc_buffer *line, const struct tc_entry *entry)
{
	_cleanup_buffer_ struct tc_buffer body = {0};
	uint16_t type;
	char reason[128];

	return !tc_buffer_failed(line) &&
	       trace_json_read(line->bytes, line->length, &type, &body, reason) == 0 &&
	       type == entry->type && body.length == entry->size &&
	       (!entry->size || memcmp(body.bytes, entry->bytes, entry->size) == 0);
}

static bool has_words(const struct tc_entry *entry, bool own_layout)
{
	if (entry->type == TC_ENTRY_RECORD)
		return own_layout && tc_layout_own_kind(entry->bytes, entry->size);
	return entry->type < FACT_WORDS && fact_words[entry->type];
}

static void write_raw(const struct tc_entry *entry, struct tc_buffer *line)
{
	_cleanup_json_ struct tc_json json = {.buffer = line};

	tc_json_object_begin(&json);
	tc_json_key(&json, "entry");
	tc_json_uint(&json, entry->type);
	tc_json_key(&json, "bytes");
	tc_json_bytes(&json, entry->bytes, entry->size);
	tc_json_object_end(&json);
}

void trace_json_entry(const struct tc_entry *entry, bool own_layout, struct tc_buffer *line)
{
	_cleanup_buffer_ struct tc_buffer words = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &words};
	bool good = has_words(entry, own_layout);

	if (good) {
		write_words(&json, entry, own_layout);
		good = says(&words, entry);
	}
	if (good)
		tc_buffer_add(line, words.bytes, words.length);
	else
		write_raw(entry, line);
	tc_buffer_add_char(line, '\n');
}

void trace_json_header(const struct tc_named_list *header, struct tc_buffer *line)
{
	_cleanup_json_ struct tc_json json = {.buffer = line};

	tc_json_object_begin(&json);
	tc_json_key(&json, "recording");
	/* A header has no lists: whatever a name says, its bytes stay bytes. */
	write_list(&json, header, false, DEPTH_MAX);
	tc_json_object_end(&json);
	tc_buffer_add_char(line, '\n');
}

static int read_raw(struct reader *reader, struct json_object *line, struct tc_buffer *body,
		    uint16_t *ret_type)
{
	struct json_object *type = json_object_object_get(line, "entry");

	if (!json_object_is_type(type, json_type_int) || json_object_get_int64(type) < 1 ||
	    json_object_get_int64(type) > UINT16_MAX)
		return refuse(reader, "not the type of an entry", "entry");
	*ret_type = (uint16_t)json_object_get_int64(type);
	return read_bytes(reader, json_object_object_get(line, "bytes"), "bytes", body);
}

static int read_line(struct reader *reader, struct json_object *line, struct tc_buffer *body,
		     uint16_t *ret_type)
{
	struct json_object *list;

	if (!json_object_is_type(line, json_type_object))
		return refuse(reader, "not a JSON object", "");
	if (json_object_object_get_ex(line, "record", NULL)) {
		*ret_type = TC_ENTRY_RECORD;
		return read_record(reader, line, body);
	}
	if (json_object_object_get_ex(line, "entry", NULL))
		return read_raw(reader, line, body, ret_type);
	if (json_object_object_get_ex(line, "recording", &list)) {
		*ret_type = TRACE_HEADER;
		return read_list(reader, list, body);
	}
	for (size_t i = 0; i < FACT_WORDS; i++)
		if (fact_words[i] && json_object_object_get_ex(line, fact_words[i], &list)) {
			*ret_type = (uint16_t)i;
			return read_list(reader, list, body);
		}
	return refuse(reader, "neither a record nor a fact", "");
}

int trace_json_read(const char *line, size_t length, uint16_t *ret_type, struct tc_buffer *body,
		    char ret_reason[128])
{
	struct reader reader = {.reason = ret_reason};
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	int error;

	tc_buffer_reset(body);
	if (!tokener || length > INT32_MAX) {
		json_tokener_free(tokener);
		return -ENOMEM;
	}
	object = json_tokener_parse_ex(tokener, line, (int)length);
	error = object ? read_line(&reader, object, body, ret_type)
		       : refuse(&reader, json_tokener_error_desc(json_tokener_get_error(tokener)),
				"JSON");
	json_tokener_free(tokener);
	json_object_put(object);
	return error == 0 && tc_buffer_failed(body) ? -ENOMEM : error;
}
