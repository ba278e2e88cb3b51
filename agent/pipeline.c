/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pipeline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "agent/condition.h"
#include "agent/decode.h"
#include "agent/log.h"
#include "agent/loss.h"
#include "agent/notice.h"
#include "agent/rule_limits.h"
#include "output/summary.h"
#include "output/uuid.h"
#include "recording/audit.h"
#include "recording/recorder.h"

/* A fault that repeats is not logged for ever. */
#define REFUSED_LOGGED 10

/* Lost in the pipeline, and not yet told by a loss record. Times are those of records. */
struct untold {
	uint64_t count, since_ns, until_ns;
};

/* Rules, and room for all of them. */
struct judges {
	struct tc_ruleset *rules; /* NULL: none */
	uint32_t generation;
	uint32_t inherited; /* another number of the same rules; 0: there is none */
	const struct tc_rule **matches;
	size_t n_rules;
	struct tc_rule_limits *limits; /* NULL: no rule has one */
};

struct tc_pipeline {
	struct tc_pipeline_parts parts;
	struct tc_event event;
	struct tc_pipeline_counts counts;
	struct untold dropped, refused;
	struct untold not_kept; /* in the audit log */
	bool matched;		/* the present record, by a rule */
	uint64_t last_ns; /* time of the last record that could be decoded; 0: there was none */
	uint64_t fed_ns;  /* when it came, since boot; kept where rules have limits */
	bool committing;  /* what is fed then waits for the commit that is under way */
	bool telling;	  /* what limits kept back is being told, at a time since boot: */
	uint64_t told_ns;
	struct judges current, former;
};

static int tell_limited(struct tc_pipeline *pipeline, struct judges *judges, uint64_t now_ns,
			bool all);

int tc_pipeline_new(const struct tc_pipeline_parts *parts, struct tc_pipeline **ret_pipeline)
{
	struct tc_pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return -ENOMEM;
	pipeline->parts = *parts;
	if (tc_pipeline_set_rules(pipeline, parts->rules, parts->generation) < 0 ||
	    tc_event_init(&pipeline->event) < 0) {
		tc_pipeline_free(pipeline);
		return -ENOMEM;
	}
	*ret_pipeline = pipeline;
	return 0;
}

/* A replay asks whether its rules are those. */
static void keep_generation(struct tc_pipeline *pipeline)
{
	const struct judges *judges = &pipeline->current;
	const char *hash = judges->generation ? tc_ruleset_hash(judges->rules) : NULL;

	if (!hash)
		return;
	if (pipeline->parts.recorder)
		tc_sink_add_generation(tc_recorder_sink(pipeline->parts.recorder),
				       judges->generation, hash);
	if (pipeline->parts.audit.log)
		tc_sink_add_generation(tc_audit_sink(pipeline->parts.audit.log), judges->generation,
				       hash);
}

int tc_pipeline_set_rules(struct tc_pipeline *pipeline, struct tc_ruleset *rules,
			  uint32_t generation)
{
	size_t n_rules = tc_ruleset_count(rules);
	const struct tc_rule **matches = calloc(n_rules + 1, sizeof(*matches));
	struct tc_rule_limits *limits;

	if (!matches || tc_rule_limits_new(rules, &limits) < 0) {
		free(matches);
		return -ENOMEM;
	}
	tc_pipeline_forget_former(pipeline);
	pipeline->former = pipeline->current;
	pipeline->current = (struct judges){rules, generation, 0, matches, n_rules, limits};
	keep_generation(pipeline);
	return 0;
}

void tc_pipeline_inherit(struct tc_pipeline *pipeline, uint32_t generation)
{
	pipeline->current.inherited = generation;
}

static void judges_done(struct judges *judges)
{
	tc_rule_limits_free(judges->limits);
	free(judges->matches);
	*judges = (struct judges){0};
}

void tc_pipeline_set_generation(struct tc_pipeline *pipeline, uint32_t generation)
{
	pipeline->current.generation = generation;
}

void tc_pipeline_restore_former(struct tc_pipeline *pipeline)
{
	judges_done(&pipeline->current);
	pipeline->current = pipeline->former;
	pipeline->former = (struct judges){0};
}

