/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names.h"

static size_t cached_words(void)
{
	return (tc_field_count() + 63) / 64;
}

int tc_event_init(struct tc_event *event)
{
	struct tc_value *cache = calloc(tc_field_count(), sizeof(*cache));
	uint64_t *cached = calloc(cached_words(), sizeof(*cached));

	if (!cache || !cached) {
		free(cache);
		free(cached);
		return -ENOMEM;
	}
	*event = (struct tc_event){.cache = cache, .cached = cached};
	return 0;
}

void tc_event_done(struct tc_event *event)
{
	free(event->cache);
	free(event->cached);
	tc_arena_done(&event->arena);
	*event = (struct tc_event){0};
}

void tc_event_reset(struct tc_event *event, const struct tc_record *record,
		    const struct tc_kind_info *kind)
{
	event->record = record;
	event->kind = kind;
	event->process = NULL;
	event->target = NULL;
	event->cgroup = NULL;
	event->world = NULL;
	event->indexed = NULL;
	memset(event->cached, 0, cached_words() * sizeof(*event->cached));
	tc_arena_reset(&event->arena);
}

static void present_slot(const struct tc_event *event, const struct tc_slot *slot,
			 enum tc_type type, struct tc_value *ret_value)
{
	bool readable = !(slot->flags & TC_SLOT_UNREADABLE) || slot->stored;

	*ret_value = (struct tc_value){
		.type = readable && slot->flags & TC_SLOT_PRESENT ? type : TC_TYPE_NONE,
		.flags = (slot->flags & TC_SLOT_CUT ? TC_VALUE_CUT : 0) |
			 (slot->flags & TC_SLOT_TAIL ? TC_VALUE_TAIL : 0) |
			 (slot->flags & TC_SLOT_UNREADABLE ? TC_VALUE_UNREADABLE : 0),
		.bytes = (const char *)event->record + slot->offset,
		.length = slot->stored,
		.size = slot->size,
	};
}

static void present_number(struct tc_event *event, const struct tc_member *member, uint64_t number,
			   struct tc_value *ret_value)
{
	switch (tc_show_type(member->show)) {
	case TC_TYPE_UINT:
		*ret_value = (struct tc_value){.type = TC_TYPE_UINT, .uint = number};
		break;
	case TC_TYPE_INT:
		*ret_value = (struct tc_value){.type = TC_TYPE_INT, .sint = (int64_t)number};
		break;
	case TC_TYPE_BOOL:
		*ret_value = (struct tc_value){.type = TC_TYPE_BOOL, .yes = number != 0};
		break;
	default:
		tc_names_present(member->show, number, &event->arena, ret_value);
	}
}

/* TC_ABSENT_U32 is no value, but for ids, which say -1 as the rest of Linux does. */
static void present_u32(struct tc_event *event, const struct tc_member *member, uint32_t number,
			struct tc_value *ret_value)
{
	if (number != TC_ABSENT_U32)
		present_number(event, member, number, ret_value);
	else if (member->show == TC_SHOW_id)
		*ret_value = (struct tc_value){.type = TC_TYPE_INT, .sint = -1};
	else
		*ret_value = (struct tc_value){0};
}

bool tc_event_member(struct tc_event *event, const struct tc_member *member,
		     struct tc_value *ret_value)
{
	const char *place = (const char *)event->record + member->offset;

	switch (member->wire) {
	case TC_W_u16:
		present_number(event, member, *(const uint16_t *)place, ret_value);
		break;
	case TC_W_u32:
		present_u32(event, member, *(const uint32_t *)place, ret_value);
		break;
	case TC_W_u64:
	case TC_W_s64:
		present_number(event, member, *(const uint64_t *)place, ret_value);
		break;
	case TC_W_s32:
		if (*(const int32_t *)place == TC_ABSENT_S32)
			*ret_value = (struct tc_value){0};
		else
			present_number(event, member, (uint64_t)(int64_t) * (const int32_t *)place,
				       ret_value);
		break;
	case TC_W_slot:
		present_slot(event, (const struct tc_slot *)place, tc_show_type(member->show),
			     ret_value);
		break;
	case TC_W_comm: {
		uint32_t length = (uint32_t)strnlen(place, TC_COMM_MAX);

		*ret_value = (struct tc_value){
			.type = TC_TYPE_STRING, .bytes = place, .length = length, .size = length};
		break;
	}
	}
	return ret_value->type != TC_TYPE_NONE;
}

static void field_read(struct tc_event *event, const struct tc_field *field, int index,
		       struct tc_value *ret_value)
{
	uint64_t bit = TC_KIND_BIT(event->kind->kind);
	const struct tc_member *member = field->member[event->kind->kind];

	*ret_value = (struct tc_value){0};
	if (member && index < 0) {
		tc_event_member(event, member, ret_value);
	} else if (field->const_kinds & bit) {
		*ret_value = (struct tc_value){.type = TC_TYPE_BOOL,
					       .yes = (field->const_values & bit) != 0};
	} else if (field->get_kinds & bit) {
		if (!field->get(event, index, ret_value))
			ret_value->type = TC_TYPE_NONE;
	}
}

/* A value that was set for a field with an index. */
struct tc_indexed {
	const struct tc_field *field;
	int index;
	struct tc_value value;
	struct tc_indexed *next;
};

static const struct tc_indexed *find_indexed(const struct tc_event *event,
					     const struct tc_field *field, int index)
{
	const struct tc_indexed *found = event->indexed;

	while (found && (found->field != field || found->index != index))
		found = found->next;
	return found;
}

bool tc_event_get(struct tc_event *event, const struct tc_field *field, int index,
		  struct tc_value *ret_value)
{
	uint64_t bit = 1ULL << (field->id % 64);

	if (index >= 0) {
		const struct tc_indexed *set = find_indexed(event, field, index);

		if (set)
			*ret_value = set->value;
		else
			field_read(event, field, index, ret_value);
		return ret_value->type != TC_TYPE_NONE;
	}
	if (!(event->cached[field->id / 64] & bit)) {
		field_read(event, field, -1, &event->cache[field->id]);
		event->cached[field->id / 64] |= bit;
	}
	*ret_value = event->cache[field->id];
	return ret_value->type != TC_TYPE_NONE;
}

int tc_event_set(struct tc_event *event, const struct tc_field *field, int index,
		 const struct tc_value *value)
{
	struct tc_indexed *set;

	if (index < 0) {
		event->cache[field->id] = *value;
		event->cached[field->id / 64] |= 1ULL << (field->id % 64);
		return 0;
	}
	set = tc_arena_alloc(&event->arena, sizeof(*set));
	if (!set)
		return -ENOMEM;
	*set = (struct tc_indexed){field, index, *value, event->indexed};
	event->indexed = set;
	return 0;
}
