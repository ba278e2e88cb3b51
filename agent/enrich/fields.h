/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getters of the fields in schema/derived.def, and what they share. Getters only look at the event
 * and at the tables: no system calls, no memory but the event's arena.
 */
#ifndef TOCSIN_AGENT_ENRICH_FIELDS_H
#define TOCSIN_AGENT_ENRICH_FIELDS_H

#include <string.h>

#include "agent/enrich/world.h"
#include "agent/event.h"

#define TC_DERIVED(name, show, flags, kinds, getter, doc)                                          \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value);
#include "schema/derived.def"
#undef TC_DERIVED

/* proc.exeline of any process. */
bool tc_read_exeline(struct tc_event *event, const struct tc_process *process,
		     struct tc_value *ret_value);

/* Each writes a value and returns true. Bytes are not copied. */
static inline bool tc_give_bytes(struct tc_value *ret_value, const char *bytes, size_t length)
{
	*ret_value = (struct tc_value){.type = TC_TYPE_STRING,
				       .bytes = bytes,
				       .length = (uint32_t)length,
				       .size = (uint32_t)length};
	return true;
}

static inline bool tc_give_string(struct tc_value *ret_value, const char *string)
{
	return tc_give_bytes(ret_value, string, strlen(string));
}

static inline bool tc_give_uint(struct tc_value *ret_value, uint64_t number)
{
	*ret_value = (struct tc_value){.type = TC_TYPE_UINT, .uint = number};
	return true;
}

static inline bool tc_give_int(struct tc_value *ret_value, int64_t number)
{
	*ret_value = (struct tc_value){.type = TC_TYPE_INT, .sint = number};
	return true;
}

static inline bool tc_give_bool(struct tc_value *ret_value, bool yes)
{
	*ret_value = (struct tc_value){.type = TC_TYPE_BOOL, .yes = yes};
	return true;
}

#endif