void tc_pipeline_forget_former(struct tc_pipeline *pipeline)
{
	/* Where memory is out what they kept back stays untold. */
	tell_limited(pipeline, &pipeline->former, pipeline->last_ns, true);
	judges_done(&pipeline->former);
}

void tc_pipeline_free(struct tc_pipeline *pipeline)
{
	if (!pipeline)
		return;
	tc_event_done(&pipeline->event);
	judges_done(&pipeline->former);
	judges_done(&pipeline->current);
	free(pipeline);
}

static void untold_add(struct untold *untold, uint64_t count, uint64_t time_ns)
{
	if (!untold->count)
		untold->since_ns = time_ns;
	untold->until_ns = time_ns;
	untold->count += count;
}

/* There is no room for an alert. When it is a loss that cannot be told, its events count with those
 * that follow. */
static void drop(struct tc_pipeline *pipeline, const struct tc_rule *rule)
{
	const struct tc_event *event = &pipeline->event;
	uint64_t count = 1;

	if (!rule && event->kind->kind == TC_KIND_loss)
		count = ((const struct tc_loss *)event->record)->count;
	if (!pipeline->dropped.count)
		tc_error(
			"alerts are dropped, and counted: the journal cannot be written, and there "
			"is no memory for more");
	pipeline->counts.dropped++;
	untold_add(&pipeline->dropped, count, event->record->time_ns);
}

/* From time since boot to time since the epoch. */
static uint64_t real_ns(const struct tc_pipeline *pipeline, uint64_t boot_ns)
{
	return boot_ns + (uint64_t)pipeline->parts.world->clock.real_minus_boot_ns;
}

/* Hands an alert, or a notice when rule is NULL, to the journal. */
static int emit(struct tc_pipeline *pipeline, const struct tc_rule *rule)
{
	struct tc_alert alert = {
		.time_ns = real_ns(pipeline, pipeline->event.record->time_ns),
		.hostname = pipeline->parts.world->hostname,
		.rule = rule,
		.event = &pipeline->event,
	};
	int r = tc_uuid_make(alert.time_ns, alert.uuid);

	if (r >= 0 && pipeline->parts.tell)
		r = pipeline->parts.tell(pipeline->parts.tell_context, &alert);
	else if (r >= 0 && pipeline->parts.journal)
		r = tc_journal_add(pipeline->parts.journal, &alert);
	if (r == -ENOBUFS) {
		drop(pipeline, rule);
		return 0;
	}
	if (r < 0)
		return r;
	pipeline->counts.alerts += rule != NULL;
	if (rule)
		pipeline->counts.by_priority[rule->priority]++;
	return 0;
}

static void count_loss(struct tc_pipeline *pipeline, const struct tc_loss *loss)
{
	if (loss->reason < TC_LOSS_LIMIT)
		pipeline->counts.by_loss[loss->reason] += loss->count;
	/* What the pipeline itself lost has counters of its own. */
	if (loss->reason != TC_LOSS_REFUSED && tc_loss_was_unseen(loss->reason))
		pipeline->counts.lost += loss->count;
}

/* What the agent says of itself goes out without a rule. */
static int emit_notice(struct tc_pipeline *pipeline)
{
	const struct tc_loss *loss = (const struct tc_loss *)pipeline->event.record;

	if (pipeline->event.kind->kind == TC_KIND_loss)
		count_loss(pipeline, loss);
	return emit(pipeline, NULL);
}

/* Those that the record was made by: in a ring it may have waited while rules were read anew. */
static const struct judges *judges_of(const struct tc_pipeline *pipeline,
				      const struct tc_record *record)
{
	const struct judges *former = &pipeline->former;

	return former->rules && record->generation == former->generation && record->generation
		       ? former
		       : &pipeline->current;
}

/* The rule that decided in the kernel; NULL when none did, or its set is not known (of a recording,
 * or of an agent before this one that had others). */
static const struct tc_rule *decider(const struct judges *judges, const struct tc_record *record)
{
	if (record->verdict < TC_VERDICT_WOULD_BLOCK || !record->generation || !record->rule ||
	    (record->generation != judges->generation && record->generation != judges->inherited) ||
	    record->rule > judges->n_rules)
		return NULL;
	return tc_ruleset_at(judges->rules, record->rule - 1);
}

