/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/format/colour.h"
#include "rules/ruleset.h"

/*
 * What makes a rule of a condition. The condition is a block of lines that are indented by four
 * (https://yaml.org/spec/1.1/#id926836), so that nothing in it needs to be quoted.
 */
#define RULE_HEAD                                                                                  \
	"- rule: where\n"                                                                          \
	"  desc: a condition\n"                                                                    \
	"  output: where\n"                                                                        \
	"  priority: DEBUG\n"                                                                      \
	"  warn_evttypes: false\n"                                                                 \
	"  condition: |2-\n"
#define RULE_HEAD_LINES 6
#define RULE_INDENT "    "
#define RULE_INDENT_COLUMNS 4

struct tc_condition {
	struct tc_ruleset *set;
};

static void write_rule(const char *condition, struct tc_buffer *rule)
{
	tc_buffer_add_string(rule, RULE_HEAD RULE_INDENT);
	for (; *condition; condition++) {
		/* Carriage returns end lines in YAML, too. */
		if (*condition == '\n' || *condition == '\r')
			tc_buffer_add_string(rule, "\n" RULE_INDENT);
		else
			tc_buffer_add_char(rule, *condition);
	}
	tc_buffer_add_char(rule, '\n');
}

/* Tells what is wrong as if the condition were all there is. */
static void report(struct tc_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		struct tc_diagnostic *found = &diagnostics->items[i];

		if (found->line > RULE_HEAD_LINES && found->column > RULE_INDENT_COLUMNS) {
			found->line -= RULE_HEAD_LINES;
			found->column -= RULE_INDENT_COLUMNS;
			if (found->snippet && strlen(found->snippet) >= RULE_INDENT_COLUMNS)
				memmove(found->snippet, found->snippet + RULE_INDENT_COLUMNS,
					strlen(found->snippet) - RULE_INDENT_COLUMNS + 1);
		} else if (found->severity != TC_SEVERITY_ERROR) {
			continue; /* of the rule around it */
		}
		tc_diagnostic_print(found, stderr, tc_colour_wanted(STDERR_FILENO));
	}
}

static int compile(const char *name, const char *condition, struct tc_ruleset **ret_set)
{
	_cleanup_buffer_ struct tc_buffer rule = {0};
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	int r;

	write_rule(condition, &rule);
	if (tc_buffer_failed(&rule))
		return -ENOMEM;
	r = tc_ruleset_examine_bytes(name, rule.bytes, rule.length, &diagnostics, &set);
	report(&diagnostics);
	if (r == 0 && (diagnostics.errors || tc_ruleset_count(set) != 1))
		r = -EINVAL;
	tc_diagnostics_done(&diagnostics);
	if (r == 0)
		*ret_set = set;
	else
		tc_ruleset_free(set);
	return r;
}

int tc_condition_new(const char *name, const char *text, struct tc_condition **ret_condition)
{
	struct tc_condition *condition = calloc(1, sizeof(*condition));
	int r = condition ? compile(name, text, &condition->set) : -ENOMEM;

	if (r < 0) {
		tc_condition_free(condition);
		return r;
	}
	*ret_condition = condition;
	return 0;
}

void tc_condition_free(struct tc_condition *condition)
{
	if (!condition)
		return;
	tc_ruleset_free(condition->set);
	free(condition);
}

uint64_t tc_condition_kinds(const struct tc_condition *condition)
{
	return tc_ruleset_kinds(condition->set);
}

bool tc_condition_holds(struct tc_condition *condition, struct tc_event *event)
{
	return tc_ruleset_judge(condition->set, event, NULL, 0) > 0;
}
