/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/estimate.h"
#include "rules/compile/matcher.h"

/* No set of checks is known that must hold. */
#define ODDS_NONE UINT32_MAX
/*
 * What the rules of a kind that need an input must cost together (the unit is that of
 * tc_node.cost) for its matcher to be run for them: measured, see tests/bench/README.md.
 */
#define COST_LEAST 20
#define COST_LEAST_FLOATING 40
/* Times that inputs that do not pay are left out, and the others weighed again. */
#define TRIES_MOST 3

/* A wake that is not yet in its place. */
struct loose_wake {
	struct tc_wake wake;
	uint32_t check;
};

struct builder {
	const struct tc_program *program;
	const uint32_t *nodes; /* by rule */
	size_t n_rules;
	uint64_t kind;	   /* bit of the one that is being looked at */
	uint32_t *odds;	   /* by node: that its set holds, or ODDS_NONE */
	uint32_t *visited; /* by node: the set in which it is */
	uint32_t *used;	   /* by input: rules of the kind that need it */
	uint32_t *counted; /* by input: the set that counted last */
	bool *barred;	   /* by input: it does not pay for this kind */
	uint32_t set;	   /* number of the set that is being put together */
	uint32_t *checks;  /* n_checks of that set */
	size_t n_checks;
	struct loose_wake *wakes;
	size_t n_wakes;
	size_t *rule_wakes; /* by rule: where its newest set begins in wakes */
	size_t *rule_n;	    /* by rule: how many are in it */
};

/* --- what must hold --- */

static uint32_t odds_of_check(const struct builder *builder, const struct tc_check *check)
{
	const struct tc_input *input = &builder->program->inputs[check->input];

	if (!check->odds || builder->barred[check->input] || tc_estimate_says_little(input))
		return ODDS_NONE;
	return check->odds;
}

/* Of a conjunction one part is enough; of a disjunction all that may hold at all are needed. */
static uint32_t odds_of_joined(const struct builder *builder, const struct tc_node *node)
{
	const uint32_t *child = &builder->program->children[node->first], *end = child + node->n;
	uint64_t sum = 0;
	uint32_t least = ODDS_NONE;

	for (; child < end; child++) {
		uint32_t odds = builder->odds[*child];

		if (odds < least)
			least = odds;
		if (odds == ODDS_NONE)
			sum = ODDS_NONE;
		else if (sum < ODDS_NONE)
			sum += odds;
	}
	if (node->kind == TC_NODE_AND)
		return least;
	return sum < ODDS_NONE ? (uint32_t)sum : ODDS_NONE;
}

static uint32_t odds_of(const struct builder *builder, const struct tc_node *node)
{
	if (!(node->may_hold & builder->kind))
		return 0;
	if (!(node->may_fail & builder->kind) || node->kind == TC_NODE_NOT)
		return ODDS_NONE;
	if (node->kind == TC_NODE_CHECK)
		return odds_of_check(builder, &builder->program->checks[node->first]);
	return odds_of_joined(builder, node);
}

/* Children have lower numbers than their parents. */
static void weigh(struct builder *builder)
{
	for (size_t i = 0; i < builder->program->n_nodes; i++)
		builder->odds[i] = odds_of(builder, &builder->program->nodes[i]);
}

/* The part of a conjunction that is thought to hold least often. */
static uint32_t rarest(const struct builder *builder, const struct tc_node *node)
{
	const uint32_t *children = &builder->program->children[node->first];
	uint32_t best = children[0];

	for (uint32_t i = 1; i < node->n; i++) {
		if (builder->odds[children[i]] < builder->odds[best])
			best = children[i];
	}
	return best;
}

/* Puts the set of a node together, which has one. */
static void gather(struct builder *builder, uint32_t number)
{
	const struct tc_node *node = &builder->program->nodes[number];

	if (builder->visited[number] == builder->set || !(node->may_hold & builder->kind))
		return;
	builder->visited[number] = builder->set;
	if (node->kind == TC_NODE_CHECK) {
		builder->checks[builder->n_checks++] = node->first;
	} else if (node->kind == TC_NODE_AND) {
		gather(builder, rarest(builder, node));
	} else {
		for (uint32_t i = 0; i < node->n; i++)
			gather(builder, builder->program->children[node->first + i]);
	}
}

/* Whether a rule needs one of a set of checks, which is in builder->checks then. */
static bool has_set(struct builder *builder, size_t rule)
{
	uint32_t node = builder->nodes[rule];

	if (builder->odds[node] == ODDS_NONE)
		return false;
	builder->set++;
	builder->n_checks = 0;
	gather(builder, node);
	return true;
}

