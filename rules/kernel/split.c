/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/split.h"

#include <errno.h>
#include <string.h>

static const struct tc_program *program_of(const struct tc_parting *parting)
{
	return &parting->clauses->set->program;
}

bool tc_split_is_certain(const struct tc_parting *parting, uint32_t number)
{
	const struct tc_node *node = &program_of(parting)->nodes[number];
	uint64_t kind = TC_KIND_BIT(parting->kind);

	return !(node->may_hold & kind) || !(node->may_fail & kind);
}

static enum tc_unjudged why_check(struct tc_parting *parting, uint32_t check)
{
	const struct tc_program *program = program_of(parting);
	const struct tc_field *field = program->inputs[program->checks[check].input].field;
	enum tc_unjudged why;
	uint32_t literal;

	if (tc_parting_is_any_type(parting, check))
		return TC_JUDGED;
	why = tc_parting_check(parting, check, true, &literal);
	/* Of a field that the kernel never sees there is no better to be said. */
	if (why != TC_JUDGED && field && !strcmp(field->name, "evt.type"))
		return TC_UNJUDGED_EVENT_TYPE;
	return why;
}

enum tc_unjudged tc_split_why(struct tc_parting *parting, uint32_t number, enum tc_action action)
{
	const struct tc_program *program = program_of(parting);
	const struct tc_node *node = &program->nodes[number];

	parting->action = action;
	if (tc_split_is_certain(parting, number))
		return TC_JUDGED;
	if (parting->shares[number] == TC_CGROUP_FACTS && action >= TC_ACTION_BLOCK)
		return TC_UNJUDGED_CONTAINER;
	if (parting->shares[number] != TC_CGROUP_NOTHING)
		return TC_JUDGED;
	if (node->kind == TC_NODE_CHECK)
		return why_check(parting, node->first);
	if (node->kind == TC_NODE_ONE)
		return TC_UNJUDGED_ONE;
	for (uint32_t i = 0; i < node->n; i++) {
		enum tc_unjudged why =
			tc_split_why(parting, program->children[node->first + i], action);

		if (why != TC_JUDGED)
			return why;
	}
	return TC_JUDGED;
}

int tc_splitter_init(struct tc_splitter *splitter, struct tc_ruleset *set)
{
	int r;

	*splitter = (struct tc_splitter){.clauses = {.set = set}};
	r = tc_literals_init(&splitter->clauses.literals, &set->program);
	return r ? r : tc_parting_init(&splitter->parting, &splitter->clauses);
}

void tc_splitter_done(struct tc_splitter *splitter)
{
	tc_parting_done(&splitter->parting);
	tc_clauses_done(&splitter->clauses);
}

int tc_splitter_find(struct tc_splitter *splitter, uint32_t node, uint64_t kinds,
		     enum tc_action action, struct tc_split *ret_split)
{
	struct tc_parting *parting = &splitter->parting;
	struct tc_split split = {0};

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);
		uint64_t bit = TC_KIND_BIT(kind);
		enum tc_unjudged why;

		if (!(kinds & bit) || !info || info->traits & TC_TRAIT_AGENT)
			continue;
		parting->kind = kind;
		why = tc_split_why(parting, node, action);
		if (tc_split_is_certain(parting, node))
			split.certain |= bit;
		else if (why == TC_JUDGED && parting->shares[node] != TC_CGROUP_NOTHING)
			split.cgroup |= bit;
		else if (why == TC_JUDGED)
			split.kernel |= bit;
		else
			split.agent |= bit;
		if (split.why == TC_JUDGED)
			split.why = why;
	}
	*ret_split = split;
	return parting->failed ? -ENOMEM : 0;
}

void tc_splitter_each(struct tc_splitter *splitter, uint32_t number, uint64_t kinds,
		      enum tc_action action, tc_split_told told, void *data)
{
	const struct tc_program *program = program_of(&splitter->parting);
	const struct tc_node *node = &program->nodes[number];
	struct tc_split split;

	if (tc_splitter_find(splitter, number, kinds, action, &split) || !split.agent)
		return;
	if (node->kind == TC_NODE_CHECK) {
		told(data, &program->inputs[program->checks[node->first].input], split.agent,
		     split.why);
		return;
	}
	for (uint32_t i = 0; i < node->n; i++)
		tc_splitter_each(splitter, program->children[node->first + i], split.agent, action,
				 told, data);
}
