/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/query_where.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/format/colour.h"
#include "rules/ruleset.h"
#include "rules/test/stated.h"

/*
 * What makes a rule of a condition. The condition is a block of lines that are indented by four
 * (https://yaml.org/spec/1.1/#id926836), so that nothing in it needs to be quoted.
 */
#define RULE_HEAD                                                                                  \
	"- rule: where\n"                                                                          \
	"  desc: a query\n"                                                                        \
	"  output: where\n"                                                                        \
	"  priority: DEBUG\n"                                                                      \
	"  warn_evttypes: false\n"                                                                 \
	"  condition: |2-\n"
#define RULE_HEAD_LINES 6
#define RULE_INDENT "    "
#define RULE_INDENT_COLUMNS 4

struct query_where {
	struct tc_ruleset *set;
	struct tc_author *author;
	struct tc_arena arena; /* of the alert that is looked at */
	uint64_t unreadable;
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

static int compile(const char *condition, struct query_where *where)
{
	_cleanup_buffer_ struct tc_buffer rule = {0};
	struct tc_diagnostics diagnostics = {0};
	int r;

	write_rule(condition, &rule);
	if (tc_buffer_failed(&rule))
		return -ENOMEM;
	r = tc_ruleset_examine_bytes("--where", rule.bytes, rule.length, &diagnostics, &where->set);
	report(&diagnostics);
	if (r == 0 && (diagnostics.errors || tc_ruleset_count(where->set) != 1))
		r = -EINVAL;
	tc_diagnostics_done(&diagnostics);
	return r;
}

int query_where_new(const char *condition, struct query_where **ret_where)
{
	struct query_where *where = calloc(1, sizeof(*where));
	int r = where ? compile(condition, where) : -ENOMEM;

	if (r == 0)
		r = tc_author_new(&where->author);
	if (r < 0) {
		query_where_free(where);
		return r;
	}
	*ret_where = where;
	return 0;
}

void query_where_free(struct query_where *where)
{
	if (!where)
		return;
	tc_author_free(where->author);
	tc_ruleset_free(where->set);
	tc_arena_done(&where->arena);
	free(where);
}

uint64_t query_where_kinds(const struct query_where *where)
{
	return tc_ruleset_kinds(where->set);
}

uint64_t query_where_unreadable(const struct query_where *where)
{
	return where->unreadable;
}

/* The event of an alert. Processes of other alerts must not be taken for its own: a new story. */
static int tell(struct query_where *where, const struct tc_source *source,
		struct tc_event **ret_event)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_yaml *documents;
	int r = tc_yaml_read(source, &where->arena, &diagnostics, &documents);

	if (r == 0)
		r = tc_author_begin(where->author);
	if (r == 0)
		r = tc_stated_tell(documents, where->author, &where->arena, &diagnostics,
				   ret_event);
	if (r == 0)
		tc_author_forget_unstated(where->author);
	tc_diagnostics_done(&diagnostics);
	return r;
}

bool query_where_holds(const char *json, void *context)
{
	struct query_where *where = context;
	struct tc_source *source = NULL;
	struct tc_event *event;
	bool holds = false;
	int r = tc_source_from_bytes("alert", json, strlen(json), &source);

	tc_arena_reset(&where->arena);
	if (r == 0)
		r = tell(where, source, &event);
	if (r == 0) {
		holds = tc_ruleset_judge(where->set, event, NULL, 0) > 0;
		tc_author_settle(where->author);
	} else {
		where->unreadable++;
	}
	tc_source_free(source);
	return holds;
}
