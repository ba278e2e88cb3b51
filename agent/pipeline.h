/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline: one record goes in; it is decoded, enriched, judged, and its alerts are committed
 * to the journal, where outputs find them.
 *
 * It does not know where records come from (rings or a recording), and does not look at the host.
 */
#ifndef TOCSIN_AGENT_PIPELINE_H
#define TOCSIN_AGENT_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/enrich/world.h"
#include "output/couriers.h"
#include "output/journal.h"
#include "rules/rules.h"

struct tc_pipeline;
struct tc_audit;
struct tc_condition;
struct tc_recorder;

/* Takes an alert, or a notice; valid during the call, seq and json are not set. 0, or a negative
 * errno, which stops the pipeline. */
typedef int (*tc_alert_callback)(void *context, const struct tc_alert *alert);

/* Told of each record that a rule decided in the kernel, before its alert. */
typedef void (*tc_decided_callback)(void *context, const struct tc_rule *rule,
				    const struct tc_record *record);

/* An audit log, and what it gets: events of these kinds for which the condition holds (NULL: all),
 * what a rule matched, and what the world is kept by. */
struct tc_pipeline_audit {
	struct tc_audit *log; /* NULL: there is none */
	uint64_t kinds;	      /* as TC_KIND_BIT */
	struct tc_condition *condition;
};

/* What a pipeline works with. All of it is owned by the caller and must outlive the pipeline. */
struct tc_pipeline_parts {
	struct tc_world *world;
	struct tc_ruleset *rules;
	uint32_t generation;	    /* of the tables that the kernel has of them; 0: it has none */
	struct tc_journal *journal; /* NULL: alerts are not kept */
	struct tc_couriers *couriers; /* woken behind each commit; NULL: there are none */
	struct tc_recorder *recorder; /* gets each record, in this order; NULL: there is none */
	struct tc_pipeline_audit audit;
	tc_alert_callback tell; /* gets alerts in place of the journal; NULL: the journal does */
	void *tell_context;
	tc_decided_callback decided; /* NULL: nobody is told */
	void *decided_context;
};

struct tc_pipeline_counts {
	uint64_t events;  /* judged, by whatever kind; losses included */
	uint64_t refused; /* records that could not be decoded */
	uint64_t alerts;  /* committed or waiting to be */
	uint64_t limited; /* alerts that rules kept back, by rate_limit */
	uint64_t dropped; /* alerts and notices that the journal had no room for */
	uint64_t lost;	  /* events that a ring lost, as loss records told */
	uint64_t by_priority[TC_PRIORITY_MAX];
	uint64_t by_kind[TC_KIND_LIMIT]; /* events */
	uint64_t by_loss[TC_LOSS_LIMIT]; /* what was told as lost, by its reason */
};

/* 0 or -ENOMEM. */
int tc_pipeline_new(const struct tc_pipeline_parts *parts, struct tc_pipeline **ret_pipeline);
void tc_pipeline_free(struct tc_pipeline *pipeline);

/*
 * Takes one record, aligned to 8; a tc_record_callback with the pipeline as context. A record that
 * cannot be decoded is counted and logged, it does not stop the pipeline. -ENOMEM when memory is
 * out. Commits where the journal says that its batch is due: many rows wait, or for long, or an
 * urgent one.
 */
int tc_pipeline_feed(void *pipeline, const void *bytes, size_t size);

/*
 * No record up to a time since boot: what ends by then ends. tc_pipeline_commit() lets time pass as
 * it does here; a replay, which does not commit, as it did then. As tc_pipeline_feed().
 */
int tc_pipeline_pass(struct tc_pipeline *pipeline, uint64_t now_ns);

/*
 * Ends a batch: commits the journal, then wakes the couriers, which tell it to the outputs; waits
 * for none of them. When the journal cannot be committed nothing is told and nothing is lost: the
 * next call tries again. What was refused, and dropped for want of room while the journal failed,
 * is told by a loss record as soon as the journal was committed; so is what retention took. To be
 * called ten times a second or so, also where nothing was fed. 0 or the journal's error, or
 * -ENOMEM.
 */
int tc_pipeline_commit(struct tc_pipeline *pipeline);

/*
 * Other rules judge from the next record on, but for records of the generation of those before,
 * which stay for them until tc_pipeline_forget_former() or until this is called again. All rules
 * are owned by the caller. 0 or -ENOMEM: then the rules before stay in force.
 */
int tc_pipeline_set_rules(struct tc_pipeline *pipeline, struct tc_ruleset *rules,
			  uint32_t generation);
/* The rules in force are those of this generation, 0 of none: for records that come from now on out
 * of a recording. */
void tc_pipeline_set_generation(struct tc_pipeline *pipeline, uint32_t generation);
/* Takes tc_pipeline_set_rules() back: the rules before are in force again, and those that were set
 * may be freed. */
void tc_pipeline_restore_former(struct tc_pipeline *pipeline);
/* Records of that generation, which an agent before this one made, were decided by the rules that
 * are in force now, as long as they are. */
void tc_pipeline_inherit(struct tc_pipeline *pipeline, uint32_t generation);
/* No record of the generation before the last will come any more: its rules may be freed. */
void tc_pipeline_forget_former(struct tc_pipeline *pipeline);

void tc_pipeline_counts(const struct tc_pipeline *pipeline, struct tc_pipeline_counts *ret_counts);

#endif
