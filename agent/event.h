/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event: a record that was checked, with what the agent's tables add to it, and the values of
 * its fields.
 *
 * Plain data, reused for one event after the other. Everything it points to is valid until the next
 * event is decoded into it.
 */
#ifndef TOCSIN_AGENT_EVENT_H
#define TOCSIN_AGENT_EVENT_H

#include "agent/arena.h"
#include "agent/schema.h"

#define TC_VALUE_CUT                                                                               \
	(1U << 0) /* bytes: only the first part was kept, size tells how many there were */
#define TC_VALUE_UNREADABLE (1U << 1) /* bytes: could not be read in the kernel */
#define TC_VALUE_TAIL (1U << 2)	      /* with CUT: the last part was kept, not the first (paths) */

/* The value of a field. */
struct tc_value {
	enum tc_type type; /* NONE: there is no value */
	uint32_t flags;	   /* TC_VALUE_* */
	union {
		uint64_t uint;
		int64_t sint;
		bool yes;
		struct {
			const char *bytes; /* STRING: raw bytes, not terminated. LIST: each element
					      with its NUL. IP: TC_IP_BYTES of them */
			uint32_t length;   /* bytes kept */
			uint32_t size;	   /* bytes there were */
		};
	};
};

struct tc_process;
struct tc_cgroup;
struct tc_clock;
struct tc_indexed;

struct tc_event {
	const struct tc_record *record;
	const struct tc_kind_info *kind;
	struct tc_process *process; /* the actor; NULL when it is not known */
	struct tc_process *target; /* the other process of a trace event; NULL when there is none or
				      it is not known */
	struct tc_cgroup *cgroup;  /* of the actor; NULL when it is not known */
	const struct tc_world *world; /* tables and clock for getters: see agent/enrich/world.h */
	struct tc_arena arena;	      /* for values that are put together; emptied for each event */
	struct tc_value *cache;	      /* by field id, for fields without index */
	uint64_t *cached;	      /* bits by field id */
	struct tc_indexed *indexed;   /* values that were set for an index; in the arena */
};

/* Makes an empty event. 0 or -ENOMEM. */
int tc_event_init(struct tc_event *event);
void tc_event_done(struct tc_event *event);
/* Points the event at a checked record and forgets all values of the one before. */
void tc_event_reset(struct tc_event *event, const struct tc_record *record,
		    const struct tc_kind_info *kind);

/*
 * The value of a field; index is the number in brackets,
 * what tc_bracket_index() gave for a text in them, or -1. Returns false, and a value of type
 * NONE, when there is none: the field does not exist in this kind of event, or is not known. An
 * unreadable value is missing too, but its flags say TC_VALUE_UNREADABLE.
 */
bool tc_event_get(struct tc_event *event, const struct tc_field *field, int index,
		  struct tc_value *ret_value);

/* From now on the field with this index has this value, NONE for none: see agent/author.h. Bytes
 * are not copied. 0 or -ENOMEM. */
int tc_event_set(struct tc_event *event, const struct tc_field *field, int index,
		 const struct tc_value *value);

/* The value of a member on the wire, as its show presents it. */
bool tc_event_member(struct tc_event *event, const struct tc_member *member,
		     struct tc_value *ret_value);

#endif
