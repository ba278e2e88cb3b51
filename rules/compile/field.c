/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/field.h"

#include <errno.h>
#include <string.h>

#include "rules/compile/operand.h"
#include "rules/language/words.h"

#define INDEX_MAX 65535

static int report_unknown(const char *name, struct tc_where where,
			  struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found;
	const char *near;

	if (tc_field_is_later(name, strlen(name))) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_NOT_YET, where,
				"field `%s` is not available yet", name);
		return -EINVAL;
	}
	found = tc_where_report(diagnostics, TC_DIAGNOSTIC_FIELD_UNKNOWN, where,
				"unknown field `%s`", name);
	near = found ? tc_field_nearest(name, strlen(name)) : NULL;
	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
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
