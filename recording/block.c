/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/block.h"

#include "agent/enrich/clock.h"
#include "record.h"

static size_t whole_size(size_t size)
{
	return sizeof(struct tc_entry_head) + tc_entry_padded(size);
}

bool tc_block_has_room(const struct tc_block *block, size_t size)
{
	return !block->entries.length || block->entries.length + whole_size(size) <= TC_BLOCK_BYTES;
}

void tc_block_add(struct tc_block *block, enum tc_entry_type type, const void *bytes, size_t size)
{
	static const char zeros[TC_ENTRY_ALIGN];
	const struct tc_entry_head head = {.size = (uint32_t)size, .type = (uint16_t)type};

	if (!block->entries.length)
		block->since_ns = tc_clock_monotonic_ns();
	tc_buffer_add(&block->entries, &head, sizeof(head));
	tc_buffer_add(&block->entries, bytes, size);
	tc_buffer_add(&block->entries, zeros, tc_entry_padded(size) - size);
}

void tc_block_add_record(struct tc_block *block, const void *bytes, size_t size)
{
	const struct tc_record *record = bytes;
	struct tc_frame *frame = &block->frame;
	uint64_t time_ns = size >= sizeof(*record) ? record->time_ns : frame->last_ns;

	tc_block_add(block, TC_ENTRY_RECORD, bytes, size);
	if (!frame->records || time_ns < frame->first_ns)
		frame->first_ns = time_ns;
	if (time_ns > frame->last_ns)
		frame->last_ns = time_ns;
	frame->records++;
}

void tc_block_reset(struct tc_block *block)
{
	tc_buffer_reset(&block->entries);
	block->frame = (struct tc_frame){0};
}

void tc_block_done(struct tc_block *block)
{
	tc_buffer_done(&block->entries);
	*block = (struct tc_block){0};
}
