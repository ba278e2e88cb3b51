/* SPDX-License-Identifier: Apache-2.0 */
#include "output/route.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/nearest.h"
#include "agent/schema.h"
#include "output/format/json_writer.h"

/* Longest part of a list. */
#define PART_MAX 511

/* The next part of a list joined by |; *list moves on. False at the end. */
static bool next_part(const char **list, const char **ret_part, size_t *ret_length)
{
	if (!*list)
		return false;
	*ret_part = *list;
	*ret_length = strcspn(*list, "|");
	*list += *ret_length;
	*list = **list ? *list + 1 : NULL;
	return true;
}

static bool is_in(const char *list, const char *word, size_t word_length)
{
	const char *part;
	size_t length;

	while (next_part(&list, &part, &length))
		if (length == word_length && memcmp(part, word, length) == 0)
			return true;
	return false;
}

/* --- reading --- */

static int wrong(const char *output, const char *key, const char *value, const char *right)
{
	tc_error("output %s: %s=%s: %s", output, key, value, right);
	return -EINVAL;
}

static int read_priority(const char *output, const char *value, struct tc_route *route)
{
	_cleanup_buffer_ struct tc_buffer right = {0};

	route->floor = TC_PRIORITY_DEBUG;
	if (!value || tc_priority_parse(value, &route->floor) == 0)
		return 0;
	tc_buffer_add_string(&right, "it must be one of:");
	for (unsigned i = 0; i < TC_PRIORITY_MAX; i++)
		tc_buffer_printf(&right, " %s", tc_priority_name(i));
	return wrong(output, "priority", value, right.bytes ? right.bytes : "");
}

static bool is_kind(const char *word, size_t length)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (info && strlen(info->name) == length && memcmp(info->name, word, length) == 0)
			return true;
	}
	return false;
}

static int check_kinds(const char *output, const char *list)
{
	const char *rest = list, *part;
	size_t length;

	while (next_part(&rest, &part, &length)) {
		struct tc_nearest nearest = {.word = part, .length = length};

		if (is_kind(part, length))
			continue;
		for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
			if (tc_kind_info(kind))
				tc_nearest_offer(&nearest, tc_kind_info(kind)->name);
		if (nearest.best)
			tc_error("output %s: kinds=%s: there is no kind %.*s (did you mean %s?)",
				 output, list, (int)length, part, nearest.best);
		else
			tc_error("output %s: kinds=%s: there is no kind `%.*s`; `tocsin fields` "
				 "lists them",
				 output, list, (int)length, part);
		return -EINVAL;
	}
	return 0;
}

/* No part of it may be empty: that matches nothing, and is a slip. */
static int read_list(const char *output, const char *key, const char *value, char **ret_list)
{
	const char *rest = value, *part;
	size_t length;

	while (next_part(&rest, &part, &length)) {
		if (!length || (length == 1 && *part == '!'))
			return wrong(output, key, value, "a part of it, between | and |, is empty");
		if (length > PART_MAX)
			return wrong(output, key, value,
				     "a part of it, between | and |, is too long");
	}
	*ret_list = value ? strdup(value) : NULL;
	return value && !*ret_list ? -ENOMEM : 0;
}

/* Tags are looked for in JSON: as they stand there. */
static int escape_tags(struct tc_route *route)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &text};
	char *escaped;

	if (!route->tags)
		return 0;
	tc_json_string(&json, route->tags);
	escaped = tc_buffer_failed(&text) ? NULL : strndup(text.bytes + 1, text.length - 2);
	if (!escaped)
		return -ENOMEM;
	free(route->tags);
	route->tags = escaped;
	return 0;
}

int tc_route_read(const char *output, const struct tc_output_settings *settings,
		  struct tc_route *route)
{
	const char *notices = tc_output_setting(settings, "notices");
	int error = read_priority(output, tc_output_setting(settings, "priority"), route);

	route->notices = !notices || strcmp(notices, "yes") == 0;
	if (!error)
		error = read_list(output, "tags", tc_output_setting(settings, "tags"),
				  &route->tags);
	if (!error)
		error = escape_tags(route);
	if (!error)
		error = read_list(output, "rules", tc_output_setting(settings, "rules"),
				  &route->rules);
	if (!error)
		error = read_list(output, "kinds", tc_output_setting(settings, "kinds"),
				  &route->kinds);
	if (!error)
		error = check_kinds(output, route->kinds);
	return error;
}

void tc_route_done(struct tc_route *route)
{
	free(route->tags);
	free(route->rules);
	free(route->kinds);
}

/* --- judging --- */

/*
 * The journal's JSON has the tags of the rule that matched then, whatever its file says now. Within
 * a JSON string a quote has a backslash before it: these bytes are the key, wherever they stand.
 */
static bool has_tag(const char *json, const char *tags)
{
	static const char key[] = "\"tags\":[";
	const char *at = json ? strstr(json, key) : NULL;

	for (at = at ? at + strlen(key) : ""; *at == '"'; at += *at == ',') {
		const char *start = ++at;

		while (*at && *at != '"')
			at += *at == '\\' && at[1] ? 2 : 1;
		if (is_in(tags, start, (size_t)(at - start)))
			return true;
		at += *at == '"';
	}
	return false;
}

static bool rule_matches(const char *globs, const char *rule)
{
	bool wanted = false, asked = false;
	const char *part;
	size_t length;

	while (next_part(&globs, &part, &length)) {
		bool away = *part == '!';
		char glob[PART_MAX + 1];

		snprintf(glob, sizeof(glob), "%.*s", (int)(length - away), part + away);
		bool match = fnmatch(glob, rule, FNM_NOESCAPE) == 0;
		if (away && match)
			return false;
		asked |= !away;
		wanted |= !away && match;
	}
	return wanted || !asked;
}

bool tc_route_takes(const struct tc_route *route, const struct tc_journal_row *row)
{
	if (route->kinds && !is_in(route->kinds, row->kind, strlen(row->kind)))
		return false;
	if (!row->rule)
		return route->notices;
	if (row->priority > route->floor)
		return false;
	if (route->rules && !rule_matches(route->rules, row->rule))
		return false;
	return !route->tags || has_tag(row->json, route->tags);
}
