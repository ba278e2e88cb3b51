/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin guards: what no rule may stop, and rules that would. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/guard.h"

static void list(void)
{
	for (size_t i = 0; i < tc_n_guards; i++) {
		printf("%s: %s\n", tc_guards[i].name, tc_guards[i].doc);
		for (size_t event = 0; event < tc_n_guard_events; event++)
			if (!strcmp(tc_guard_events[event].guard, tc_guards[i].name))
				printf("    %-30s %s\n", tc_guard_events[event].what,
				       tc_guard_events[event].event);
	}
}

/* How many rules are held back; negative: an error. */
static int find(struct tc_ruleset *rules)
{
	size_t n_rules = tc_ruleset_count(rules);
	const struct tc_guard_event **hits = calloc(n_rules + 1, sizeof(*hits));
	int r = hits ? tc_guards_find(rules, NULL, hits) : -ENOMEM, n = 0;

	for (size_t i = 0; i < n_rules && r == 0; i++) {
		const struct tc_rule *rule = tc_ruleset_at(rules, i);

		if (!hits[i])
			continue;
		printf("%s:%u:%u: rule `%s` would stop what the guard %s is for: %s\n", rule->file,
		       rule->line, rule->column, rule->name, hits[i]->guard, hits[i]->what);
		n++;
	}
	free(hits);
	return r < 0 ? r : n;
}

static int check(const struct tc_strings *paths)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *rules = NULL;
	int r = tc_ruleset_load(paths->items, paths->count, &diagnostics, &rules);

	tc_diagnostics_print(&diagnostics, stderr, isatty(STDERR_FILENO));
	tc_diagnostics_done(&diagnostics);
	if (r == 0)
		r = find(rules);
	tc_ruleset_free(rules);
	if (r < 0)
		return r == -EINVAL ? TC_EXIT_NO : TC_EXIT_ENVIRONMENT;
	return r ? TC_EXIT_NO : TC_EXIT_GOOD;
}

int tc_cmd_guards(int argc, char **argv)
{
	struct tc_strings paths = {0};
	const struct tc_option rows[] = {
		{"rules", 'r', TC_OPTION_STRINGS, "PATH", &paths,
		 "rule file or directory: tell which of its rules would be held back"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "guards",
		.synopsis = "[OPTION]...",
		.doc = "Lists the guards: events that must go on on every host, so that somebody "
		       "can "
		       "get into it and put a rule right. A rule that would block or kill one of "
		       "them is held back: it only tells what it would stop, unless its guard is "
		       "named in enforcement.without_guards (tocsin run --without-guards). With "
		       "--rules exits with 0 when no rule is held back, else with 1.",
		.options = rows,
	};
	int code = tc_options_parse(&usage, argc, argv, NULL);

	if (code < 0 && paths.count)
		code = check(&paths);
	else if (code < 0)
		list();
	free(paths.items);
	return code < 0 ? TC_EXIT_GOOD : code;
}