/* A rule that matches has its say, unless it had it often enough. Of what limits tell each rule
 * speaks: it could not be counted while that is told. */
static int speak(struct tc_pipeline *pipeline, const struct judges *judges,
		 const struct tc_rule *rule)
{
	struct tc_event *event = &pipeline->event;

	if (pipeline->telling || tc_rule_limits_take(judges->limits, rule, event,
						     real_ns(pipeline, event->record->time_ns)))
		return emit(pipeline, rule);
	pipeline->counts.limited++;
	return 0;
}

/* What a rule did in the kernel it tells, whatever is known by now. Others say what they have to.
 */
static int judge(struct tc_pipeline *pipeline)
{
	const struct tc_record *record = pipeline->event.record;
	const struct judges *judges = judges_of(pipeline, record);
	const struct tc_rule *decided = decider(judges, record);
	size_t n_matches =
		tc_ruleset_judge(judges->rules, &pipeline->event, judges->matches, judges->n_rules);
	int r;

	pipeline->matched = decided || n_matches;
	if (decided && pipeline->parts.decided)
		pipeline->parts.decided(pipeline->parts.decided_context, decided, record);
	r = decided ? speak(pipeline, judges, decided) : 0;
	for (size_t i = 0; i < n_matches && r >= 0; i++)
		if (judges->matches[i] != decided)
			r = speak(pipeline, judges, judges->matches[i]);
	return r;
}

/* Behind what the host was asked for it. What limits tell a replay tells by itself: by its own
 * rules. */
static void keep_record(struct tc_pipeline *pipeline, const void *bytes, size_t size)
{
	if (pipeline->parts.recorder && !pipeline->telling)
		tc_recorder_take(pipeline->parts.recorder, bytes, size);
}

static bool is_for_audit(struct tc_pipeline *pipeline)
{
	const struct tc_pipeline_audit *audit = &pipeline->parts.audit;
	struct tc_event *event = &pipeline->event;

	if (pipeline->matched || event->kind->traits & (TC_TRAIT_STATE | TC_TRAIT_AGENT) ||
	    tc_audit_was_told(audit->log))
		return true;
	return audit->kinds & TC_KIND_BIT(event->kind->kind) &&
	       (!audit->condition || tc_condition_holds(audit->condition, event));
}

/* When it was judged. */
static void audit_record(struct tc_pipeline *pipeline, const void *bytes, size_t size)
{
	if (pipeline->parts.audit.log && !pipeline->telling && is_for_audit(pipeline))
		tc_audit_take(pipeline->parts.audit.log, bytes, size);
}

static int feed(struct tc_pipeline *pipeline, const void *bytes, size_t size)
{
	struct tc_event *event = &pipeline->event;
	struct tc_decode_error error;
	int r;

	if (tc_decode(bytes, size, event, &error) < 0) {
		if (pipeline->counts.refused++ < REFUSED_LOGGED)
			tc_error("a record was refused: %s", error.reason);
		untold_add(&pipeline->refused, 1, pipeline->last_ns);
		keep_record(pipeline, bytes, size);
		if (pipeline->parts.audit.log)
			tc_audit_take(pipeline->parts.audit.log, bytes, size);
		return 0;
	}
	pipeline->last_ns = event->record->time_ns;
	if (pipeline->current.limits || pipeline->former.limits)
		pipeline->fed_ns = tc_clock_boot_ns();
	pipeline->counts.events++;
	pipeline->counts.by_kind[event->kind->kind]++;
	r = tc_world_enrich(pipeline->parts.world, event);
	keep_record(pipeline, bytes, size);
	if (r >= 0)
		r = judge(pipeline);
	if (r >= 0)
		audit_record(pipeline, bytes, size);
	if (r >= 0 && event->kind->traits & TC_TRAIT_AGENT)
		r = emit_notice(pipeline);
	tc_world_settle(pipeline->parts.world, event);
	/* A long drain is not waited for; a failure was logged, and is tried again later. */
	if (r >= 0 && !pipeline->committing && pipeline->parts.journal &&
	    tc_journal_due(pipeline->parts.journal))
		tc_pipeline_commit(pipeline);
	return r;
}