static bool may_match(const struct builder *builder, size_t rule)
{
	return builder->program->nodes[builder->nodes[rule]].may_hold & builder->kind;
}

/* --- which inputs pay --- */

static void count_inputs(struct builder *builder)
{
	memset(builder->used, 0, builder->program->n_inputs * sizeof(*builder->used));
	for (size_t rule = 0; rule < builder->n_rules; rule++) {
		uint32_t cost = builder->program->nodes[builder->nodes[rule]].cost;

		if (!may_match(builder, rule) || !has_set(builder, rule))
			continue;
		for (size_t i = 0; i < builder->n_checks; i++) {
			uint32_t input = builder->program->checks[builder->checks[i]].input;

			if (builder->counted[input] != builder->set)
				builder->used[input] += cost;
			builder->counted[input] = builder->set;
		}
	}
}

/* Leaves out what too little needs. Returns whether there was any. */
static bool bar_inputs(struct builder *builder)
{
	bool any = false;

	for (size_t i = 0; i < builder->program->n_inputs; i++) {
		const struct tc_matcher *matcher = builder->program->inputs[i].matcher;
		uint32_t least = matcher && tc_matcher_is_floating(matcher) ? COST_LEAST_FLOATING
									    : COST_LEAST;

		if (!builder->used[i] || builder->used[i] >= least)
			continue;
		builder->barred[i] = true;
		any = true;
	}
	return any;
}

static void choose_inputs(struct builder *builder)
{
	memset(builder->barred, 0, builder->program->n_inputs * sizeof(*builder->barred));
	for (unsigned tries = 0; tries < TRIES_MOST; tries++) {
		weigh(builder);
		count_inputs(builder);
		if (!bar_inputs(builder))
			return;
	}
	weigh(builder);
	count_inputs(builder);
}

/* --- tables --- */

static bool is_newest(const struct builder *builder, size_t rule)
{
	const struct loose_wake *wakes = builder->wakes + builder->rule_wakes[rule];

	if (builder->rule_n[rule] != builder->n_checks || !builder->n_checks)
		return false;
	for (size_t i = 0; i < builder->n_checks; i++) {
		if (wakes[i].check != builder->checks[i])
			return false;
	}
	return true;
}

static int add_wakes(struct builder *builder, size_t rule)
{
	struct loose_wake *wakes;

	/* Mostly it is the same set for all kinds. */
	if (is_newest(builder, rule)) {
		wakes = builder->wakes + builder->rule_wakes[rule];
		for (size_t i = 0; i < builder->n_checks; i++)
			wakes[i].wake.kinds |= builder->kind;
		return 0;
	}
	builder->rule_wakes[rule] = builder->n_wakes;
	builder->rule_n[rule] = builder->n_checks;
	for (size_t i = 0; i < builder->n_checks; i++) {
		/* There is room up to the next power of two. */
		if (!(builder->n_wakes & (builder->n_wakes - 1))) {
			wakes = reallocarray(builder->wakes,
					     builder->n_wakes ? builder->n_wakes * 2 : 1,
					     sizeof(*wakes));
			if (!wakes)
				return -ENOMEM;
			builder->wakes = wakes;
		}
		builder->wakes[builder->n_wakes++] = (struct loose_wake){
			.wake = {.kinds = builder->kind, .rule = (uint32_t)rule},
			.check = builder->checks[i]};
	}
	return 0;
}

static int list_inputs(const struct builder *builder, struct tc_kind_rules *rules)
{
	rules->inputs = calloc(builder->program->n_inputs + 1, sizeof(*rules->inputs));
	if (!rules->inputs)
		return -ENOMEM;
	for (uint32_t i = 0; i < builder->program->n_inputs; i++) {
		if (builder->used[i])
			rules->inputs[rules->n_inputs++] = i;
	}
	return 0;
}

static int build_kind(struct builder *builder, struct tc_dispatch *dispatch, unsigned kind)
{
	struct tc_kind_rules *rules = &dispatch->kinds[kind];
	bool any = false;
	int r = 0;

	builder->kind = TC_KIND_BIT(kind);
	for (size_t rule = 0; rule < builder->n_rules && !any; rule++)
		any = may_match(builder, rule);
	if (!any)
		return 0;
	rules->always = calloc(dispatch->n_words, sizeof(*rules->always));
	if (!rules->always)
		return -ENOMEM;
	choose_inputs(builder);
	for (size_t rule = 0; rule < builder->n_rules && !r; rule++) {
		if (!may_match(builder, rule))
			continue;
		if (has_set(builder, rule))
			r = add_wakes(builder, rule);
		else
			rules->always[rule / 64] |= 1ULL << rule % 64;
	}
	return r ? r : list_inputs(builder, rules);
}

