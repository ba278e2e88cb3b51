/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of recordings: worlds, and what can be known of events in them. Include after
 * cmocka.h. */
#ifndef TOCSIN_TESTS_RECORDING_OBSERVER_H
#define TOCSIN_TESTS_RECORDING_OBSERVER_H

#include "agent/decode.h"
#include "agent/enrich/world.h"
#include "agent/read.h"
#include "agent/value.h"

/* A world with an event, and all that its fields say. */
struct observer {
	struct tc_world world;
	struct tc_event event;
};

static inline void observer_make(struct observer *observer, struct tc_host *host)
{
	assert_non_null(host);
	assert_int_equal(tc_world_init(&observer->world), 0);
	assert_int_equal(tc_world_open(&observer->world, host), 0);
	assert_int_equal(tc_event_init(&observer->event), 0);
}

static inline void observer_done(struct observer *observer)
{
	tc_event_done(&observer->event);
	tc_world_done(&observer->world);
}

static inline void put_fields(struct tc_event *event, struct tc_buffer *text)
{
	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);

		for (int index = -1; index < (field->flags & TC_FIELD_INDEXED ? 5 : 0); index++) {
			struct tc_value value;

			if (!tc_event_get(event, field, index, &value))
				continue;
			tc_buffer_printf(text, " %s[%d]=", field->name, index);
			tc_value_print(text, &value, field->show);
		}
	}
}

/* take gets the record when it is enriched; NULL: nobody does. */
static inline void observe(struct observer *observer, const void *bytes, size_t size,
			   tc_record_callback take, void *context, struct tc_buffer *text)
{
	struct tc_decode_error error;

	assert_int_equal(tc_decode(bytes, size, &observer->event, &error), 0);
	assert_int_equal(tc_world_enrich(&observer->world, &observer->event), 0);
	if (take)
		take(context, bytes, size);
	put_fields(&observer->event, text);
	tc_buffer_add_char(text, '\n');
	tc_world_settle(&observer->world, &observer->event);
}

#endif
