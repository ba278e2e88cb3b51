/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/frame.h"

#include <assert.h>

#include "agent/log.h"
#include "recording/crc32c.h"

static_assert(sizeof(struct tc_frame) == 48, "no holes");
static_assert(sizeof(struct tc_entry_head) == TC_ENTRY_ALIGN, "entries stay aligned");

static uint32_t checksum(const struct tc_frame *frame, const void *stored)
{
	struct tc_frame head = *frame;

	head.crc = 0;
	return tc_crc32c(tc_crc32c(0, &head, sizeof(head)), stored, frame->stored);
}

void tc_frame_seal(struct tc_frame *frame, const void *stored)
{
	frame->crc = checksum(frame, stored);
}

bool tc_frame_is_sealed(const struct tc_frame *frame, const void *stored)
{
	return frame->crc == checksum(frame, stored);
}

/* What a reader stores beside each. */
#define ANSWER_HEAD_BYTES 8

bool tc_fact_room_take(struct tc_fact_room *room, size_t size, const char *path)
{
	if (size <= TC_ENTRY_BYTES_MAX &&
	    size + ANSWER_HEAD_BYTES <= TC_FACTS_BYTES_MAX - room->taken) {
		room->taken += size + ANSWER_HEAD_BYTES;
		return true;
	}
	if (!room->warned)
		tc_warning("recording %s: more facts than %u bytes before one record are too "
			   "many, and left out",
			   path, TC_FACTS_BYTES_MAX);
	room->warned = true;
	return false;
}

void tc_fact_room_clear(struct tc_fact_room *room)
{
	room->taken = 0;
}
