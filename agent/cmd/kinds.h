/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of kinds of events, as subcommands print them. */
#ifndef TOCSIN_CMD_KINDS_H
#define TOCSIN_CMD_KINDS_H

#include <stdint.h>

#include "output/format/json_writer.h"

/* Appends their names. */
void tc_kinds_add(struct tc_buffer *text, uint64_t kinds, const char *separator);
/* Appends an array of their names. */
void tc_kinds_json(struct tc_json *json, uint64_t kinds);

#endif
