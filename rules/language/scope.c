/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `scope` of a rule: a cgroup (its path from the root of the hierarchy) or a systemd unit, or a
 * sequence of them; the rule matches only what processes in one of them do, those in cgroups below
 * included. It becomes a part of the condition.
 */
#include <errno.h>
#include <string.h>

#include "rules/language/library.h"

static bool is_unit(const struct tc_yaml *node)
{
	static const char *const endings[] = {".service", ".scope", ".slice"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t length = strlen(endings[i]);

		if (node->length > length &&
		    !strcmp(node->text + node->length - length, endings[i]))
			return !strchr(node->text, '/');
	}
	return false;
}

static int check_one(const struct tc_yaml *node, struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found;

	if (node->kind == TC_YAML_SCALAR && (node->text[0] == '/' || is_unit(node)))
		return 0;
	found = tc_where_report(diagnostics, TC_DIAGNOSTIC_SCOPE, tc_yaml_where(node),
				"`%s` is neither the path of a cgroup nor a systemd unit",
				node->kind == TC_YAML_SCALAR ? node->text : "");
	tc_diagnostic_hint(found, "write /kubepods.slice, or ssh.service, session-3.scope, "
				  "system.slice");
	return -EINVAL;
}

int tc_scope_check(const struct tc_yaml *scope, struct tc_diagnostics *diagnostics)
{
	int r = 0;

	if (scope->kind != TC_YAML_SEQUENCE || !scope->first)
		return check_one(scope, diagnostics);
	for (const struct tc_yaml *node = scope->first; node; node = node->next)
		r = check_one(node, diagnostics) ?: r;
	return r;
}

/* Adds a value in quotes. */
static void add_quoted(struct tc_text *text, const char *before, const struct tc_yaml *node,
		       const char *after)
{
	tc_text_add_words(text, before, node);
	for (const char *c = node->text; *c; c++) {
		char word[] = {'\\', *c, '\0'};

		tc_text_add_words(text, *c == '"' || *c == '\\' ? word : word + 1, node);
	}
	tc_text_add_words(text, after, node);
}

static void add_one(struct tc_text *text, const struct tc_yaml *node)
{
	if (!is_unit(node)) {
		add_quoted(text, "cgroup.path pmatch (\"", node, "\")");
		return;
	}
	add_quoted(text, "cgroup.path endswith \"/", node, "\"");
	add_quoted(text, " or cgroup.path contains \"/", node, "/\"");
}

void tc_scope_add(struct tc_text *text, const struct tc_yaml *scope)
{
	const struct tc_yaml *first = scope->kind == TC_YAML_SEQUENCE ? scope->first : scope;

	tc_text_add_words(text, " and (", scope);
	for (const struct tc_yaml *node = first; node;
	     node = scope->kind == TC_YAML_SEQUENCE ? node->next : NULL) {
		tc_text_add_words(text, node == first ? "" : " or ", node);
		add_one(text, node);
	}
	tc_text_add_words(text, ")", scope);
}
