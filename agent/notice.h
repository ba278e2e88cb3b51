/* SPDX-License-Identifier: Apache-2.0 */
/* Records that the agent makes of itself; they go through the pipeline like any other. */
#ifndef TOCSIN_AGENT_NOTICE_H
#define TOCSIN_AGENT_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/hash.h"
#include "record.h"

/* Room for a notice with its slots. */
#define TC_NOTICE_MAX 1024

struct tc_notice {
	_Alignas(8) unsigned char bytes[TC_NOTICE_MAX];
};

/* The header of a record made now by this process; the caller fills what follows it. */
void tc_notice_header(struct tc_record *header, enum tc_kind kind, uint32_t fixed_size,
		      uint64_t time_ns);
/* agent_start: rules in force, the hash of their files (tc_ruleset_hash()), and where events come
 * from ("lsm", "fallback"). */
const struct tc_record *tc_notice_start(struct tc_notice *notice, uint64_t time_ns, uint32_t rules,
					const char *rules_hash, const char *source);
/* agent_stop: totals since the start. */
const struct tc_record *tc_notice_stop(struct tc_notice *notice, uint64_t time_ns, uint64_t events,
				       uint64_t lost);
/* journal_pruned: retention took rows of the journal. */
const struct tc_record *tc_notice_pruned(struct tc_notice *notice, uint64_t time_ns,
					 uint64_t first_seq, uint64_t last_seq, uint64_t rows,
					 uint64_t undelivered);
/* What the audit log did: see the fields of audit_segment. */
struct tc_audit_report {
	uint64_t segment, ended, records, bytes, taken, taken_until;
	char hash[TC_HASH_LENGTH + 1];
	const char *directory;
};
/* audit_segment. */
const struct tc_record *tc_notice_audit(struct tc_notice *notice, uint64_t time_ns,
					const struct tc_audit_report *report);
/* agent_reload: the number of errors in the new rules (0: they are in force), and the rules that
 * are in force now. */
const struct tc_record *tc_notice_reload(struct tc_notice *notice, uint64_t time_ns,
					 uint32_t errors, uint32_t rules, const char *rules_hash);
/* enforcement: rules block and kill from now on, or do not; of one rule, or of all (rule NULL). */
const struct tc_record *tc_notice_enforcement(struct tc_notice *notice, uint64_t time_ns,
					      bool is_on, const char *state, const char *reason,
					      const char *rule);
/* clock_step: see tc_world_clock_step(). */
const struct tc_record *tc_notice_clock_step(struct tc_notice *notice, uint64_t time_ns,
					     int64_t step_ns, int64_t offset_ns);
/* loss: count events of a CPU (TC_ABSENT_U32: of none) between two times since boot, in
 * nanoseconds. */
const struct tc_record *tc_notice_loss(struct tc_notice *notice, uint32_t cpu,
				       enum tc_loss_reason reason, uint64_t count,
				       uint64_t since_ns, uint64_t until_ns);

#endif
