/* SPDX-License-Identifier: Apache-2.0 */
/* `action`, `errno` and `enforcement` of a rule. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"
#include "decide.h"
#include "rules/language/library.h"

/* Errors that have names. */
#define NAMED_MAX 200

static const char *const actions[] = {
	[TC_ACTION_ALERT] = "alert", [TC_ACTION_BLOCK] = "block", [TC_ACTION_KILL] = "kill"};

const char *tc_action_name(unsigned action)
{
	return action < sizeof(actions) / sizeof(actions[0]) && actions[action] ? actions[action]
										: "none";
}

static int refuse(struct tc_diagnostics *diagnostics, const struct tc_yaml *node, const char *what,
		  const char *hint, const char *near)
{
	struct tc_diagnostic *found =
		tc_where_report(diagnostics, TC_DIAGNOSTIC_ACTION, tc_yaml_where(node),
				"`%s` is no %s", node->text, what);

	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
	else
		tc_diagnostic_hint(found, "%s", hint);
	return -EINVAL;
}

int tc_action_set(struct tc_rule_source *rule, const struct tc_yaml *node,
		  struct tc_diagnostics *diagnostics)
{
	for (unsigned i = TC_ACTION_ALERT; i <= TC_ACTION_KILL; i++) {
		if (actions[i] && strcmp(actions[i], node->text) == 0) {
			rule->action = (uint8_t)i;
			rule->action_at = node;
			return 0;
		}
	}
	return refuse(diagnostics, node, "action", "one of alert, block, kill", NULL);
}

int tc_action_set_enforcement(struct tc_rule_source *rule, const struct tc_yaml *node,
			      struct tc_diagnostics *diagnostics)
{
	rule->best_effort = strcmp(node->text, "best_effort") == 0;
	if (rule->best_effort || strcmp(node->text, "required") == 0)
		return 0;
	return refuse(diagnostics, node, "enforcement", "required or best_effort", NULL);
}

int tc_action_set_errno(struct tc_rule_source *rule, const struct tc_yaml *node,
			struct tc_diagnostics *diagnostics)
{
	struct tc_nearest nearest = {.word = node->text, .length = node->length};
	char *end;
	unsigned long number = strtoul(node->text, &end, 10);

	rule->errno_at = node;
	if (node->length && !*end && node->text[0] != '-' && number >= 1 &&
	    number <= TC_ERROR_MAX) {
		rule->error = (uint16_t)number;
		return 0;
	}
	for (int i = 1; i < NAMED_MAX; i++) {
		const char *name = strerrorname_np(i);

		if (name && strcmp(name, node->text) == 0) {
			rule->error = (uint16_t)i;
			return 0;
		}
		if (name)
			tc_nearest_offer(&nearest, name);
	}
	return refuse(diagnostics, node, "error of the kernel's",
		      "its name (EACCES), or a number from 1 to 4095", nearest.best);
}

int tc_action_check(const struct tc_rule_source *rule, struct tc_diagnostics *diagnostics)
{
	if (!rule->errno_at || rule->action == TC_ACTION_BLOCK)
		return 0;
	tc_diagnostic_hint(tc_where_report(diagnostics, TC_DIAGNOSTIC_ACTION,
					   tc_yaml_where(rule->errno_at),
					   "`errno` without `action: block`"),
			   "only a call that is blocked gets an error from the rule");
	return -EINVAL;
}
