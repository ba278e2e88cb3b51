/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/effect.h"

#include <stdlib.h>

#include "rules/kernel/refuse.h"

const char *tc_effect_name(enum tc_effect_does does)
{
	static const char *const names[] = {
		[TC_EFFECT_ALERTS] = "alerts",
		[TC_EFFECT_KILLS] = "kills",
		[TC_EFFECT_BLOCKS] = "blocks",
	};

	return names[does];
}

/* Why nothing can be refused, or nobody killed, at an event of a kind; NULL when it can. */
static const char *host_cannot(unsigned kind, bool blocks, const struct tc_probes *probes,
			       const char *fallback_reason)
{
	const char *hook = tc_refuse_hook(kind);

	if (!tc_refuse_can(kind, TC_ACTION_KILL))
		return "the event is told when all is over";
	if (tc_probes_failure(probes, kind))
		return tc_probes_failure(probes, kind);
	if (!(tc_probes_kinds(probes) & TC_KIND_BIT(kind)))
		return "the event is not seen on this kernel";
	if (!blocks)
		return NULL;
	if (!hook)
		return "no hook can refuse it (action: kill would do)";
	if (tc_probes_fallback(probes))
		return fallback_reason[0] ? fallback_reason : "--fallback leaves the LSM hooks out";
	return tc_probes_has_hook(probes, kind, hook) ? NULL : "its hook is missing on this kernel";
}

void tc_effect_find(const struct tc_rule *rule, const struct tc_kernel_rule *kernel,
		    const struct tc_probes *probes, const char *fallback_reason,
		    struct tc_effect *ret_effect)
{
	bool blocks = rule->action == TC_ACTION_BLOCK;

	*ret_effect = (struct tc_effect){0};
	if (rule->action < TC_ACTION_BLOCK)
		return;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const char *why;

		if (!(kernel->kinds & TC_KIND_BIT(kind)))
			continue;
		why = host_cannot(kind, blocks, probes, fallback_reason);
		if (!why && (kernel->enforced | kernel->partly) & TC_KIND_BIT(kind))
			ret_effect->does = blocks ? TC_EFFECT_BLOCKS : TC_EFFECT_KILLS;
		if (!why && kernel->crowded & TC_KIND_BIT(kind))
			why = "all rules that block and kill ask for more than the kernel's tables "
			      "hold: fewer of them, or fewer alternatives in their conditions";
		if (!why && !(kernel->enforced & TC_KIND_BIT(kind)))
			why = "not all of its condition can be judged at the hook (tocsin explain)";
		if (!why)
			continue;
		if (!ret_effect->weak)
			snprintf(ret_effect->why, sizeof(ret_effect->why), "%s", why);
		ret_effect->weak |= TC_KIND_BIT(kind);
	}
}

static void print_kinds(uint64_t kinds, FILE *stream)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds & TC_KIND_BIT(kind))
			fprintf(stream, " %s", tc_kind_info(kind)->name);
}

bool tc_effect_report(const struct tc_rule *rule, const struct tc_effect *effect, bool strict,
		      FILE *stream)
{
	bool error = effect->weak && !rule->best_effort;

	if (!effect->weak)
		return false;
	fprintf(stream, "%s:%u:%u: %s: rule `%s` cannot %s all that it asks for here:", rule->file,
		rule->line, rule->column, error && strict ? "error" : "warning", rule->name,
		rule->action == TC_ACTION_BLOCK ? "block" : "kill");
	print_kinds(effect->weak, stream);
	fprintf(stream, ": %s%s\n", effect->why,
		error ? "; with enforcement: best_effort it alerts instead" : "; it alerts");
	return error;
}
