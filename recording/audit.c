/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/audit.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/log.h"
#include "recording/audit_writer.h"
#include "recording/header.h"
#include "recording/named.h"
#include "recording/snapshot.h"

struct tc_audit {
	struct tc_sink sink; /* first */
	const struct tc_audit_options *options;
	struct tc_audit_writer *writer;
	const struct tc_world *world; /* NULL: not known yet */
	const struct tc_recorder_about *about;
	struct tc_host_about host;
	struct tc_audit_item *item; /* that gathers entries; NULL: none */
	struct tc_fact_room facts;
	/* Of the rules in force, and of those before, of which records may come still. */
	struct tc_buffer generation, former;
	uint64_t began_ns; /* CLOCK_MONOTONIC: of the segment; 0: none began */
	bool is_gap;	   /* entries are dropped until a segment can begin */
	bool is_known;	   /* what is added is what the world knows */
	bool is_over;	   /* it was stopped: of its end it keeps nothing */
	uint64_t lost;	   /* records that were dropped here */
};

static void hand_on(struct tc_audit *audit)
{
	struct tc_audit_item *item = audit->item;

	audit->item = NULL;
	if (!item)
		return;
	if (item->block.entries.length)
		tc_audit_writer_put(audit->writer, item);
	else
		tc_audit_item_free(item);
}

static void open_gap(struct tc_audit *audit)
{
	if (audit->item)
		audit->lost += audit->item->block.frame.records;
	tc_audit_item_free(audit->item);
	audit->item = NULL;
	audit->is_gap = true;
}

/* Whether more may wait than does. What the world knows may: its size is bounded by itself. */
static bool has_room(struct tc_audit *audit)
{
	struct tc_audit_writer_state state;

	tc_audit_writer_state(audit->writer, &state);
	return audit->is_known || state.waiting_bytes < TC_AUDIT_WAITING_BYTES;
}

/* A block with room for an entry; false when there is none, and it is dropped. */
static bool make_room(struct tc_audit *audit, size_t size)
{
	if (audit->is_gap || audit->is_over)
		return false;
	if (audit->item && !tc_block_has_room(&audit->item->block, size))
		hand_on(audit);
	if (audit->item)
		return true;
	audit->item = has_room(audit) ? calloc(1, sizeof(*audit->item)) : NULL;
	if (!audit->item) {
		open_gap(audit);
		return false;
	}
	audit->item->is_known = audit->is_known;
	return true;
}

static void note_generation(struct tc_audit *audit, const void *bytes, size_t size)
{
	struct tc_buffer former = audit->former;

	audit->former = audit->generation;
	audit->generation = former;
	tc_buffer_reset(&audit->generation);
	tc_buffer_add(&audit->generation, bytes, size);
}

static void add(struct tc_sink *sink, enum tc_entry_type type, const void *bytes, size_t size)
{
	struct tc_audit *audit = (struct tc_audit *)sink;

	if (type == TC_ENTRY_GENERATION && !audit->is_known)
		note_generation(audit, bytes, size);

	if (make_room(audit, size) &&
	    tc_fact_room_take(&audit->facts, size, audit->options->directory))
		tc_block_add(&audit->item->block, type, bytes, size);
}

/* The block that begins a segment. False when memory is out. */
static bool begin_segment(struct tc_audit *audit, bool continues)
{
	struct tc_audit_item *item = calloc(1, sizeof(*item));

	if (!item)
		return false;
	tc_header_put(&item->header, audit->about, &audit->host);
	item->continues = continues;
	item->is_known = true;
	audit->item = item;
	audit->is_gap = false;
	audit->began_ns = tc_clock_monotonic_ns();
	tc_fact_room_clear(&audit->facts);
	return true;
}

static void begin(struct tc_sink *sink, const struct tc_recorder_about *about,
		  const struct tc_host_about *host)
{
	struct tc_audit *audit = (struct tc_audit *)sink;

	audit->about = about;
	audit->host = *host;
	audit->is_known = true;
	if (!begin_segment(audit, false))
		open_gap(audit);
}

static const struct tc_sink_ops sink_ops = {.begin = begin, .add = add};

struct tc_sink *tc_audit_sink(struct tc_audit *audit)
{
	return &audit->sink;
}

int tc_audit_open(const struct tc_audit_options *options, struct tc_audit **ret_audit)
{
	struct tc_audit *audit = calloc(1, sizeof(*audit));
	int error;

	if (!audit)
		return -ENOMEM;
	audit->sink.ops = &sink_ops;
	audit->options = options;
	error = tc_audit_writer_new(options, &audit->writer);
	if (error < 0) {
		free(audit);
		return error;
	}
	*ret_audit = audit;
	return 0;
}

