/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/layout.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bounds of what is read; this version's own layout has a tenth of each. */
#define TEXT_MAX (1U << 20)
#define KINDS_MAX 512
#define FIXED_MAX 4096
#define MOVES_MAX 512
#define WORD_MAX 64

static const struct wire {
	const char *name;
	uint16_t size;
	bool is_integer, is_signed;
} wires[] = {
	[TC_W_u16] = {"u16", 2, true, false},	  [TC_W_u32] = {"u32", 4, true, false},
	[TC_W_u64] = {"u64", 8, true, false},	  [TC_W_s32] = {"s32", 4, true, true},
	[TC_W_s64] = {"s64", 8, true, true},	  [TC_W_slot] = {"slot", 12, false, false},
	[TC_W_comm] = {"comm", 16, false, false},
};

static_assert(sizeof(struct tc_slot) == 12 && sizeof(struct tc_comm) == 16,
	      "another slot or comm needs a word of its own");

/* From a member of theirs to the member of that name here. */
struct move {
	uint16_t from, to; /* bytes from the start of the record */
	uint8_t from_wire, to_wire;
};

/* A kind of theirs; moves of the header come first. */
struct plan {
	char name[WORD_MAX];
	const struct tc_kind_info *kind; /* NULL: not known here */
	uint16_t fixed_size;		 /* of theirs */
	uint16_t n_moves;
	struct move moves[MOVES_MAX];
};

struct tc_layout {
	bool is_own;
	unsigned version;		       /* what their records say */
	uint16_t header_size;		       /* of theirs */
	uint16_t at_kind, at_version, at_size; /* members of their header */
	struct plan header;		       /* moves alone */
	struct plan *plans[KINDS_MAX];
};

/* --- writing --- */

static void write_members(struct tc_buffer *text, const struct tc_member *members, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		tc_buffer_printf(text, " %s %s %u\n", wires[members[i].wire].name,
				 members[i].member, members[i].offset);
}

void tc_layout_write(struct tc_buffer *text)
{
	unsigned count;
	const struct tc_member *members = tc_header_members(&count);

	tc_buffer_printf(text, "version %u\nheader %zu\n", TC_RECORD_VERSION,
			 sizeof(struct tc_record));
	write_members(text, members, count);
	for (unsigned number = 0; number < TC_KIND_LIMIT; number++) {
		const struct tc_kind_info *kind = tc_kind_info(number);

		if (!kind)
			continue;
		tc_buffer_printf(text, "kind %u %s %u\n", number, kind->name, kind->fixed_size);
		write_members(text, kind->members, kind->n_members);
	}
}

/* --- reading --- */

struct parser {
	struct tc_layout *layout;
	struct plan *plan; /* members that follow are its; NULL before the first */
	struct tc_layout_fault *fault;
	unsigned line;
	unsigned seen; /* members of the header that are needed, as bits */
};

static int refuse(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->fault->reason, sizeof(parser->fault->reason), format, args);
	va_end(args);
	parser->fault->line = parser->line;
	return -EBADMSG;
}

static const struct tc_member *find_member(const struct tc_member *members, unsigned count,
					   const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(members[i].member, name) == 0)
			return &members[i];
	return NULL;
}

