/* SPDX-License-Identifier: Apache-2.0 */
/* Where each part of a condition is decided: in the kernel, or by the agent. */
#ifndef TOCSIN_RULES_KERNEL_SPLIT_H
#define TOCSIN_RULES_KERNEL_SPLIT_H

#include "rules/kernel/part.h"

/* Whether a node is true, or false, of every event of the kind at hand. */
bool tc_split_is_certain(const struct tc_parting *parting, uint32_t node);
/* Why a node is not judged in the kind at hand, for a rule of an action: for what its first part
 * that is not judged is not. TC_JUDGED: it is. */
enum tc_unjudged tc_split_why(struct tc_parting *parting, uint32_t node, enum tc_action action);

/* By kinds of events. */
struct tc_split {
	uint64_t kernel;      /* judged there, by what the event or the task is */
	uint64_t cgroup;      /* judged there, by what the agent said of the cgroup */
	uint64_t agent;	      /* judged by the agent alone */
	uint64_t certain;     /* nothing need be judged */
	enum tc_unjudged why; /* for the first kind of `agent`; TC_JUDGED: there is none */
};

/* Splits nodes of a program, kind by kind. */
struct tc_splitter {
	struct tc_clauses clauses;
	struct tc_parting parting;
};

int tc_splitter_init(struct tc_splitter *splitter, struct tc_ruleset *set);
void tc_splitter_done(struct tc_splitter *splitter);
/* Where a node is decided in kinds of events, for a rule of an action. 0 or -ENOMEM. */
int tc_splitter_find(struct tc_splitter *splitter, uint32_t node, uint64_t kinds,
		     enum tc_action action, struct tc_split *ret_split);

/* Told of an input that a node asks for, of the kinds in which the agent alone judges it, and why.
 */
typedef void (*tc_split_told)(void *data, const struct tc_input *input, uint64_t kinds,
			      enum tc_unjudged why);

/* Tells of everything below a node that the agent alone judges in kinds of events. */
void tc_splitter_each(struct tc_splitter *splitter, uint32_t node, uint64_t kinds,
		      enum tc_action action, tc_split_told told, void *data);

#endif
