/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "agent/cmd/query_print.h"
#include "agent/enrich/cgroup.h"
#include "output/format/colour.h"
#include "output/format/json_writer.h"
#include "output/format/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Bytes of a value that is made here; others are texts of the row. */
#define VALUE_BYTES 32

/* The value of a row, NULL for none; room may be used for it. */
typedef const char *(*value_of)(const struct tc_journal_row *row, char *room, size_t *ret_length);

static const char *whole(const char *text, size_t *ret_length)
{
	*ret_length = text ? strlen(text) : 0;
	return text;
}

static const char *rule_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(row->rule, ret_length);
}

static const char *priority_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(tc_priority_name(row->priority), ret_length);
}

static const char *kind_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(row->kind, ret_length);
}

static const char *cgroup_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(row->cgroup_path, ret_length);
}

static const char *unit_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	struct tc_cgroup_part unit = {0};

	if (row->cgroup_path)
		unit = tc_cgroup_path_unit(row->cgroup_path, strlen(row->cgroup_path));
	*ret_length = unit.length;
	return unit.length ? row->cgroup_path + unit.offset : NULL;
}

static const char *container_of_row(const struct tc_journal_row *row, char *room,
				    size_t *ret_length)
{
	return whole(row->container_id, ret_length);
}

static const char *process_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(row->comm, ret_length);
}

static const char *exe_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	return whole(row->exe, ret_length);
}

static const char *pid_of(const struct tc_journal_row *row, char *room, size_t *ret_length)
{
	snprintf(room, VALUE_BYTES, "%u", row->pid);
	return whole(row->has_pid ? room : NULL, ret_length);
}

static const struct grouping {
	const char *name, *title;
	value_of value;
} groupings[] = {
	{"rule", "RULE", rule_of},
	{"priority", "PRIORITY", priority_of},
	{"kind", "KIND", kind_of},
	{"cgroup", "CGROUP", cgroup_of},
	{"unit", "UNIT", unit_of},
	{"container", "CONTAINER", container_of_row},
	{"process", "PROCESS", process_of},
	{"exe", "EXE", exe_of},
	{"pid", "PID", pid_of},
};

struct group {
	UT_hash_handle hh;
	uint64_t count;
	bool has_value;
	char value[]; /* NUL-terminated */
};

struct query_groups {
	const struct grouping *by;
	struct group *groups;
	struct group *none; /* of the rows that have no value; NULL while there is none */
};

struct query_groups *query_groups_new(const char *by)
{
	struct query_groups *groups;

	errno = 0;
	for (size_t i = 0; i < COUNT(groupings); i++) {
		if (strcmp(groupings[i].name, by) != 0)
			continue;
		groups = calloc(1, sizeof(*groups));
		if (groups)
			groups->by = &groupings[i];
		return groups;
	}
	return NULL;
}

void query_groups_list(struct tc_buffer *text)
{
	for (size_t i = 0; i < COUNT(groupings); i++)
		tc_buffer_printf(text, "%s%s", i ? ", " : "", groupings[i].name);
}

static struct group *group_new(const char *value, size_t length)
{
	struct group *group = calloc(1, sizeof(*group) + length + 1);

	if (!group)
		return NULL;
	group->has_value = value != NULL;
	if (value)
		memcpy(group->value, value, length);
	return group;
}

static struct group *group_of(struct query_groups *groups, const char *value, size_t length)
{
	struct group *group = groups->none;

	if (value)
		HASH_FIND(hh, groups->groups, value, length, group);
	if (group)
		return group;
	group = group_new(value, length);
	if (!group)
		return NULL;
	if (value)
		HASH_ADD_KEYPTR(hh, groups->groups, group->value, length, group);
	else
		groups->none = group;
	return group;
}

int query_groups_add(struct query_groups *groups, const struct tc_journal_row *row)
{
	char room[VALUE_BYTES];
	size_t length;
	const char *value = groups->by->value(row, room, &length);
	struct group *group = group_of(groups, value, length);

	if (!group)
		return -ENOMEM;
	group->count++;
	return 0;
}

static int compare(const struct group *a, const struct group *b)
{
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->value, b->value);
}

static void print_json(const struct query_groups *groups, const struct group *group,
		       struct tc_buffer *line)
{
	_cleanup_json_ struct tc_json json = {.buffer = line};

	tc_buffer_reset(line);
	tc_json_object_begin(&json);
	tc_json_key(&json, groups->by->name);
	if (group->has_value)
		tc_json_text(&json, group->value, strlen(group->value));
	else
		tc_json_null(&json);
	tc_json_key(&json, "count");
	tc_json_uint(&json, group->count);
	tc_json_object_end(&json);
	tc_buffer_add_char(line, '\n');
	if (!tc_buffer_failed(line))
		fwrite(line->bytes, 1, line->length, stdout);
}

static void print_row(struct tc_table *table, const struct group *group)
{
	char count[24];
	const char *cells[] = {count, group->has_value ? group->value : NULL};

	snprintf(count, sizeof(count), "%llu", (unsigned long long)group->count);
	tc_table_row(table, cells, "", -1);
}

int query_groups_print(struct query_groups *groups, bool json)
{
	const struct tc_table_column columns[] = {{"COUNT", 10, 10, false},
						  {groups->by->title, 20, 20, false}};
	_cleanup_buffer_ struct tc_buffer line = {0};
	struct tc_table table;

	HASH_SORT(groups->groups, compare);
	tc_table_init(&table, stdout, columns, COUNT(columns), 0, tc_colour_wanted(STDOUT_FILENO));
	for (const struct group *group = groups->groups; group; group = group->hh.next) {
		if (json)
			print_json(groups, group, &line);
		else
			print_row(&table, group);
	}
	if (groups->none && json)
		print_json(groups, groups->none, &line);
	else if (groups->none)
		print_row(&table, groups->none);
	tc_table_done(&table);
	return tc_buffer_failed(&line) ? -ENOMEM : 0;
}

void query_groups_free(struct query_groups *groups)
{
	struct group *group, *next;

	if (!groups)
		return;
	HASH_ITER (hh, groups->groups, group, next) {
		HASH_DEL(groups->groups, group);
		free(group);
	}
	free(groups->none);
	free(groups);
}
