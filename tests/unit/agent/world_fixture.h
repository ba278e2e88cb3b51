/* SPDX-License-Identifier: Apache-2.0 */
/* A world, and events that are fed to it: records as a probe would write them, enriched by the
 * tables. Include after cmocka.h. */
#ifndef TOCSIN_TESTS_WORLD_FIXTURE_H
#define TOCSIN_TESTS_WORLD_FIXTURE_H

#include <stdlib.h>

#include "agent/enrich/world.h"
#include "tests/unit/agent/make_record.h"

struct fixture {
	struct tc_world world;
	struct tc_event event;
	union made made; /* the record that is fed next */
};

static inline struct fixture *fixture_new(void)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_int_equal(tc_world_init(&fixture->world), 0);
	assert_int_equal(tc_event_init(&fixture->event), 0);
	return fixture;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	tc_event_done(&fixture->event);
	tc_world_done(&fixture->world);
	free(fixture);
	return 0;
}

/* The event is as rules see it until it is settled. */
static inline void feed(struct fixture *fixture)
{
	const struct tc_record *record = &fixture->made.header;

	tc_event_reset(&fixture->event, record, tc_kind_info(record->kind));
	assert_int_equal(tc_world_enrich(&fixture->world, &fixture->event), 0);
	assert_ptr_equal(fixture->event.world, &fixture->world);
}

static inline void settle(struct fixture *fixture)
{
	tc_world_settle(&fixture->world, &fixture->event);
	assert_null(fixture->event.process);
}

static inline void feed_and_settle(struct fixture *fixture)
{
	feed(fixture);
	settle(fixture);
}

#endif
