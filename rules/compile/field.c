/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/field.h"

#include <errno.h>
#include <string.h>

#include "agent/nearest.h"
#include "rules/compile/operand.h"
#include "rules/language/words.h"

#define INDEX_MAX 65535

/*
 * Whether a field is to come: its name is known, or that of a family which it belongs to. But where
 * the rest of the name is near one that there is, it is a slip of the pen.
 */
static bool is_to_come(const char *name, size_t length, const char *near)
{
	size_t family = tc_field_later_family(name, length);
	struct tc_nearest rest = {.word = name + family, .length = length - family};

	if (tc_field_is_later(name, length))
		return true;
	if (!family)
		return false;
	if (near && !strncmp(near, name, family))
		tc_nearest_offer(&rest, near + family);
	return !rest.best;
}

static int report_unknown(const char *name, struct tc_where where,
			  struct tc_diagnostics *diagnostics)
{
	size_t length = strlen(name);
	/* It is looked for where it can be told: that takes time. */
	bool told = diagnostics->count < TC_DIAGNOSTICS_LIMIT;
	const char *near = told ? tc_field_nearest(name, length) : NULL;
	struct tc_diagnostic *found;

	if (is_to_come(name, length, near)) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_NOT_YET, where,
				"field `%s` is not available yet", name);
		return -EINVAL;
	}
	found = tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_UNKNOWN, where,
				"unknown field `%s`", name);
	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
	return -EINVAL;
}

/* Numbers of ancestors make no list that could stand for all of them. */
static bool needs_index(const struct tc_field *field)
{
	return field->flags & TC_FIELD_INDEXED && !(field->flags & TC_FIELD_ANY) &&
	       field->type != TC_TYPE_LIST;
}

static int report_no_index(const struct tc_field *field, struct tc_where where,
			   struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found = tc_where_report(
		diagnostics, TC_DIAGNOSTIC_FIELD_INDEX, where,
		"field `%s` needs an index: it has no value for all at once", field->name);

	tc_diagnostic_hint(found, "`%s[1]` is that of the parent", field->name);
	return -EINVAL;
}

int tc_field_resolve(const char *name, const char *argument, struct tc_where where,
		     struct tc_diagnostics *diagnostics, const struct tc_field **ret_field,
		     int *ret_index)
{
	const struct tc_field *field = tc_field_by_name(name, strlen(name));
	uint64_t index;

	if (!field)
		return report_unknown(name, where, diagnostics);
	if (argument && !(field->flags & TC_FIELD_INDEXED)) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_INDEX, where,
				"field `%s` takes no index", name);
		return -EINVAL;
	}
	if (argument && (tc_number_parse(argument, TC_TYPE_UINT, &index) || index > INDEX_MAX)) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_INDEX, where,
				"`%s` is no index: a number from 0 to %d", argument, INDEX_MAX);
		return -EINVAL;
	}
	if (!argument && needs_index(field))
		return report_no_index(field, where, diagnostics);
	*ret_field = field;
	*ret_index = argument ? (int)index : -1;
	return 0;
}

enum tc_type tc_field_type(const struct tc_field *field, int index)
{
	if (index >= 0 && field->type == TC_TYPE_LIST)
		return TC_TYPE_STRING;
	/* proc.aname and the like: without a number the value is the list of all. */
	if (index < 0 && field->type == TC_TYPE_STRING && field->flags & TC_FIELD_ANY)
		return TC_TYPE_LIST;
	return field->type;
}