static int find_wire(const char *name)
{
	for (unsigned i = 0; i < COUNT(wires); i++)
		if (strcmp(wires[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* The members by which a record is told from another before it is laid out. */
static void note_needed(struct parser *parser, const char *name, int wire, uint16_t offset)
{
	const struct {
		const char *name;
		int wire;
		uint16_t *at;
	} needed[] = {
		{"kind", TC_W_u16, &parser->layout->at_kind},
		{"version", TC_W_u16, &parser->layout->at_version},
		{"size", TC_W_u32, &parser->layout->at_size},
	};

	for (unsigned i = 0; i < COUNT(needed); i++)
		if (strcmp(needed[i].name, name) == 0 && needed[i].wire == wire) {
			*needed[i].at = offset;
			parser->seen |= 1U << i;
		}
}

static bool can_move(int from, int to)
{
	return from == to || (wires[from].is_integer && wires[to].is_integer);
}

/* Names are shown to people: nothing in them may be more than a name. */
static bool is_word(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static int read_member(struct parser *parser, const char *line)
{
	struct plan *plan = parser->plan;
	bool in_header = plan == &parser->layout->header;
	char wire_name[WORD_MAX], name[WORD_MAX];
	const struct tc_member *members, *member;
	unsigned offset, count;
	int wire;

	if (sscanf(line, " %63s %63s %u", wire_name, name, &offset) != 3)
		return refuse(parser, "not a member: TYPE NAME OFFSET");
	if (!plan)
		return refuse(parser, "a member before the header");
	wire = find_wire(wire_name);
	/* A type of a later version: nothing here could take it. */
	if (wire < 0)
		return 0;
	if (!is_word(name))
		return refuse(parser, "a member whose name is no word");
	if (offset > plan->fixed_size || plan->fixed_size - offset < wires[wire].size)
		return refuse(parser, "%s lies outside of the record", name);
	if (in_header)
		note_needed(parser, name, wire, (uint16_t)offset);
	members = in_header ? tc_header_members(&count) : plan->kind ? plan->kind->members : NULL;
	if (!in_header)
		count = plan->kind ? plan->kind->n_members : 0;
	member = find_member(members, count, name);
	if (!member || !can_move(wire, (int)member->wire))
		return 0;
	if (plan->n_moves == MOVES_MAX)
		return refuse(parser, "more than %u members", MOVES_MAX);
	plan->moves[plan->n_moves++] = (struct move){.from = (uint16_t)offset,
						     .to = member->offset,
						     .from_wire = (uint8_t)wire,
						     .to_wire = (uint8_t)member->wire};
	return 0;
}

static int read_header(struct parser *parser, const char *line)
{
	unsigned size;

	if (sscanf(line, "header %u", &size) != 1 || size > FIXED_MAX)
		return refuse(parser, "not a header: header SIZE");
	if (parser->plan)
		return refuse(parser, "a second header");
	parser->layout->header_size = parser->layout->header.fixed_size = (uint16_t)size;
	parser->plan = &parser->layout->header;
	return 0;
}

static int read_kind(struct parser *parser, const char *line)
{
	struct tc_layout *layout = parser->layout;
	unsigned number, size;
	char name[WORD_MAX];
	struct plan *plan;

	if (sscanf(line, "kind %u %63s %u", &number, name, &size) != 3 || number >= KINDS_MAX ||
	    size > FIXED_MAX || size < layout->header_size)
		return refuse(parser, "not a kind: kind NUMBER NAME SIZE");
	if (!parser->plan || layout->plans[number])
		return refuse(parser, "a kind before the header, or twice");
	if (!is_word(name))
		return refuse(parser, "a kind whose name is no word");
	plan = layout->plans[number] = malloc(sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	*plan = layout->header;
	strcpy(plan->name, name);
	plan->kind = tc_kind_by_name(name);
	plan->fixed_size = (uint16_t)size;
	parser->plan = plan;
	return 0;
}

static int read_line(struct parser *parser, const char *line)
{
	if (*line == ' ')
		return read_member(parser, line);
	if (strncmp(line, "kind ", 5) == 0)
		return read_kind(parser, line);
	if (strncmp(line, "header ", 7) == 0)
		return read_header(parser, line);
	if (sscanf(line, "version %u", &parser->layout->version) == 1)
		return 0;
	return refuse(parser, "neither version, header, kind nor member");
}

static int read_lines(struct parser *parser, char *text)
{
	char *line, *rest = text;
	int error = 0;

	while (error == 0 && (line = strsep(&rest, "\n"))) {
		parser->line++;
		if (*line)
			error = read_line(parser, line);
	}
	if (error == 0 && parser->seen != 7)
		error = refuse(parser, "the header lacks kind, version or size");
	return error;
}

static bool is_own(const char *text, size_t length)
{
	_cleanup_buffer_ struct tc_buffer own = {0};

	tc_layout_write(&own);
	return !tc_buffer_failed(&own) && own.length == length &&
	       memcmp(own.bytes, text, length) == 0;
}

int tc_layout_read(const char *text, size_t length, struct tc_layout **ret_layout,
		   struct tc_layout_fault *ret_fault)
{
	struct tc_layout *layout = calloc(1, sizeof(*layout));
	struct parser parser = {.layout = layout, .fault = ret_fault};
	char *copy;
	int error;

	if (!layout)
		return -ENOMEM;
	*ret_fault = (struct tc_layout_fault){0};
	copy = length <= TEXT_MAX ? strndup(text, length) : NULL;
	if (copy)
		error = read_lines(&parser, copy);
	else
		error = length > TEXT_MAX ? refuse(&parser, "too long") : -ENOMEM;
	free(copy);
	if (error < 0) {
		tc_layout_free(layout);
		return error;
	}
	layout->is_own = is_own(text, length);
	*ret_layout = layout;
	return 0;
}

void tc_layout_free(struct tc_layout *layout)
{
	if (!layout)
		return;
	for (unsigned i = 0; i < KINDS_MAX; i++)
		free(layout->plans[i]);
	free(layout);
}

bool tc_layout_is_own(const struct tc_layout *layout)
{
	return layout->is_own;
}

uint64_t tc_layout_missing(const struct tc_layout *layout, const struct tc_kind_info *kind)
{
	uint64_t missing = kind->n_members < 64 ? (1ULL << kind->n_members) - 1 : UINT64_MAX;

	for (unsigned i = 0; i < KINDS_MAX; i++) {
		const struct plan *plan = layout->plans[i];

		for (unsigned n = 0; plan && plan->kind == kind && n < plan->n_moves; n++)
			for (unsigned m = 0; m < kind->n_members; m++)
				if (kind->members[m].offset == plan->moves[n].to)
					missing &= ~(1ULL << m);
	}
	return missing;
}

/* --- records --- */

static uint64_t load(const char *place, const struct wire *wire)
{
	uint64_t number = 0;

	memcpy(&number, place, wire->size);
	if (wire->is_signed && wire->size == 4)
		number = (uint64_t)(int64_t)(int32_t)number;
	return number;
}

static bool fits(uint64_t number, const struct wire *from, const struct wire *to)
{
	int64_t value = (int64_t)number;

	if (from->is_signed && value < 0)
		return to->is_signed && (to->size == 8 || value >= INT32_MIN);
	if (to->is_signed)
		return number <= (to->size == 8 ? INT64_MAX : INT32_MAX);
	return to->size == 8 || number < 1ULL << (8 * to->size);
}

/* No value stays what it is, whatever the width. */
static uint64_t convert(uint64_t number, const struct wire *from, const struct wire *to)
{
	if (from == &wires[TC_W_u32] && number == TC_ABSENT_U32)
		return to == &wires[TC_W_s32] ? (uint32_t)TC_ABSENT_S32 : number;
	return fits(number, from, to) ? number : TC_ABSENT_U32;
}

static void move_slot(const struct plan *plan, const char *from, char *to)
{
	struct tc_slot slot;

	memcpy(&slot, from, sizeof(slot));
	if (slot.stored || slot.offset) {
		int offset = (int)slot.offset - plan->fixed_size + plan->kind->fixed_size;

		/* Into the fixed part: nothing that was recorded so; tc_decode() refuses it. */
		slot.offset = slot.offset < plan->fixed_size || offset > UINT16_MAX
				      ? 0
				      : (uint16_t)offset;
	}
	memcpy(to, &slot, sizeof(slot));
}

static void move_member(const struct plan *plan, const struct move *move, const char *from,
			char *to)
{
	const struct wire *from_wire = &wires[move->from_wire], *to_wire = &wires[move->to_wire];

	from += move->from;
	to += move->to;
	if (move->from_wire == TC_W_slot) {
		move_slot(plan, from, to);
	} else if (move->from_wire == move->to_wire) {
		memcpy(to, from, to_wire->size);
	} else {
		uint64_t number = convert(load(from, from_wire), from_wire, to_wire);

		memcpy(to, &number, to_wire->size);
	}
}

/* A kind's own members that nobody fills have no value: see also agent/draft.c. */
static void blank(const struct tc_kind_info *kind, char *bytes)
{
	static const uint32_t absent_u32 = TC_ABSENT_U32;
	static const int32_t absent_s32 = TC_ABSENT_S32;

	memset(bytes, 0, kind->fixed_size);
	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];

		if (member->wire == TC_W_u32 && member->show != TC_SHOW_yes)
			memcpy(bytes + member->offset, &absent_u32, sizeof(absent_u32));
		else if (member->wire == TC_W_s32)
			memcpy(bytes + member->offset, &absent_s32, sizeof(absent_s32));
	}
}

/* Whether the record is what its own header says it is. */
static int identify(const struct tc_layout *layout, const char *bytes, size_t size,
		    const struct plan **ret_plan, const char **ret_kind)
{
	const struct plan *plan;
	uint16_t kind, version;
	uint32_t own_size;

	if (size < layout->header_size)
		return -EBADMSG;
	memcpy(&kind, bytes + layout->at_kind, sizeof(kind));
	memcpy(&version, bytes + layout->at_version, sizeof(version));
	memcpy(&own_size, bytes + layout->at_size, sizeof(own_size));
	plan = kind < KINDS_MAX ? layout->plans[kind] : NULL;
	if (!plan || own_size != size || version != layout->version || size < plan->fixed_size)
		return -EBADMSG;
	if (!plan->kind) {
		*ret_kind = plan->name;
		return -ENOENT;
	}
	*ret_plan = plan;
	return 0;
}

int tc_layout_apply(const struct tc_layout *layout, const void *bytes, size_t size,
		    union tc_layout_room *room, const struct tc_record **ret_record,
		    const char **ret_kind)
{
	const struct plan *plan;
	size_t tail, whole;
	int error = identify(layout, bytes, size, &plan, ret_kind);

	if (error < 0)
		return error;
	if (layout->is_own) {
		*ret_record = bytes;
		return 0;
	}
	tail = size - plan->fixed_size;
	whole = plan->kind->fixed_size + tail;
	if (whole > sizeof(*room))
		return -EBADMSG;
	blank(plan->kind, room->bytes);
	for (unsigned i = 0; i < plan->n_moves; i++)
		move_member(plan, &plan->moves[i], bytes, room->bytes);
	memcpy(room->bytes + plan->kind->fixed_size, (const char *)bytes + plan->fixed_size, tail);
	room->header.kind = (uint16_t)plan->kind->kind;
	room->header.version = TC_RECORD_VERSION;
	room->header.size = (uint32_t)whole;
	*ret_record = &room->header;
	return 0;
}

const struct tc_kind_info *tc_layout_own_kind(const void *bytes, size_t size)
{
	const struct tc_record *record = bytes;
	const struct tc_kind_info *kind =
		size >= sizeof(*record) ? tc_kind_info(record->kind) : NULL;

	if (!kind || size < kind->fixed_size || record->size != size)
		return NULL;
	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_slot *slot =
			(const void *)((const char *)bytes + kind->members[i].offset);

		if (kind->members[i].wire == TC_W_slot &&
		    (size_t)slot->offset + slot->stored > size)
			return NULL;
	}
	return kind;
}
