/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/field.h"

#include <errno.h>
#include <string.h>

#include "agent/bracket.h"
#include "agent/nearest.h"
#include "rules/compile/operand.h"
#include "rules/language/words.h"

#define INDEX_MAX (TC_BRACKET_FIRST - 1)

/* Whether a name, which begins as a family of fields does, is a slip of the pen for near. */
static bool is_slip(const char *name, size_t length, size_t family, const char *near)
{
	struct tc_nearest rest = {.word = name + family, .length = length - family};

	if (near && !strncmp(near, name, family))
		tc_nearest_offer(&rest, near + family);
	return rest.best;
}

/* The nearest field to a wrong name. It is looked for where it can be told: that takes time. */
static const char *nearest(const char *name, size_t length,
			   const struct tc_diagnostics *diagnostics)
{
	return diagnostics->count < TC_DIAGNOSTICS_LIMIT ? tc_field_nearest(name, length) : NULL;
}

static int report_unknown(const char *name, struct tc_where where,
			  struct tc_diagnostics *diagnostics)
{
	const char *near = nearest(name, strlen(name), diagnostics);
	struct tc_diagnostic *found = tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_UNKNOWN,
						      where, "unknown field `%s`", name);

	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
	return -EINVAL;
}

static int report_either(const struct tc_either *either, struct tc_where where,
			 struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found = tc_where_report(
		diagnostics, TC_DIAGNOSTIC_FIELD_EITHER, where,
		"`%s` stands for either end, and has no value of its own", either->name);

	tc_diagnostic_hint(found, "name one: `%s` or `%s`", either->one, either->other);
	return -EINVAL;
}

/* The field of a name; or the family, of fields that never have a value, that it belongs to. */
static const struct tc_field *find(const char *name, const struct tc_diagnostics *diagnostics)
{
	size_t length = strlen(name);
	const struct tc_field *field = tc_field_by_name(name, length);

	if (field)
		return tc_field_is_family(field) ? NULL : field;
	field = tc_field_family(name, length);
	if (!field ||
	    is_slip(name, length, strlen(field->name), nearest(name, length, diagnostics)))
		return NULL;
	return field;
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

	if (field->flags & TC_FIELD_NAMED)
		tc_diagnostic_hint(found, "in brackets stands a number or a text: `%s[0]`",
				   field->name);
	else
		tc_diagnostic_hint(found, "`%s[1]` is that of the parent", field->name);
	return -EINVAL;
}

static int resolve_text(const char *text, struct tc_where where, struct tc_diagnostics *diagnostics,
			int *ret_index)
{
	int index = tc_bracket_index(text);

	if (index == -ENOSPC) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_INDEX, where,
				"more than %d different texts in brackets", TC_BRACKETS_MAX);
		return -EINVAL;
	}
	if (index < 0)
		return index;
	*ret_index = index;
	return 0;
}

int tc_field_resolve(const char *name, const char *argument, struct tc_where where,
		     struct tc_diagnostics *diagnostics, const struct tc_field **ret_field,
		     int *ret_index)
{
	const struct tc_either *either = tc_either_by_name(name);
	const struct tc_field *field = find(name, diagnostics);
	uint64_t index;

	if (either)
		return report_either(either, where, diagnostics);
	if (!field)
		return report_unknown(name, where, diagnostics);
	if (!field->kinds) {
		tc_diagnostic_hint(tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_NEVER, where,
						   "field `%s` never has a value", name),
				   "%s", field->doc);
		*ret_field = field;
		*ret_index = -1;
		return 0;
	}
	if (tc_field_old(name))
		tc_diagnostic_hint(tc_where_report(diagnostics, TC_DIAGNOSTIC_DEPRECATED, where,
						   "field `%s` is deprecated", name),
				   "%s", tc_field_old(name));
	if (argument && !(field->flags & TC_FIELD_INDEXED)) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_INDEX, where,
				"field `%s` takes no index", name);
		return -EINVAL;
	}
	if (argument && (tc_number_parse(argument, TC_TYPE_UINT, &index) || index > INDEX_MAX)) {
		if (field->flags & TC_FIELD_NAMED) {
			*ret_field = field;
			return resolve_text(argument, where, diagnostics, ret_index);
		}
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