/* A span of a rule's limit has ended. */
static int tell_kept_back(const struct tc_kept_back *kept, void *context)
{
	struct tc_pipeline *pipeline = context;
	union tc_summary_record *record = malloc(sizeof(*record));
	int r;

	if (!record)
		return -ENOMEM;
	tc_summary_record(record, kept, pipeline->told_ns);
	r = feed(pipeline, record, record->suppressed.header.size);
	free(record);
	return r;
}

/* Tells at a time since boot what rules kept back in spans that are over then, or in all. */
static int tell_limited(struct tc_pipeline *pipeline, struct judges *judges, uint64_t now_ns,
			bool all)
{
	int r;

	if (pipeline->telling || !judges->limits)
		return 0;
	pipeline->telling = true;
	pipeline->told_ns = now_ns;
	r = tc_rule_limits_end(judges->limits, all ? UINT64_MAX : real_ns(pipeline, now_ns),
			       tell_kept_back, pipeline);
	pipeline->telling = false;
	return r;
}

/* Before a record: spans that end before it do not count it, and all end with the agent. */
static int end_spans(struct tc_pipeline *pipeline, const struct tc_record *record)
{
	struct judges *all[] = {&pipeline->former, &pipeline->current};
	uint64_t time_ns = real_ns(pipeline, record->time_ns);
	bool stop = record->kind == TC_KIND_agent_stop;
	int r = 0;

	for (size_t i = 0; i < 2 && r >= 0; i++)
		if (stop || tc_rule_limits_are_due(all[i]->limits, time_ns))
			r = tell_limited(pipeline, all[i], record->time_ns, stop);
	return r;
}

int tc_pipeline_pass(struct tc_pipeline *pipeline, uint64_t now_ns)
{
	struct judges *all[] = {&pipeline->former, &pipeline->current};
	int r = 0;

	for (size_t i = 0; i < 2 && r >= 0; i++)
		r = tell_limited(pipeline, all[i], now_ns, false);
	return r;
}

/* Where no record comes spans end as well. The time of records goes on from the last one as it does
 * here. */
static int end_spans_by_now(struct tc_pipeline *pipeline)
{
	uint64_t now_ns = pipeline->last_ns + tc_clock_boot_ns() - pipeline->fed_ns;
	int r;

	if (!pipeline->fed_ns || pipeline->telling)
		return 0;
	r = tc_pipeline_pass(pipeline, now_ns);
	if (pipeline->parts.recorder)
		tc_recorder_pass(pipeline->parts.recorder, now_ns);
	if (pipeline->parts.audit.log)
		tc_audit_pass(pipeline->parts.audit.log, now_ns);
	return r;
}

int tc_pipeline_feed(void *context, const void *bytes, size_t size)
{
	struct tc_pipeline *pipeline = context;
	int64_t step_ns, offset_ns;
	struct tc_notice notice;
	int r = size >= sizeof(struct tc_record) ? end_spans(pipeline, bytes) : 0;

	if (r >= 0)
		r = feed(pipeline, bytes, size);
	/* A recording has this record at its place: its own host tells of no step. */
	if (r >= 0 && tc_world_clock_step(pipeline->parts.world, &step_ns, &offset_ns)) {
		const struct tc_record *record =
			tc_notice_clock_step(&notice, pipeline->last_ns, step_ns, offset_ns);

		r = feed(pipeline, record, record->size);
	}
	return r;
}

/* Makes a loss record of what was lost, and feeds it. 1, 0 when there is nothing, or a negative
 * errno. */
static int tell_untold(struct tc_pipeline *pipeline, struct untold *untold,
		       enum tc_loss_reason reason)
{
	struct untold lost = *untold;
	const struct tc_record *record;
	struct tc_notice notice;
	int r;

	if (!lost.count)
		return 0;
	record = tc_notice_loss(&notice, TC_ABSENT_U32, reason, lost.count, lost.since_ns,
				lost.until_ns);
	*untold = (struct untold){0};
	r = tc_pipeline_feed(pipeline, record, record->size);
	return r < 0 ? r : 1;
}

