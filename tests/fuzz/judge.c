/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include "fuzz.h"
#include "rules/compile/right.h"
#include "rules/explain.h"
#include "rules/ruleset.h"

static bool check_holds(struct tc_program *program, struct tc_event *event, uint32_t number)
{
	struct tc_check check = program->checks[number];
	const struct tc_value value = *tc_program_value(program, event, check.input);

	if (value.type == TC_TYPE_NONE)
		return false;
	if (check.right != TC_INPUT_NONE &&
	    !tc_right_operand(check.op, tc_program_value(program, event, check.right),
			      &event->arena, &check.operand))
		return false;
	return tc_check_holds(&check, &program->inputs[check.input], &value);
}

static bool node_holds(const struct tc_program *program, const struct tc_node *node,
		       const bool *verdicts)
{
	const uint32_t *children = &program->children[node->first];
	uint32_t holding = 0;

	for (uint32_t i = 0; i < node->n; i++)
		holding += verdicts[children[i]];
	switch (node->kind) {
	case TC_NODE_AND:
		return holding == node->n;
	case TC_NODE_OR:
		return holding > 0;
	case TC_NODE_ONE:
		return holding == 1;
	default:
		return !verdicts[children[0]];
	}
}

/* Children come before their parents. */
static bool *judge_plainly(struct tc_program *program, struct tc_event *event)
{
	bool *verdicts = calloc(program->n_nodes + 1, sizeof(*verdicts));

	fuzz_need(verdicts);
	tc_program_next(program);
	for (size_t i = 0; i < program->n_nodes; i++) {
		const struct tc_node *node = &program->nodes[i];

		verdicts[i] = node->kind == TC_NODE_CHECK ? check_holds(program, event, node->first)
							  : node_holds(program, node, verdicts);
	}
	return verdicts;
}

void fuzz_judge(struct tc_ruleset *set, struct tc_event *event)
{
	size_t n_rules = tc_ruleset_count(set), next = 0, n;
	const struct tc_rule **matches = calloc(n_rules + 1, sizeof(*matches));
	struct tc_buffer text = {0};
	bool *verdicts;

	fuzz_need(matches);
	n = tc_ruleset_judge(set, event, matches, n_rules);
	verdicts = judge_plainly(&set->program, event);
	for (size_t i = 0; i < n_rules; i++) {
		const struct tc_rule *rule = tc_ruleset_at(set, i);
		bool matched = next < n && matches[next] == rule;

		next += matched;
		if (matched != verdicts[set->nodes[i]])
			fuzz_fail("rule %s: judged %s, plainly %s, for %s", rule->name,
				  matched ? "true" : "false", matched ? "false" : "true",
				  event->kind->name);
		tc_buffer_reset(&text);
		tc_template_render(rule->output, event, &text);
		fuzz_need(!tc_buffer_failed(&text));
	}
	fuzz_need(next == n);
	tc_buffer_done(&text);
	free(verdicts);
	free(matches);
}

void fuzz_explain(struct tc_ruleset *set, const struct tc_written *written, struct tc_event *event)
{
	const struct tc_rule **matches = calloc(tc_ruleset_count(set) + 1, sizeof(*matches));
	struct tc_buffer text = {0};
	struct tc_arena arena = {0};
	size_t n = 0, next = 0;

	fuzz_need(matches);
	if (event)
		n = tc_ruleset_judge(set, event, matches, tc_ruleset_count(set));
	for (size_t i = 0; i < tc_ruleset_count(set); i++) {
		struct tc_explanation why;

		fuzz_need(tc_explain(set, written, i, event, &arena, &why) == 0);
		if (!event)
			continue;
		if (why.root->holds != (next < n && matches[next] == tc_ruleset_at(set, i)))
			fuzz_fail("rule %s: explained as %s", why.rule->name,
				  why.root->holds ? "true" : "false");
		next += why.root->holds;
		tc_explain_reason(&why, &text);
		tc_buffer_reset(&text);
	}
	tc_arena_done(&arena);
	tc_buffer_done(&text);
	free(matches);
}

void fuzz_print(const struct tc_diagnostics *diagnostics)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	fuzz_need(nowhere);
	tc_diagnostics_print(diagnostics, nowhere, true);
}
