/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/check_split.h"

#include <errno.h>
#include <string.h>

#include "agent/bracket.h"
#include "agent/cmd/kinds.h"
#include "rules/language/library.h"

/* Fields that are told of one rule. */
#define TOLD_MAX 16

/* A field that the agent alone judges. */
struct told {
	const struct tc_input *input;
	enum tc_unjudged why;
	uint64_t kinds;
};

struct telling {
	struct told told[TOLD_MAX];
	size_t n;
};

int tc_check_split_init(struct tc_check_split *split, struct tc_ruleset *set)
{
	static const struct tc_kernel_options options = {.generation = 1};
	int r = tc_splitter_init(&split->splitter, set);

	split->set = set;
	return r ? r : tc_kernel_rules_make(set, &options, &split->kernel);
}

void tc_check_split_done(struct tc_check_split *split)
{
	if (!split->set)
		return;
	tc_splitter_done(&split->splitter);
	tc_kernel_rules_free(split->kernel);
	*split = (struct tc_check_split){0};
}

/* Each field and reason once. */
static void tell(void *data, const struct tc_input *input, uint64_t kinds, enum tc_unjudged why)
{
	struct telling *telling = data;

	for (size_t i = 0; i < telling->n; i++) {
		struct told *told = &telling->told[i];

		if (told->input == input && told->why == why) {
			told->kinds |= kinds;
			return;
		}
	}
	if (telling->n < TOLD_MAX)
		telling->told[telling->n++] = (struct told){input, why, kinds};
}

static struct telling gather(struct tc_check_split *split, size_t number, uint64_t kinds)
{
	const struct tc_rule *rule = &split->set->rules[number];
	struct telling telling = {0};

	tc_splitter_each(&split->splitter, split->set->nodes[number], kinds,
			 (enum tc_action)rule->action, tell, &telling);
	return telling;
}

static void add_input(struct tc_buffer *text, const struct tc_input *input)
{
	if (input->field) {
		tc_buffer_add_string(text, input->field->name);
		tc_bracket_print(text, input->index);
	} else {
		tc_buffer_add_string(text, "transformer");
	}
}

/* What is done in some of the kinds that the rule can match; they are named unless it is all. */
static void add_line(struct tc_buffer *text, const char *what, uint64_t kinds, uint64_t all)
{
	if (!kinds)
		return;
	tc_buffer_printf(text, "    %s", what);
	if (kinds != all) {
		tc_buffer_add_string(text, ": ");
		tc_kinds_add(text, kinds, ", ");
	}
	tc_buffer_add_char(text, '\n');
}

/* Fields with the same reason in one line. */
static void add_told(struct tc_buffer *text, struct telling *telling)
{
	for (size_t i = 0; i < telling->n; i++) {
		enum tc_unjudged why = telling->told[i].why;

		if (why == TC_JUDGED)
			continue;
		tc_buffer_add_string(text, "      by the agent: ");
		add_input(text, telling->told[i].input);
		for (size_t k = i + 1; k < telling->n; k++) {
			if (telling->told[k].why != why)
				continue;
			telling->told[k].why = TC_JUDGED;
			tc_buffer_add_string(text, ", ");
			add_input(text, telling->told[k].input);
		}
		tc_buffer_printf(text, " (%s)\n", tc_unjudged_text(why));
	}
}

void tc_check_split_print(struct tc_check_split *split, size_t number, struct tc_buffer *text)
{
	const struct tc_rule *rule = &split->set->rules[number];
	struct tc_kernel_rule kernel = tc_kernel_rules_at(split->kernel, number);
	uint64_t agent = kernel.kinds & ~kernel.exact;
	struct telling telling = gather(split, number, agent);

	if (rule->action != TC_ACTION_ALERT) {
		bool blocks = rule->action == TC_ACTION_BLOCK;

		add_line(text, blocks ? "blocks" : "kills", kernel.enforced, kernel.kinds);
		add_line(text, blocks ? "blocks in part" : "kills in part", kernel.partly, 0);
		add_line(text, "alerts only", kernel.kinds & ~(kernel.enforced | kernel.partly),
			 kernel.kinds);
		add_line(text, "no room in the kernel's tables for all that enforces",
			 kernel.crowded, 0);
	}
	add_line(text, "the kernel decides alone", kernel.exact, kernel.kinds);
	add_line(text, "the kernel narrows, the agent decides", agent, kernel.kinds);
	add_told(text, &telling);
}

static void put_kinds(struct tc_json *json, const char *key, uint64_t kinds)
{
	tc_json_key(json, key);
	tc_kinds_json(json, kinds);
}

static void put_told(struct tc_json *json, const struct told *told)
{
	_cleanup_buffer_ struct tc_buffer name = {0};

	add_input(&name, told->input);
	tc_json_object_begin(json);
	tc_json_key(json, "field");
	tc_json_string(json, tc_buffer_failed(&name) ? "" : name.bytes);
	tc_json_key(json, "why");
	tc_json_string(json, tc_unjudged_text(told->why));
	put_kinds(json, "kinds", told->kinds);
	tc_json_object_end(json);
}

void tc_check_split_json(struct tc_check_split *split, size_t number, struct tc_json *json)
{
	struct tc_kernel_rule kernel = tc_kernel_rules_at(split->kernel, number);
	struct telling telling = gather(split, number, kernel.kinds & ~kernel.exact);

	tc_json_key(json, "action");
	tc_json_string(json, tc_action_name(split->set->rules[number].action));
	tc_json_key(json, "kernel");
	tc_json_object_begin(json);
	put_kinds(json, "decides", kernel.exact);
	put_kinds(json, "narrows", kernel.kinds & ~kernel.exact);
	put_kinds(json, "enforces", kernel.enforced);
	put_kinds(json, "enforces_in_part", kernel.partly);
	put_kinds(json, "crowded", kernel.crowded);
	tc_json_key(json, "agent");
	tc_json_array_begin(json);
	for (size_t i = 0; i < telling.n; i++)
		put_told(json, &telling.told[i]);
	tc_json_array_end(json);
	tc_json_object_end(json);
}

void tc_check_split_totals(const struct tc_check_split *split, struct tc_buffer *text)
{
	const struct tc_kernel_counts *counts = tc_kernel_rules_counts(split->kernel);

	tc_buffer_printf(text, "in the kernel: %zu terms and %zu vetoes in %zu bits of %d",
			 counts->terms, counts->vetoes, counts->bits, TC_TERMS_MAX);
	if (counts->shared)
		tc_buffer_printf(text, ", %zu share one", counts->shared);
	if (counts->vetoes_dropped)
		tc_buffer_printf(text, ", %zu vetoes left to the agent", counts->vetoes_dropped);
	if (counts->pattern_max)
		tc_buffer_printf(text, ", patterns by their first %zu bytes", counts->pattern_max);
	if (counts->is_flat)
		tc_buffer_add_string(text, ", patterns up to a star in their middle");
	tc_buffer_printf(text, "; %zu looks, %zu automata of %zu states\n", counts->looks,
			 counts->automata, counts->states);
}
