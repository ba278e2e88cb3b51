/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notice.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tc_notice_header(struct tc_record *header, enum tc_kind kind, uint32_t fixed_size,
		      uint64_t time_ns)
{
	*header = (struct tc_record){
		.kind = kind,
		.version = TC_RECORD_VERSION,
		.size = fixed_size,
		.time_ns = time_ns,
		.tgid = (uint32_t)getpid(),
		.tid = (uint32_t)getpid(),
		.ppid = (uint32_t)getppid(),
		.uid = getuid(),
		.euid = geteuid(),
		.egid = getegid(),
		.syscall = -1,
		.comm = {"tocsin"},
	};
}

static void append_text(struct tc_notice *notice, struct tc_slot *slot, const char *text)
{
	struct tc_record *header = (struct tc_record *)notice->bytes;
	size_t length = strlen(text);

	if (length > sizeof(notice->bytes) - header->size)
		length = sizeof(notice->bytes) - header->size;
	memcpy(notice->bytes + header->size, text, length);
	*slot = (struct tc_slot){.offset = (uint16_t)header->size,
				 .stored = (uint16_t)length,
				 .size = (uint32_t)length,
				 .flags = TC_SLOT_PRESENT};
	header->size += (uint32_t)length;
}

const struct tc_record *tc_notice_start(struct tc_notice *notice, uint64_t time_ns, uint32_t rules,
					const char *rules_hash, const char *source)
{
	struct tc_agent_start *record = (struct tc_agent_start *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_agent_start, sizeof(*record), time_ns);
	record->rules = rules;
	append_text(notice, &record->source, source);
	append_text(notice, &record->agent_version, TOCSIN_VERSION);
	append_text(notice, &record->rules_hash, rules_hash);
	return &record->header;
}

const struct tc_record *tc_notice_stop(struct tc_notice *notice, uint64_t time_ns, uint64_t events,
				       uint64_t lost)
{
	struct tc_agent_stop *record = (struct tc_agent_stop *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_agent_stop, sizeof(*record), time_ns);
	record->events = events;
	record->lost = lost;
	return &record->header;
}

const struct tc_record *tc_notice_pruned(struct tc_notice *notice, uint64_t time_ns,
					 uint64_t first_seq, uint64_t last_seq, uint64_t rows,
					 uint64_t undelivered)
{
	struct tc_journal_pruned *record = (struct tc_journal_pruned *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_journal_pruned, sizeof(*record), time_ns);
	record->first_seq = first_seq;
	record->last_seq = last_seq;
	record->rows = rows;
	record->undelivered = undelivered;
	return &record->header;
}

const struct tc_record *tc_notice_audit(struct tc_notice *notice, uint64_t time_ns,
					const struct tc_audit_report *report)
{
	struct tc_audit_segment *record = (struct tc_audit_segment *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_audit_segment, sizeof(*record), time_ns);
	record->segment = report->segment;
	record->ended = report->ended;
	record->records = report->records;
	record->bytes = report->bytes;
	record->taken = report->taken;
	record->taken_until = report->taken_until;
	if (report->hash[0])
		append_text(notice, &record->hash, report->hash);
	append_text(notice, &record->directory, report->directory);
	return &record->header;
}

const struct tc_record *tc_notice_reload(struct tc_notice *notice, uint64_t time_ns,
					 uint32_t errors, uint32_t rules, const char *rules_hash)
{
	struct tc_agent_reload *record = (struct tc_agent_reload *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_agent_reload, sizeof(*record), time_ns);
	record->refused = errors != 0;
	record->errors = errors;
	record->rules = rules;
	append_text(notice, &record->rules_hash, rules_hash);
	return &record->header;
}

const struct tc_record *tc_notice_enforcement(struct tc_notice *notice, uint64_t time_ns,
					      bool is_on, const char *state, const char *reason,
					      const char *rule)
{
	struct tc_enforcement *record = (struct tc_enforcement *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_enforcement, sizeof(*record), time_ns);
	record->is_on = is_on;
	append_text(notice, &record->state, state);
	append_text(notice, &record->reason, reason);
	if (rule)
		append_text(notice, &record->rule_name, rule);
	return &record->header;
}

const struct tc_record *tc_notice_clock_step(struct tc_notice *notice, uint64_t time_ns,
					     int64_t step_ns, int64_t offset_ns)
{
	struct tc_clock_step *record = (struct tc_clock_step *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_clock_step, sizeof(*record), time_ns);
	record->step_ns = step_ns;
	record->offset_ns = offset_ns;
	return &record->header;
}

const struct tc_record *tc_notice_loss(struct tc_notice *notice, uint32_t cpu,
				       enum tc_loss_reason reason, uint64_t count,
				       uint64_t since_ns, uint64_t until_ns)
{
	struct tc_loss *record = (struct tc_loss *)notice->bytes;

	memset(record, 0, sizeof(*record));
	tc_notice_header(&record->header, TC_KIND_loss, sizeof(*record), until_ns);
	record->header.cpu = cpu;
	record->count = count;
	record->since_ns = since_ns;
	record->until_ns = until_ns;
	record->lost_cpu = cpu;
	record->reason = reason;
	return &record->header;
}
