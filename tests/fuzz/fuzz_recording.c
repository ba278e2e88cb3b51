/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a recording that somebody else made: read frame by frame, its facts made into a world,
 * its records decoded, enriched and looked at.
 *
 * Unless the first byte is odd, magic, place and checksum of each frame are made to be right, and
 * frames that are not packed to have the size that is there, so that what changes bytes still gets
 * behind the checks.
 */
#include <errno.h>
#include <string.h>

#include "agent/decode.h"
#include "agent/enrich/host.h"
#include "agent/enrich/world.h"
#include "fuzz.h"
#include "recording/past.h"

/* Records of one input: so many that each input is read quickly. */
#define RECORDS_MAX 1000

struct bytes {
	const uint8_t *at;
	size_t left;
};

static ssize_t read_bytes(void *context, void *ret_bytes, size_t size)
{
	struct bytes *bytes = context;
	size_t length = size < bytes->left ? size : bytes->left;

	memcpy(ret_bytes, bytes->at, length);
	bytes->at += length;
	bytes->left -= length;
	return (ssize_t)length;
}

static void mend(uint8_t *bytes, size_t size)
{
	struct tc_frame frame;

	for (uint32_t number = 0; size >= sizeof(frame); number++) {
		memcpy(&frame, bytes, sizeof(frame));
		frame.magic = TC_FRAME_MAGIC;
		frame.number = number;
		if (frame.stored > size - sizeof(frame))
			frame.stored = (uint32_t)(size - sizeof(frame));
		if (frame.packing == TC_PACKING_NONE)
			frame.size = frame.stored;
		tc_frame_seal(&frame, bytes + sizeof(frame));
		memcpy(bytes, &frame, sizeof(frame));
		bytes += sizeof(frame) + frame.stored;
		size -= sizeof(frame) + frame.stored;
	}
}

static void look_at(struct tc_event *event)
{
	struct tc_value value;

	for (unsigned id = 0; id < tc_field_count(); id++)
		tc_event_get(event, tc_field_at(id), -1, &value);
}

static void replay(struct tc_past *past)
{
	struct tc_world world;
	struct tc_event event;
	struct tc_past_step step;
	struct tc_recording_fault fault;
	struct tc_decode_error error;
	struct tc_host *host = tc_past_host(past);

	fuzz_need(host && tc_world_init(&world) == 0 && tc_event_init(&event) == 0);
	fuzz_need(tc_world_open(&world, host) != -ENOMEM);
	for (unsigned n = 0; n < RECORDS_MAX && tc_past_next(past, &step, &fault) > 0; n++) {
		if (!step.bytes || tc_decode(step.bytes, step.size, &event, &error) < 0)
			continue;
		fuzz_need(tc_world_enrich(&world, &event) == 0);
		look_at(&event);
		tc_world_settle(&world, &event);
	}
	tc_event_done(&event);
	tc_world_done(&world);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct tc_recording_fault fault = {0};
	struct tc_recording *recording;
	struct tc_past *past;
	uint8_t *copy = malloc(size + 1);
	struct bytes bytes = {copy, size ? size - 1 : 0};
	const struct tc_recording_source source = {read_bytes, &bytes};

	fuzz_need(copy);
	memcpy(copy, input + (size ? 1 : 0), bytes.left);
	if (size && !(input[0] & 1))
		mend(copy, bytes.left);
	if (tc_recording_open(&source, &recording, &fault) == 0) {
		if (tc_past_new(recording, &past, &fault) == 0) {
			replay(past);
			tc_past_free(past);
		}
		tc_recording_close(recording);
	} else {
		fuzz_need(fault.reason[0]);
	}
	free(copy);
	return 0;
}
