/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations: a set of rules in the agent's form and in the kernel's, put into force as one.
 *
 * A generation is made beside the one in force, in any thread. Then what it says of each cgroup
 * that lives is put into the kernel, then its tables, at one instant for all hooks, then what the
 * kernel had of the one before is taken away. Every record names the generation that it was judged
 * by, so the agent judges it by the same rules.
 */
#ifndef TOCSIN_AGENT_GENERATION_H
#define TOCSIN_AGENT_GENERATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/effect.h"
#include "agent/enrich/world.h"
#include "agent/guard.h"
#include "agent/load.h"
#include "rules/kernel/kernel.h"
#include "rules/rules.h"

struct tc_generation {
	uint32_t number; /* from 1 */
	struct tc_ruleset *rules;
	struct tc_kernel_rules *kernel;
	struct tc_effect *effects;	      /* by place in the set: what it can do here */
	const struct tc_guard_event **guards; /* the same: what it would stop, and must not */
	bool *muted;			      /* it tells what it would do, and does not */
};

struct tc_generation_options {
	uint32_t number;
	/* What cannot be judged in the kernel is refused where a rule blocks. */
	bool fail_closed;
	enum tc_rule_matching matching;
	const char *without_guards; /* see tc_guards_find() */
	uint64_t kinds; /* sent whether a rule wants them or not, beside those of the tables */
	/* All events of the kinds that rules ask for are sent: a recording is judged by others. */
	bool whole_kinds;
	const struct tc_probes *probes;
	const char *fallback_reason; /* why there are no LSM hooks; "" when there are */
};

/* Takes the rules, also when it fails. 0, -ENOMEM, or -EINVAL from the guards. */
int tc_generation_make(struct tc_ruleset *rules, const struct tc_generation_options *options,
		       struct tc_generation **ret_generation);
/* Finds anew what each rule can do here: some programs could not be attached. */
void tc_generation_find_effects(struct tc_generation *generation, const struct tc_probes *probes,
				const char *fallback_reason);
/* Prints a line for each rule that cannot do here what it asks for. How many of them must. */
size_t tc_generation_report(const struct tc_generation *generation, bool strict, FILE *stream);
/* Takes NULL. */
void tc_generation_free(struct tc_generation *generation);

/* What of them is in the kernel. */
struct tc_generations {
	struct tc_world *world;
	int tables, cgroups; /* descriptors of maps, owned by the probes */
	volatile struct tc_controls *controls;
	struct tc_generation *current; /* NULL: none yet */
	struct tc_cgroup_watcher watcher;
	uint64_t unwritten; /* cgroups that the kernel has not been told of: its map was full */
};

/* From now on the kernel is told of cgroups that come, go, or become known better. All that is
 * given must outlive it; it must stay in its place until tc_generations_done(). */
void tc_generations_init(struct tc_generations *generations, struct tc_probes *probes,
			 struct tc_world *world);
void tc_generations_done(struct tc_generations *generations);

/*
 * Puts a generation into force in the kernel. When this returns, no record of the one before will
 * be made any more, though some may still lie in the rings. Frees none. 0, or a negative errno:
 * then the one before stays.
 */
int tc_generations_put(struct tc_generations *generations, struct tc_generation *generation);

/*
 * The rule (its place in the set) enforces from now on, or tells only what it would do. Of the
 * generation in force the kernel gets other tables, at one instant. 0 or a negative errno: nothing
 * changed.
 */
int tc_generations_mute(struct tc_generations *generations, size_t rule, bool muted);

#endif
