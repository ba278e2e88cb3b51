/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/review.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/part.h"
#include "rules/kernel/refuse.h"
#include "rules/kernel/split.h"
#include "rules/language/words.h"

/* Checks of one rule that are told; what follows from them is not worth more. */
#define CULPRITS_MAX 8

/* A check that the kernel cannot decide. */
struct culprit {
	const struct tc_ast *ast;
	enum tc_unjudged why;
	uint64_t kinds;
};

struct reviewing {
	struct tc_parting parting;
	const struct tc_compiler *compiler;
	struct tc_diagnostics *diagnostics;
	const struct tc_enforcing *rule;
	struct culprit culprits[CULPRITS_MAX];
	size_t n_culprits;
	uint64_t helpless; /* kinds in which nothing can be refused */
	uint64_t vague;	   /* kinds in which the kernel cannot decide alone */
};

static enum tc_action action_of(const struct reviewing *reviewing)
{
	return (enum tc_action)reviewing->rule->source->action;
}

static void blame(struct reviewing *reviewing, const struct tc_ast *ast, enum tc_unjudged why)
{
	uint64_t kind = TC_KIND_BIT(reviewing->parting.kind);

	for (size_t i = 0; i < reviewing->n_culprits; i++) {
		if (reviewing->culprits[i].ast == ast) {
			reviewing->culprits[i].kinds |= kind;
			return;
		}
	}
	if (reviewing->n_culprits < CULPRITS_MAX)
		reviewing->culprits[reviewing->n_culprits++] = (struct culprit){ast, why, kind};
}

/* Finds the checks to blame below a part of the condition, as far as they matter in the kind. */
static void search(struct reviewing *reviewing, const struct tc_ast *ast)
{
	const struct tc_library *library = reviewing->compiler->library;
	const struct tc_ast *inner;
	enum tc_unjudged why;
	uint32_t number;

	if (tc_split_is_certain(&reviewing->parting, ast->node))
		return;
	if (ast->kind == TC_AST_CHECK) {
		why = tc_split_why(&reviewing->parting, ast->node, action_of(reviewing));
		if (why != TC_JUDGED)
			blame(reviewing, ast, why);
		return;
	}
	if (ast->kind == TC_AST_MACRO) {
		inner = tc_map_get(&library->macro_names, ast->name, strlen(ast->name), &number)
				? tc_compiler_macro(reviewing->compiler, number)
				: NULL;
		if (inner)
			search(reviewing, inner);
	}
	for (const struct tc_ast *child = ast->children; child; child = child->next)
		search(reviewing, child);
}

static int review_kind(struct reviewing *reviewing)
{
	uint32_t node = reviewing->rule->tree->node;
	const struct tc_parts *parts;
	int r = tc_parts_of(&reviewing->parting, node, action_of(reviewing), &parts);
	bool exact = true;

	if (r || !parts->n)
		return r;
	if (!tc_refuse_can(reviewing->parting.kind, action_of(reviewing)))
		reviewing->helpless |= TC_KIND_BIT(reviewing->parting.kind);
	for (size_t i = 0; i < parts->n; i++)
		exact &= parts->items[i].exact;
	if (exact)
		return 0;
	reviewing->vague |= TC_KIND_BIT(reviewing->parting.kind);
	search(reviewing, reviewing->rule->tree);
	return 0;
}

/* --- telling --- */

static void add_kinds(struct tc_buffer *text, uint64_t kinds)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		tc_buffer_add_string(text, text->length ? ", " : "");
		tc_buffer_add_string(text, tc_kind_info(kind)->name);
	}
}

static struct tc_diagnostic *report(struct reviewing *reviewing, struct tc_where where,
				    uint64_t kinds, const char *why)
{
	const struct tc_rule_source *source = reviewing->rule->source;
	enum tc_diagnostic_kind kind =
		source->best_effort ? TC_DIAGNOSTIC_BEST_EFFORT : TC_DIAGNOSTIC_UNENFORCED;
	_cleanup_buffer_ struct tc_buffer names = {0};

	add_kinds(&names, kinds);
	return tc_where_report(reviewing->diagnostics, kind, where, "rule `%s` cannot %s %s: %s",
			       source->definition.name, tc_action_name(source->action),
			       tc_buffer_failed(&names) ? "" : names.bytes, why);
}

static void tell_culprits(struct reviewing *reviewing)
{
	for (size_t i = 0; i < reviewing->n_culprits; i++) {
		const struct culprit *culprit = &reviewing->culprits[i];
		const char *hint = tc_unjudged_hint(culprit->why);
		struct tc_diagnostic *found = report(reviewing, culprit->ast->where, culprit->kinds,
						     tc_unjudged_text(culprit->why));

		if (*hint)
			tc_diagnostic_hint(found, "%s", hint);
		reviewing->vague &= ~culprit->kinds;
	}
	if (reviewing->vague)
		report(reviewing, reviewing->rule->source->definition.where, reviewing->vague,
		       tc_unjudged_text(TC_UNJUDGED_SIZE));
}

static void tell_helpless(struct reviewing *reviewing)
{
	const struct tc_rule_source *source = reviewing->rule->source;
	uint64_t killable = 0;
	struct tc_diagnostic *found;

	if (!reviewing->helpless)
		return;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (tc_refuse_can(kind, TC_ACTION_KILL))
			killable |= TC_KIND_BIT(kind);
	found = report(reviewing, tc_yaml_where(source->action_at), reviewing->helpless,
		       source->action == TC_ACTION_BLOCK ? "no hook can refuse it"
							 : "it is told when it is done");
	if (source->action == TC_ACTION_BLOCK && !(reviewing->helpless & ~killable))
		tc_diagnostic_hint(found, "action: kill would do, or ask for other kinds of events "
					  "(evt.kind)");
	else
		tc_diagnostic_hint(found, "ask for other kinds of events (evt.kind), or say "
					  "enforcement: best_effort to alert");
}

static int review_rule(struct reviewing *reviewing, const struct tc_ruleset *set)
{
	uint64_t kinds = set->rules[reviewing->rule->rule].kinds;
	int r = 0;

	reviewing->n_culprits = 0;
	reviewing->helpless = reviewing->vague = 0;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT && !r; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!(kinds >> kind & 1) || info->traits & TC_TRAIT_AGENT)
			continue;
		tc_parting_begin(&reviewing->parting, kind);
		r = review_kind(reviewing);
	}
	tell_helpless(reviewing);
	tell_culprits(reviewing);
	return r;
}

int tc_kernel_review(struct tc_ruleset *set, const struct tc_compiler *compiler,
		     const struct tc_enforcing *rules, size_t n, struct tc_diagnostics *diagnostics)
{
	struct reviewing reviewing = {.compiler = compiler, .diagnostics = diagnostics};
	struct tc_clauses clauses = {.set = set};
	int r;

	if (!n)
		return 0;
	r = tc_literals_init(&clauses.literals, &set->program);
	if (!r)
		r = tc_parting_init(&reviewing.parting, &clauses);
	for (size_t i = 0; i < n && !r; i++) {
		reviewing.rule = &rules[i];
		r = review_rule(&reviewing, set);
	}
	tc_parting_done(&reviewing.parting);
	tc_clauses_done(&clauses);
	return r;
}