void tc_audit_set_world(struct tc_audit *audit, const struct tc_world *world)
{
	audit->world = world;
	hand_on(audit);
	audit->is_known = false;
}

/* --- segments that follow --- */

static void add_generation(struct tc_audit *audit, const struct tc_buffer *body)
{
	if (body->length && !tc_buffer_failed(body))
		add(&audit->sink, TC_ENTRY_GENERATION, body->bytes, body->length);
}

/* Where the host is now, for whoever begins to read here. */
static void begin_next(struct tc_audit *audit, bool continues)
{
	if (!continues)
		open_gap(audit);
	hand_on(audit);
	audit->host.now_ns = tc_clock_boot_ns();
	audit->host.clock = audit->world->clock;
	if (!begin_segment(audit, continues)) {
		open_gap(audit);
		return;
	}
	audit->is_known = true;
	add_generation(audit, &audit->former);
	add_generation(audit, &audit->generation);
	tc_snapshot_add(audit->world, &audit->sink);
	hand_on(audit);
	audit->is_known = false;
	tc_fact_room_clear(&audit->facts);
}

/* Where the host alone fills a segment, as much again must have happened: otherwise each would end
 * as soon as it has begun, and hold nothing else. */
static bool is_full(const struct tc_audit *audit, const struct tc_audit_writer_state *state)
{
	return state->segment_bytes >= audit->options->segment_bytes &&
	       state->segment_bytes >= 2 * state->known_bytes;
}

static bool is_due(const struct tc_audit *audit, const struct tc_audit_writer_state *state)
{
	return !state->begins_wait && !state->many_reports &&
	       (is_full(audit, state) ||
		tc_clock_monotonic_ns() - audit->began_ns >= audit->options->segment_age_ns);
}

/* Between two records, so that nothing that a record needs is in another segment. */
static void look_for_end(struct tc_audit *audit)
{
	const uint64_t retry_ns = audit->options->retry_ns ?: 10000000000ULL;
	struct tc_audit_writer_state state;

	if (!audit->world)
		return;
	tc_audit_writer_state(audit->writer, &state);
	/* What failed before the segment that is to begin does not matter to it. */
	if (state.failed_ns && !state.begins_wait && !audit->is_gap)
		open_gap(audit);
	if (audit->is_gap) {
		if (!state.waiting_bytes && !state.begins_wait && !state.many_reports &&
		    (!state.failed_ns || tc_clock_monotonic_ns() - state.failed_ns >= retry_ns))
			begin_next(audit, false);
	} else if (is_due(audit, &state)) {
		begin_next(audit, true);
	}
}

bool tc_audit_was_told(const struct tc_audit *audit)
{
	return audit->facts.taken > 0;
}

void tc_audit_take(struct tc_audit *audit, const void *bytes, size_t size)
{
	/* Bytes of any kind, if few enough that a reader takes them for a record. */
	if (size > TC_RECORD_MAX)
		return;
	if (make_room(audit, size))
		tc_block_add_record(&audit->item->block, bytes, size);
	else if (!audit->is_over)
		audit->lost++;
	tc_fact_room_clear(&audit->facts);
}

void tc_audit_pass(struct tc_audit *audit, uint64_t now_ns)
{
	_cleanup_buffer_ struct tc_buffer body = {0};

	tc_named_put_number(&body, "now_ns", now_ns);
	if (!tc_buffer_failed(&body))
		add(&audit->sink, TC_ENTRY_TIME, body.bytes, body.length);
	tc_fact_room_clear(&audit->facts);
}

void tc_audit_flush(struct tc_audit *audit, uint64_t age_ns)
{
	if (audit->item && tc_clock_monotonic_ns() - audit->item->block.since_ns >= age_ns)
		hand_on(audit);
	look_for_end(audit);
}

bool tc_audit_take_report(struct tc_audit *audit, struct tc_audit_report *ret_report)
{
	return tc_audit_writer_take_report(audit->writer, ret_report);
}

uint64_t tc_audit_take_lost(struct tc_audit *audit)
{
	uint64_t lost = audit->lost + tc_audit_writer_take_lost(audit->writer);

	audit->lost = 0;
	return lost;
}

/* --- the end --- */

void tc_audit_stop(struct tc_audit *audit)
{
	hand_on(audit);
	audit->is_over = true;
	audit->world = NULL;
	tc_audit_writer_stop(audit->writer);
}

void tc_audit_free(struct tc_audit *audit)
{
	if (!audit)
		return;
	tc_audit_stop(audit);
	tc_audit_writer_free(audit->writer);
	tc_buffer_done(&audit->generation);
	tc_buffer_done(&audit->former);
	free(audit);
}
