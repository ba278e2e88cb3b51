/* SPDX-License-Identifier: Apache-2.0 */
/* Names of fields, as conditions and outputs write them. */
#ifndef TOCSIN_RULES_COMPILE_FIELD_H
#define TOCSIN_RULES_COMPILE_FIELD_H

#include "agent/schema.h"
#include "rules/language/yaml.h"

/*
 * Finds a field; argument is what is in brackets behind it, or NULL. 0 with its index, -1 without;
 * -EINVAL, which was told at where.
 */
int tc_field_resolve(const char *name, const char *argument, struct tc_where where,
		     struct tc_diagnostics *diagnostics, const struct tc_field **ret_field,
		     int *ret_index);

/* The type of a field's value with this index. */
enum tc_type tc_field_type(const struct tc_field *field, int index);

#endif
