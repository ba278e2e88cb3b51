/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules for the kernel: from a set of rules to the tables of include/decide.h, and what of each
 * rule is decided where.
 *
 * What cannot be judged at a hook counts as true there, and the agent judges the event again: the
 * kernel says yes too often and never too seldom. So it is with what does not fit the tables (more
 * terms than bits, more patterns than states): rules that alert share and shorten. What a rule
 * blocks is exact, or the rule does not block: tc_kernel_rule.problems says where and why.
 *
 * From front to back: subject.h (what can be looked at in which kind of event), literal.h (what a
 * check says of a value), term.h (conditions as conjunctions), bits.h (conjunctions to bits),
 * machine.h (all patterns of a string as one automaton), build.c (the tables).
 */
#ifndef TOCSIN_RULES_KERNEL_H
#define TOCSIN_RULES_KERNEL_H

#include "agent/enrich/world.h"
#include "decide.h"
#include "rules/ruleset.h"

struct tc_kernel_budget;

struct tc_kernel_options {
	uint32_t generation; /* from 1 */
	uint64_t always;     /* kinds that are sent whatever the rules say */
	bool fail_closed;    /* what cannot be judged is refused; else it passes, and is told */
	/* How much alerts may take, see bits.h; NULL: as much as there is room for. For tests. */
	const struct tc_kernel_budget *budget;
};

/* Rules in the form of the kernel. */
struct tc_kernel_rules;

/*
 * Makes tables of a set, which must outlive them. 0 or -ENOMEM. Rules never fail to become tables:
 * what does not fit is wider there, and the counts say so.
 */
int tc_kernel_rules_make(struct tc_ruleset *set, const struct tc_kernel_options *options,
			 struct tc_kernel_rules **ret_rules);
void tc_kernel_rules_free(struct tc_kernel_rules *rules);

/* Some 2 MB, to be copied into the map. */
const struct tc_tables *tc_kernel_rules_tables(const struct tc_kernel_rules *rules);

/*
 * What a cgroup leaves: the conditions on it are judged, what the agent does not know of it yet
 * counts as cgroup_unknown has it. To be asked again when the cgroup gets another path, and when
 * its container's facts come. Uses the set's program: not while another thread judges by it.
 */
void tc_kernel_rules_judge_cgroup(struct tc_kernel_rules *rules, const struct tc_world *world,
				  struct tc_cgroup *cgroup, struct tc_terms *ret_terms);
/* Whether any rule asks for a cgroup, and so for the map of what cgroups leave. */
bool tc_kernel_rules_ask_cgroup(const struct tc_kernel_rules *rules);

/* What the kernel does for a rule, by kinds of events. */
struct tc_kernel_rule {
	uint64_t kinds;	   /* that the rule can match and a probe tells */
	uint64_t exact;	   /* of those, where the kernel alone decides whether it matches */
	uint64_t enforced; /* of those, where it does what the rule's action says, always */
	uint64_t partly;   /* of those, where it does so for a part of what the rule matches */
	uint64_t crowded;  /* of those, where the tables had no room for all that enforces */
};

/* rule: its place in the set. */
struct tc_kernel_rule tc_kernel_rules_at(const struct tc_kernel_rules *rules, size_t rule);

/* How large the tables are, and what had to give way. */
struct tc_kernel_counts {
	size_t terms, vetoes; /* that the rules are made of */
	size_t bits;	      /* that they take */
	size_t shared;	      /* terms that share a bit with another */
	size_t rows, looks, spans, automata, states, cells, findings;
	size_t pattern_max; /* most bytes of a pattern that are used; 0: all */
	bool is_flat;	    /* patterns are used up to a star in their middle only */
	bool is_wide;	    /* what must not be in a string is not looked for */
	size_t vetoes_dropped;
};

const struct tc_kernel_counts *tc_kernel_rules_counts(const struct tc_kernel_rules *rules);

#endif
