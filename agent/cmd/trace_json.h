/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of a recording as JSON Lines, and back: docs/recording.md has the form.
 *
 * What a line says is what the entry has: an entry that another one would have the same words for
 * is written as its bytes.
 */
#ifndef TOCSIN_CMD_TRACE_JSON_H
#define TOCSIN_CMD_TRACE_JSON_H

#include "recording/recording.h"

/* Appends a line, with its newline. own_layout: whether records lie as in this version; otherwise
 * they are written as bytes. */
void trace_json_header(const struct tc_named_list *header, struct tc_buffer *line);
void trace_json_entry(const struct tc_entry *entry, bool own_layout, struct tc_buffer *line);

/* The type of an entry that is the header. */
#define TRACE_HEADER 0

/*
 * Reads a line. The entry's bytes are put into body, which is emptied before. 0; -EINVAL when it is
 * no such line, with the reason; -ENOMEM.
 */
int trace_json_read(const char *line, size_t length, uint16_t *ret_type, struct tc_buffer *body,
		    char ret_reason[128]);

#endif