/* Puts the wakes in the order of their checks. */
static int place_wakes(const struct builder *builder, struct tc_dispatch *dispatch)
{
	size_t n_checks = builder->program->n_checks;
	uint32_t *first = calloc(n_checks + 2, sizeof(*first));

	dispatch->first = first;
	dispatch->wakes = calloc(builder->n_wakes + 1, sizeof(*dispatch->wakes));
	if (!first || !dispatch->wakes)
		return -ENOMEM;
	/* Each begins where those before it end; counted one place ahead, since filling moves it.
	 */
	for (size_t i = 0; i < builder->n_wakes; i++)
		first[builder->wakes[i].check + 2]++;
	for (size_t check = 1; check < n_checks + 2; check++)
		first[check] += first[check - 1];
	for (size_t i = 0; i < builder->n_wakes; i++)
		dispatch->wakes[first[builder->wakes[i].check + 1]++] = builder->wakes[i].wake;
	return 0;
}

static void builder_done(struct builder *builder)
{
	free(builder->odds);
	free(builder->visited);
	free(builder->used);
	free(builder->counted);
	free(builder->barred);
	free(builder->checks);
	free(builder->wakes);
	free(builder->rule_wakes);
	free(builder->rule_n);
}

static int builder_init(struct builder *builder)
{
	const struct tc_program *program = builder->program;

	builder->odds = calloc(program->n_nodes + 1, sizeof(*builder->odds));
	builder->visited = calloc(program->n_nodes + 1, sizeof(*builder->visited));
	builder->used = calloc(program->n_inputs + 1, sizeof(*builder->used));
	builder->counted = calloc(program->n_inputs + 1, sizeof(*builder->counted));
	builder->barred = calloc(program->n_inputs + 1, sizeof(*builder->barred));
	builder->checks = calloc(program->n_checks + 1, sizeof(*builder->checks));
	builder->rule_wakes = calloc(builder->n_rules + 1, sizeof(*builder->rule_wakes));
	builder->rule_n = calloc(builder->n_rules + 1, sizeof(*builder->rule_n));
	return builder->odds && builder->visited && builder->used && builder->counted &&
			       builder->barred && builder->checks && builder->rule_wakes &&
			       builder->rule_n
		       ? 0
		       : -ENOMEM;
}

int tc_dispatch_init(struct tc_dispatch *dispatch, const struct tc_program *program,
		     const uint32_t *nodes, size_t n_rules)
{
	struct builder builder = {.program = program, .nodes = nodes, .n_rules = n_rules};
	int r = builder_init(&builder);

	*dispatch = (struct tc_dispatch){.n_words = (n_rules + 63) / 64};
	dispatch->awake = calloc(dispatch->n_words + 1, sizeof(*dispatch->awake));
	if (!r && !dispatch->awake)
		r = -ENOMEM;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT && !r; kind++)
		r = build_kind(&builder, dispatch, kind);
	if (!r)
		r = place_wakes(&builder, dispatch);
	builder_done(&builder);
	return r;
}

void tc_dispatch_done(struct tc_dispatch *dispatch)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		free(dispatch->kinds[kind].always);
		free(dispatch->kinds[kind].inputs);
	}
	free(dispatch->wakes);
	free(dispatch->first);
	free(dispatch->awake);
	*dispatch = (struct tc_dispatch){0};
}

const uint64_t *tc_dispatch_wake(struct tc_dispatch *dispatch, struct tc_program *program,
				 struct tc_event *event, unsigned kind)
{
	const struct tc_kind_rules *rules = &dispatch->kinds[kind];
	uint64_t bit = TC_KIND_BIT(kind);

	memcpy(dispatch->awake, rules->always, dispatch->n_words * sizeof(*dispatch->awake));
	for (size_t i = 0; i < rules->n_inputs; i++)
		tc_program_match(program, event, rules->inputs[i]);
	for (size_t i = 0; i < program->n_came; i++) {
		uint32_t check = program->came[i];
		const struct tc_wake *wake = &dispatch->wakes[dispatch->first[check]];
		const struct tc_wake *end = &dispatch->wakes[dispatch->first[check + 1]];

		for (; wake < end; wake++) {
			if (wake->kinds & bit)
				dispatch->awake[wake->rule / 64] |= 1ULL << wake->rule % 64;
		}
	}
	return dispatch->awake;
}
