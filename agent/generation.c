/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/tables.h"

void tc_generation_find_effects(struct tc_generation *generation, const struct tc_probes *probes,
				const char *fallback_reason)
{
	for (size_t i = 0; i < tc_ruleset_count(generation->rules); i++) {
		const struct tc_kernel_rule rule = tc_kernel_rules_at(generation->kernel, i);

		tc_effect_find(tc_ruleset_at(generation->rules, i), &rule, probes, fallback_reason,
			       &generation->effects[i]);
	}
}

static int fill(struct tc_generation *generation, const struct tc_generation_options *options)
{
	const struct tc_kernel_options kernel = {
		.generation = options->number,
		.always = tc_world_kinds() | options->kinds |
			  (options->whole_kinds ? tc_ruleset_kinds(generation->rules) : 0),
		.fail_closed = options->fail_closed,
	};
	size_t n_rules = tc_ruleset_count(generation->rules);
	int r;

	generation->muted = calloc(n_rules + 1, sizeof(*generation->muted));
	generation->effects = calloc(n_rules + 1, sizeof(*generation->effects));
	generation->guards = calloc(n_rules + 1, sizeof(*generation->guards));
	if (!generation->muted || !generation->effects || !generation->guards)
		return -ENOMEM;
	/* The kernel enforces each rule that matches, whichever speaks. */
	tc_ruleset_set_matching(generation->rules, TC_MATCHING_ALL);
	r = tc_guards_find(generation->rules, options->without_guards, generation->guards);
	tc_ruleset_set_matching(generation->rules, options->matching);
	if (r == 0)
		r = tc_kernel_rules_make(generation->rules, &kernel, &generation->kernel);
	if (r == 0)
		tc_generation_find_effects(generation, options->probes, options->fallback_reason);
	return r;
}

int tc_generation_make(struct tc_ruleset *rules, const struct tc_generation_options *options,
		       struct tc_generation **ret_generation)
{
	struct tc_generation *generation = calloc(1, sizeof(*generation));
	int r;

	if (!generation) {
		tc_ruleset_free(rules);
		return -ENOMEM;
	}
	generation->number = options->number;
	generation->rules = rules;
	r = fill(generation, options);
	if (r < 0) {
		tc_generation_free(generation);
		return r;
	}
	*ret_generation = generation;
	return 0;
}

static void report_guard(const struct tc_rule *rule, const struct tc_guard_event *guard,
			 FILE *stream)
{
	if (guard)
		fprintf(stream,
			"%s:%u:%u: warning: rule `%s` is held back by the guard %s, and only "
			"tells: it "
			"would stop this: %s (--without-guards %s)\n",
			rule->file, rule->line, rule->column, rule->name, guard->guard, guard->what,
			guard->guard);
}

size_t tc_generation_report(const struct tc_generation *generation, bool strict, FILE *stream)
{
	size_t errors = 0;

	for (size_t i = 0; i < tc_ruleset_count(generation->rules); i++)
		errors += tc_effect_report(tc_ruleset_at(generation->rules, i),
					   &generation->effects[i], strict, stream);
	for (size_t i = 0; i < tc_ruleset_count(generation->rules); i++)
		report_guard(tc_ruleset_at(generation->rules, i), generation->guards[i], stream);
	return errors;
}

void tc_generation_free(struct tc_generation *generation)
{
	if (!generation)
		return;
	tc_kernel_rules_free(generation->kernel);
	tc_ruleset_free(generation->rules);
	free(generation->effects);
	free(generation->guards);
	free(generation->muted);
	free(generation);
}

/* --- cgroups --- */

struct judging {
	struct tc_generations *generations;
	struct tc_generation *generation;
};

static void judge(void *context, struct tc_cgroup *cgroup)
{
	const struct judging *judging = context;
	struct tc_generations *generations = judging->generations;
	struct tc_terms terms;
	int r;

	tc_kernel_rules_judge_cgroup(judging->generation->kernel, generations->world, cgroup,
				     &terms);
	r = tc_tables_set_cgroup(generations->cgroups, cgroup->id, judging->generation->number,
				 &terms);
	/* Behind the change: what a program noted of the cgroup by the old count it asks anew. */
	__atomic_fetch_add(&generations->controls->cgroups_judged, 1, __ATOMIC_RELEASE);
	if (r < 0 && !generations->unwritten++)
		tc_error("the kernel cannot be told of cgroup %s (%s): there, rules on cgroups are "
			 "judged as in the one above it",
			 cgroup->path, strerror(-r));
}

static void on_changed(void *context, struct tc_cgroup *cgroup)
{
	struct tc_generations *generations = context;
	struct judging judging = {generations, generations->current};

	if (generations->current && tc_kernel_rules_ask_cgroup(generations->current->kernel))
		judge(&judging, cgroup);
}

static void on_gone(void *context, uint64_t id)
{
	const struct tc_generations *generations = context;

	if (generations->current)
		tc_tables_forget_cgroup(generations->cgroups, id, generations->current->number);
}

void tc_generations_init(struct tc_generations *generations, struct tc_probes *probes,
			 struct tc_world *world)
{
	*generations = (struct tc_generations){
		.world = world,
		.tables = tc_probes_map(probes, "tables"),
		.cgroups = tc_probes_map(probes, "cgroup_terms"),
		.controls = tc_probes_controls(probes),
		.watcher = {on_changed, on_gone, generations},
	};
	tc_cgroups_watch(world->cgroups, &generations->watcher);
}

void tc_generations_done(struct tc_generations *generations)
{
	if (generations->world && generations->world->cgroups)
		tc_cgroups_watch(generations->world->cgroups, NULL);
	*generations = (struct tc_generations){0};
}

/* --- tables --- */

/* Those of a generation, with the rules muted that are. */
static int set_tables(const struct tc_generations *generations,
		      const struct tc_generation *generation)
{
	struct tc_tables *tables = malloc(sizeof(*tables));
	size_t n_rules = tc_ruleset_count(generation->rules);
	int r;

	if (!tables)
		return -ENOMEM;
	*tables = *tc_kernel_rules_tables(generation->kernel);
	for (size_t i = 0; i < TC_TERMS_MAX; i++) {
		struct tc_bit *bit = &tables->terms[i];

		if (bit->action >= TC_ACTION_BLOCK && bit->rule && bit->rule <= n_rules &&
		    generation->muted[bit->rule - 1])
			bit->action = TC_ACTION_TELL;
	}
	r = tc_tables_set(generations->tables, tables);
	free(tables);
	return r;
}

int tc_generations_put(struct tc_generations *generations, struct tc_generation *generation)
{
	struct judging judging = {generations, generation};
	int r;

	if (tc_kernel_rules_ask_cgroup(generation->kernel))
		tc_cgroups_each(generations->world->cgroups, judge, &judging);
	r = set_tables(generations, generation);
	if (r == 0)
		generations->current = generation;
	/* What is left of the others does no harm: nothing asks for it. */
	if (generations->current)
		tc_tables_forget_others(generations->cgroups, generations->current->number);
	return r;
}

int tc_generations_mute(struct tc_generations *generations, size_t rule, bool muted)
{
	struct tc_generation *current = generations->current;
	bool before = current->muted[rule];
	int r;

	current->muted[rule] = muted;
	r = set_tables(generations, current);
	if (r < 0)
		current->muted[rule] = before;
	return r;
}
