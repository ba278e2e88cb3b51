/* SPDX-License-Identifier: Apache-2.0 */
/* Fields in words, for lists of them. */
#ifndef TOCSIN_AGENT_CMD_FIELDS_H
#define TOCSIN_AGENT_CMD_FIELDS_H

#include "agent/buffer.h"
#include "agent/schema.h"

/* The fields in the order of their names, NULL behind the last; NULL when memory is out. Heap
 * memory. */
const struct tc_field **tc_fields_sorted(void);
/* The type as a rule writer sees it. */
const char *tc_field_type_name(const struct tc_field *field);
/* How the field is written: its name, with the index that it may have. */
void tc_field_add_name(struct tc_buffer *text, const struct tc_field *field);
/* The events that have the field, in the fewest words. */
void tc_field_add_where(struct tc_buffer *text, uint64_t kinds);

#endif
