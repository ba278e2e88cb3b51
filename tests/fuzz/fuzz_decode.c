/* SPDX-License-Identifier: Apache-2.0 */
/* Records as a ring or a recording may hold them: decoded, enriched, and every field looked at. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/decode.h"
#include "agent/enrich/world.h"
#include "agent/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void look_at_all(struct tc_event *event)
{
	struct tc_buffer text = {0};
	struct tc_value value;

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);

		tc_event_get(event, field, -1, &value);
		tc_value_print(&text, &value, field->show);
		if (field->flags & TC_FIELD_INDEXED)
			tc_event_get(event, field, 2, &value);
	}
	tc_buffer_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct tc_world world;
	static struct tc_event event;
	static int ready;
	struct tc_decode_error error;
	void *record;

	if (!ready) {
		if (tc_world_init(&world) < 0 || tc_event_init(&event) < 0)
			abort();
		ready = 1;
	}
	record = malloc(size ? size : 1); /* aligned, and with an end that the sanitizer knows */
	if (!record)
		return 0;
	if (size)
		memcpy(record, bytes, size);
	if (tc_decode(record, size, &event, &error) == 0 && tc_world_enrich(&world, &event) == 0) {
		look_at_all(&event);
		tc_world_settle(&world, &event);
	}
	free(record);
	return 0;
}
