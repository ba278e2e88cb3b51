/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schemas (draft 7) of the files that people write, so that editors complete and check them.
 */
#ifndef TOCSIN_CMD_SCHEMAS_H
#define TOCSIN_CMD_SCHEMAS_H

#include "agent/buffer.h"

/* Appends the schema of `rules` or `tests`. False when there is none of that name. */
bool tc_schema_write(const char *name, struct tc_buffer *text);

#endif