/* Tells what went from the journal, and what of that was not delivered. As tell_untold(). */
static int tell_gone(struct tc_pipeline *pipeline)
{
	uint64_t now_ns = tc_clock_boot_ns();
	struct tc_journal_report report;
	const struct tc_record *record;
	struct tc_notice notice;
	int r = 0;

	if (!pipeline->parts.journal || !tc_journal_take_report(pipeline->parts.journal, &report))
		return 0;
	struct untold retention = {report.pruned.undelivered, now_ns, now_ns};
	struct untold damaged = {report.undelivered_aside, now_ns, now_ns};
	if (report.pruned.rows) {
		record = tc_notice_pruned(&notice, now_ns, report.pruned.first_seq,
					  report.pruned.last_seq, report.pruned.rows,
					  report.pruned.undelivered);
		r = tc_pipeline_feed(pipeline, record, record->size);
	}
	if (r >= 0)
		r = tell_untold(pipeline, &retention, TC_LOSS_RETENTION);
	if (r >= 0)
		r = tell_untold(pipeline, &damaged, TC_LOSS_JOURNAL_GONE);
	return r < 0 ? r : 1;
}

/* Tells what the audit log did, and could not keep. As tell_untold(). */
static int tell_audit(struct tc_pipeline *pipeline)
{
	struct tc_audit *log = pipeline->parts.audit.log;
	struct tc_audit_report report;
	struct tc_notice notice;
	bool told = false;
	uint64_t lost;
	int r = 0;

	if (!log)
		return 0;
	while (r >= 0 && tc_audit_take_report(log, &report)) {
		const struct tc_record *record =
			tc_notice_audit(&notice, tc_clock_boot_ns(), &report);

		r = tc_pipeline_feed(pipeline, record, record->size);
		told = true;
	}
	lost = tc_audit_take_lost(log);
	if (lost)
		untold_add(&pipeline->not_kept, lost, tc_clock_boot_ns());
	if (r >= 0)
		r = tell_untold(pipeline, &pipeline->not_kept, TC_LOSS_AUDIT);
	return r < 0 ? r : told || r;
}

/* The journal is to know first what the outputs know of it. */
static int commit_batch(struct tc_pipeline *pipeline)
{
	struct tc_journal *journal = pipeline->parts.journal;
	struct tc_couriers *couriers = pipeline->parts.couriers;
	uint64_t last_seq;
	int r;

	if (!journal)
		return 0;
	if (couriers)
		tc_journal_set_floor(journal, tc_couriers_floor(couriers));
	if (couriers && tc_couriers_saw_damage(couriers))
		tc_journal_suspect(journal);
	last_seq = tc_journal_last_seq(journal);
	r = tc_journal_flush(journal);
	if (couriers && tc_journal_last_seq(journal) != last_seq)
		tc_couriers_wake(couriers);
	return r;
}

static int commit(struct tc_pipeline *pipeline)
{
	int r = end_spans_by_now(pipeline), dropped, refused, gone, audited;

	if (r >= 0)
		r = commit_batch(pipeline);
	if (r < 0)
		return r;
	/* The journal takes rows again, so there is room to tell what was lost. */
	dropped = tell_untold(pipeline, &pipeline->dropped, TC_LOSS_JOURNAL_FULL);
	refused = tell_untold(pipeline, &pipeline->refused, TC_LOSS_REFUSED);
	gone = tell_gone(pipeline);
	audited = tell_audit(pipeline);
	if (dropped < 0 || refused < 0 || gone < 0 || audited < 0)
		return dropped < 0 ? dropped : refused < 0 ? refused : gone < 0 ? gone : audited;
	return dropped || refused || gone || audited ? commit_batch(pipeline) : 0;
}

int tc_pipeline_commit(struct tc_pipeline *pipeline)
{
	int r;

	pipeline->committing = true;
	r = commit(pipeline);
	pipeline->committing = false;
	return r;
}

void tc_pipeline_counts(const struct tc_pipeline *pipeline, struct tc_pipeline_counts *ret_counts)
{
	*ret_counts = pipeline->counts;
}
