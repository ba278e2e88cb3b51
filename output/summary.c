/* SPDX-License-Identifier: Apache-2.0 */
#include "output/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/decode.h"
#include "agent/log.h"
#include "agent/notice.h"
#include "output/uuid.h"

/* What does not fit is cut, and told as cut. */
static void add_slot(union tc_summary_record *record, struct tc_slot *slot, const char *text)
{
	struct tc_record *header = &record->suppressed.header;
	size_t length = text ? strlen(text) : 0, room = sizeof(record->bytes) - header->size;
	size_t stored = length < room ? length : room;

	if (!text)
		return;
	memcpy(record->bytes + header->size, text, stored);
	*slot = (struct tc_slot){.offset = (uint16_t)header->size,
				 .stored = (uint16_t)stored,
				 .size = (uint32_t)length,
				 .flags = TC_SLOT_PRESENT | (stored < length ? TC_SLOT_CUT : 0)};
	header->size += (uint32_t)stored;
}

void tc_summary_record(union tc_summary_record *record, const struct tc_kept_back *kept,
		       uint64_t time_ns)
{
	struct tc_suppressed *suppressed = &record->suppressed;

	memset(suppressed, 0, sizeof(*suppressed));
	tc_notice_header(&suppressed->header, TC_KIND_suppressed, sizeof(*suppressed), time_ns);
	suppressed->count = kept->count;
	suppressed->since_ms = kept->since_ns / 1000000;
	suppressed->until_ms = kept->until_ns / 1000000;
	add_slot(record, &suppressed->rule_name, kept->rule);
	add_slot(record, &suppressed->reason, kept->reason);
	add_slot(record, &suppressed->cgroup, kept->cgroup_path);
	add_slot(record, &suppressed->exe, kept->exe);
	add_slot(record, &suppressed->by, kept->by);
}

static int write_texts(struct tc_summary *summary, struct tc_alert *alert)
{
	tc_buffer_reset(&summary->json);
	tc_buffer_reset(&summary->text);
	tc_format_json(alert, &summary->json);
	tc_alert_text(alert, &summary->text);
	return tc_buffer_failed(&summary->json) || tc_buffer_failed(&summary->text) ? -ENOMEM : 0;
}

static int fill(struct tc_summary *summary, const struct tc_kept_back *kept,
		union tc_summary_record *record)
{
	char hostname[65] = "";
	struct tc_decode_error reason;
	struct tc_event event;
	struct tc_alert alert = {.time_ns = kept->until_ns, .event = &event, .hostname = hostname};
	int error = tc_event_init(&event);

	if (error)
		return error;
	gethostname(hostname, sizeof(hostname) - 1);
	error = tc_decode(record, record->suppressed.header.size, &event, &reason);
	if (error)
		tc_error("a `suppressed` message was refused: %s", reason.reason);
	if (!error)
		error = tc_uuid_make(alert.time_ns, alert.uuid);
	if (!error)
		error = write_texts(summary, &alert);
	memcpy(summary->uuid, alert.uuid, sizeof(summary->uuid));
	tc_event_done(&event);
	return error;
}

int tc_summary_make(struct tc_summary *summary, const struct tc_kept_back *kept, uint64_t seq)
{
	union tc_summary_record *record = malloc(sizeof(*record));
	int error;

	if (!record)
		return -ENOMEM;
	/* The journal's own writer of JSON takes it. */
	tc_summary_record(record, kept, 0);
	error = fill(summary, kept, record);
	free(record);
	if (error)
		return error;
	summary->row = (struct tc_journal_row){
		.seq = seq,
		.uuid = summary->uuid,
		.time_ns = kept->until_ns,
		.priority = TC_PRIORITY_WARNING,
		.kind = "suppressed",
		.cgroup_path = kept->cgroup_path,
		.exe = kept->exe,
		.output = summary->text.bytes,
		.json = summary->json.bytes,
	};
	return 0;
}

void tc_summary_done(struct tc_summary *summary)
{
	tc_buffer_done(&summary->json);
	tc_buffer_done(&summary->text);
}
