/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of kinds of events, as subcommands print them. */
#ifndef TOCSIN_CMD_KINDS_H
#define TOCSIN_CMD_KINDS_H

#include <stdint.h>

#include "output/format/json_writer.h"

/*
 * Reads names of kinds with commas or blanks between them: all of them, but for those with a minus
 * before them; `all` is each kind. 0; -EINVAL, and *ret_wrong is the first word that names none.
 */
int tc_kinds_parse(const char *words, uint64_t *ret_kinds, char ret_wrong[64]);
/* Appends their names. */
void tc_kinds_add(struct tc_buffer *text, uint64_t kinds, const char *separator);
/* Appends an array of their names. */
void tc_kinds_json(struct tc_json *json, uint64_t kinds);

#endif
